"""A payer complains: a person is told once of each notification, and nothing else happens."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import pytest

from chalicelib.gateways.wechat_pay import ComplaintNotification, WechatPayOff
from chalicelib.orders.take_complaint import take_complaint
from tests.in_process import just_before
from tests.shop import Shop

CALLBACK = "/v1/wechat/complaints"


def complaints(shop: Shop) -> list[tuple[str, str]]:
    """What a person is told: the complaint's number, and what happened."""
    rows = shop.rows("findings", kind="complaint")
    assert all(set(row["facts"]) == {"action"} for row in rows)
    return sorted((row["about"], row["facts"]["action"]) for row in rows)


def test_a_complaint_is_told_once_however_often_wechat_says_it(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    before = order.now()

    number = shop.sandbox.complain(notify={"times": 3})["complaint_id"]
    shop.settles()
    told = shop.rows("findings")
    shop.advance(2 * 24 * 3600)
    shop.sandbox.replay(complaint_id=number, times=2)
    shop.settles()

    assert complaints(shop) == [(number, "CREATE_COMPLAINT")]
    assert shop.rows("findings") == told
    (sent,) = shop.sandbox.notifications(complaint_id=number)
    assert [attempt["status"] for attempt in sent["attempts"]] == [204] * 5
    assert {**order.now(), "server_time": None} == {**before, "server_time": None}
    shop.assert_books_balance()


def test_whatever_happens_to_a_complaint_is_told_apart(shop: Shop) -> None:
    number = shop.sandbox.complain()["complaint_id"]
    for action in ("USER_RESPONSE", "USER_RESPONSE", "MERCHANT_CONFIRM_COMPLETE"):
        shop.sandbox.complain(complaint_id=number, action=action)
    shop.settles()

    assert complaints(shop) == [
        (number, "CREATE_COMPLAINT"),
        (number, "MERCHANT_CONFIRM_COMPLETE"),
        (number, "USER_RESPONSE"),
        (number, "USER_RESPONSE"),
    ]
    listed = shop.admin("list_findings", kind="complaint")["items"]
    assert {one["about"] for one in listed} == {number}


@pytest.mark.parametrize("corrupt", ["signature", "signtest", "timestamp", "serial", "body", "key"])
def test_a_forged_complaint_is_told_to_nobody(shop: Shop, corrupt: str) -> None:
    shop.sandbox.complain(notify={"corrupt": corrupt})
    shop.sandbox.pump()

    assert shop.rows("findings") == []


def test_one_that_cannot_be_stored_comes_again(shop: Shop) -> None:
    number = shop.sandbox.complain()["complaint_id"]
    with shop.database_fails("PutItem"):
        shop.sandbox.pump()
    (sent,) = shop.sandbox.notifications(complaint_id=number)
    assert [attempt["status"] for attempt in sent["attempts"]] == [503]

    shop.passes(5)

    assert complaints(shop) == [(number, "CREATE_COMPLAINT")]


class Told(WechatPayOff):
    """WeChat tells of one complaint, whatever it sends."""

    def read_notification(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> ComplaintNotification:
        return ComplaintNotification("EV-1", "200201820200101", "CREATE_COMPLAINT")


def test_two_copies_at_one_moment_are_one_finding(shop: Shop) -> None:
    take = partial(take_complaint, {}, b"", clock=shop.clock, wechat_pay=Told(()))

    with just_before("UpdateItem", take):
        take()
    shop.advance(24 * 3600)
    take()

    assert complaints(shop) == [("200201820200101", "CREATE_COMPLAINT")]


def test_a_complaint_at_another_address_and_another_thing_at_this_one_are_unexpected(
    shop: Shop,
) -> None:
    shop.sandbox.configure(complaint_url="https://shop.test/v1/wechat/payments")
    shop.sandbox.complain()
    shop.sandbox.pump()
    shop.sandbox.notify_echo({"echo_message": "hello"}, f"https://shop.test{CALLBACK}")
    shop.sandbox.pump()

    found = shop.rows("findings")
    assert {row["kind"] for row in found} == {"unexpected_notification"}
    assert sorted(row["facts"]["at"] for row in found) == ["complaints", "payments"]
