"""Payers complain: what the merchant is told, where, and for how long."""

from typing import Any

import pytest

from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import Clock, Inbox, Merchant

URL = "https://shop.test/v1/wechat/complaints"


def complains(merchant: Merchant, **body: Any) -> Any:
    answer = merchant.control("POST", "complaints", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_a_complaint_is_told_as_its_number_and_what_happened(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    sandbox.configure(complaint_url=URL)

    told = complains(merchant)
    number = told["complaint_id"]
    more = complains(merchant, complaint_id=number, action="USER_RESPONSE")
    sandbox.pump()

    assert told == {
        "complaint_id": number,
        "action_type": "CREATE_COMPLAINT",
        "event_type": "COMPLAINT.CREATE",
    }
    assert len(number) == 27
    assert more == {
        "complaint_id": number,
        "action_type": "USER_RESPONSE",
        "event_type": "COMPLAINT.STATE_CHANGE",
    }
    assert inbox.event_types() == ["COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE"]
    assert [merchant.open(post) for post in inbox.posts] == [
        {"complaint_id": number, "action_type": action}
        for action in ("CREATE_COMPLAINT", "USER_RESPONSE")
    ]


def test_what_is_not_acknowledged_comes_again_for_days(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    sandbox.configure(complaint_url=URL)
    inbox.statuses = [500] * 12
    number = complains(merchant)["complaint_id"]
    assert sandbox.pump() == 1
    for seconds in (5, *(60,) * 10, 300):
        clock.advance(seconds=seconds - 1)
        assert sandbox.pump() == 0
        clock.advance(seconds=1)
        assert sandbox.pump() == 1
    clock.advance(days=7)
    assert sandbox.pump() == 0, "the last one was acknowledged"

    assert sandbox.replay(complaint_id=number) == 1
    assert sandbox.pump() == 1
    assert len({post.envelope["id"] for post in inbox.posts}) == 1
    (sent,) = sandbox.notifications(complaint_id=number)
    assert (sent["complaint_id"], sent["acknowledged"], len(sent["attempts"])) == (number, True, 14)


def test_without_an_address_there_is_nobody_to_tell(sandbox: Sandbox) -> None:
    with pytest.raises(ControlRefusal) as refused:
        sandbox.complain()
    assert (refused.value.status, refused.value.code) == (409, "no_complaint_url")


@pytest.mark.parametrize(
    "body",
    [{"action": "lower"}, {"complaint_id": ""}, {"why": "late"}, {"notify": {"corrupt": "amount"}}],
)
def test_what_makes_no_sense_is_refused(
    merchant: Merchant, sandbox: Sandbox, body: dict[str, Any]
) -> None:
    sandbox.configure(complaint_url=URL)

    answer = merchant.control("POST", "complaints", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
