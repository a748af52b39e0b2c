"""Reporting what `wx.requestSubscribeMessage` answered: what counts, what is bounded, what is
refused.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.catalog.put_settings import put_settings
from chalicelib.kit.writes import WriteSet
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.settings import Environment
from chalicelib.wiring import Wiring
from tests.fakes import NOON, FakeClock
from tests.in_process import APP_ID, Browser, Seen, everything, just_before, token_for

PATH = "/v1/me/subscriptions"
REFUND_PAID = {"template_id": "refund-1", "fields": {"amount1": "amount"}}

Report = Callable[..., Seen]


@pytest.fixture
def environment() -> Environment:
    return Environment(wechat_app_id=APP_ID, subscribe_template_ids="shipped-1, news-1")


@pytest.fixture
def report(wired: Wiring, clock: FakeClock) -> Report:
    """A member reports results by template."""
    put_settings({"notices": {"refund_paid": REFUND_PAID}})
    joins("mem_1")
    browser, token = Browser(), token_for("mem_1", clock)

    def send(**results: Any) -> Seen:
        by_template = {name.replace("_", "-"): result for name, result in results.items()}
        return browser.send("POST", PATH, {"results": by_template}, token=token)

    return send


def joins(member_id: str) -> None:
    writes = WriteSet()
    members.create(writes, Member(member_id, created_at=NOON, identities={APP_ID: "openid-lin"}))
    writes.commit()


def test_each_acceptance_is_good_for_one_message(report: Report) -> None:
    assert report(refund_1="accept").content == {"quotas": {"refund-1": 1}}
    assert report(refund_1="acceptWithAudio", news_1="accept").content == {
        "quotas": {"refund-1": 2, "news-1": 1}
    }


@pytest.mark.parametrize("result", ["reject", "ban", "filter"])
def test_any_other_answer_leaves_what_was_accepted_before(report: Report, result: str) -> None:
    report(refund_1="accept")
    before = everything()

    seen = report(refund_1=result, shipped_1=result)

    assert seen.content == {"quotas": {"refund-1": 1, "shipped-1": 0}}
    assert everything() == before


def test_no_more_than_a_hundred_are_kept(report: Report) -> None:
    seen = [report(refund_1="accept") for _ in range(101)]

    assert seen[-1].content == {"quotas": {"refund-1": 100}}


def test_two_reports_at_once_both_count(report: Report) -> None:
    with just_before("TransactWriteItems", lambda: report(refund_1="accept")):
        seen = report(refund_1="accept")

    assert seen.content == {"quotas": {"refund-1": 2}}


@pytest.mark.parametrize(
    ("results", "fields"),
    [
        ({"unknown-1": "accept"}, ["results.unknown-1"]),
        ({"refund-1": "accept", "unknown-1": "reject"}, ["results.unknown-1"]),
        ({"refund-1": "yes"}, ["results.refund-1"]),
        ({"refund-1": 1}, ["results.refund-1"]),
        ({}, ["results"]),
        ({f"refund-{number}": "accept" for number in range(11)}, ["results"]),
        ([], ["results"]),
    ],
)
def test_what_is_not_the_shop_s_is_refused_whole(
    report: Report, clock: FakeClock, results: Any, fields: list[str]
) -> None:
    before = everything()

    seen = Browser().send("POST", PATH, {"results": results}, token=token_for("mem_1", clock))

    assert (seen.status, seen.code, seen.fields) == (422, "invalid_request", fields)
    assert everything() == before


def test_nobody_who_has_left_or_is_leaving_subscribes(report: Report, clock: FakeClock) -> None:
    standing.mark_leaving("mem_1", NOON)
    before = everything()

    assert report(refund_1="accept").code == "not_signed_in"
    ghost = Browser().send(
        "POST", PATH, {"results": {"refund-1": "accept"}}, token=token_for("mem_9", clock)
    )
    assert (ghost.status, ghost.code) == (401, "not_signed_in")
    assert everything() == before


def test_the_config_names_every_template_once(report: Report, clock: FakeClock) -> None:
    put_settings(
        {
            "notices": {
                "group_failed": {"template_id": "news-1", "fields": {"thing1": "title"}},
                "group_complete": REFUND_PAID,
            }
        }
    )

    assert Browser().get("/v1/config").content["subscribe_template_ids"] == [
        "shipped-1",
        "news-1",
        "refund-1",
    ]
