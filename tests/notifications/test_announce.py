"""What announcing costs while there is nothing to announce with, and that it never raises."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.catalog.put_settings import put_settings
from chalicelib.catalog.recent_settings import recent_settings
from chalicelib.catalog.settings import NoticeKind
from chalicelib.kit import aws
from chalicelib.notifications.announce import NEWS, announce
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock, FakeWechatApi
from tests.in_process import APP_ID, everything


def tell(kind: NoticeKind, clock: FakeClock, wechat_api: FakeWechatApi) -> None:
    announce(kind, "nobody-knows-it", app_id=APP_ID, clock=clock, wechat_api=lambda: wechat_api)


@pytest.fixture
def reads(wired: Wiring) -> Iterator[list[dict[str, Any]]]:
    """What is read from now on."""
    asked: list[dict[str, Any]] = []
    events = aws.dynamodb().meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    events.register("before-parameter-build.dynamodb", note)
    yield asked
    events.unregister("before-parameter-build.dynamodb", note)


def test_every_kind_has_news() -> None:
    assert set(NEWS) == set(NoticeKind)


def test_without_a_template_only_the_settings_are_read_and_only_every_five_seconds(
    reads: list[dict[str, Any]], clock: FakeClock, wechat_api: FakeWechatApi
) -> None:
    for kind in NoticeKind:
        tell(kind, clock, wechat_api)
    assert [asked["TableName"] for asked in reads] == ["kaituan-test-catalog"]

    clock.advance(5)
    tell(NoticeKind.REFUND_PAID, clock, wechat_api)
    assert len(reads) == 2


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_subject_that_is_not_there_is_nothing_to_tell(
    wired: Wiring, clock: FakeClock, wechat_api: FakeWechatApi, kind: NoticeKind
) -> None:
    template = {"template_id": "t-1", "fields": {"thing1": "title"}}
    put_settings({"notices": {kind.value: template}})
    before = everything()

    tell(kind, clock, wechat_api)

    assert everything() == before
    assert wechat_api.notices == []


def test_settings_are_remembered_for_five_seconds(wired: Wiring, clock: FakeClock) -> None:
    assert recent_settings(clock=clock).template_ids == ()
    put_settings(
        {"notices": {"refund_paid": {"template_id": "t-1", "fields": {"thing1": "title"}}}}
    )

    clock.advance(4.9)
    assert recent_settings(clock=clock).template_ids == ()
    clock.advance(0.1)
    assert recent_settings(clock=clock).template_ids == ("t-1",)
