"""Shares, commission, shipping and withdrawals on the deployed stack, over HTTP only."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests

from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, Shopper, Withdrawal, wait_until
from infra.local.stack import Stack
from tests.e2e.conftest import Members

pytestmark = pytest.mark.e2e

TEMPLATE_ID = "a-template-of-ours"
EARNED_FEN = 1995
"""Half of the solo price of 39.90 yuan."""


@pytest.fixture(scope="module", autouse=True)
def _plan(stack: Stack) -> Iterator[None]:
    """Uplines earn half, a second after receipt; larger withdrawals wait for an operator."""
    notice = {"template_id": TEMPLATE_ID, "fields": {"amount1": "amount", "thing2": "title"}}
    stack.admin(
        "put_settings",
        commission={"rates_bp": [5000], "cap_bp": 5000, "freeze_seconds": 1},
        withdrawal={"review_above_fen": 1000},
        notices={"commission_earned": notice},
    )
    yield
    stack.admin("put_settings", commission={"rates_bp": [0]})


def earned(stack: Stack, member: Members) -> Shopper:
    """A member with so much to take out, because of a friend's order."""
    upline, friend = member(), member()
    friend.visits(upline.shares("home")["share_code"])
    order = friend.buys().pays()
    order.waits_for("to_ship")
    stack.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no="SF1")
    order.is_received().expect(200, "receipt")
    wait_until(partial(available_fen, stack, upline), EARNED_FEN, "the commission")
    return upline


def available_fen(stack: Stack, member: Shopper) -> Any:
    stack.admin("sweep")
    return member.wallet()["available_fen"]


def status(withdrawal: Withdrawal) -> Any:
    return withdrawal.now()["status"]


def test_a_commission_is_earned_released_and_taken_out(
    stack: Stack, member: Members, wechat: SandboxControl
) -> None:
    upline = earned(stack, member)
    before = wechat.totals()["transferred_fen"]

    withdrawal = upline.withdraws(1000)
    withdrawal.waits_for("confirming")
    withdrawal.confirms()
    withdrawal.waits_for("paid")

    assert wechat.totals()["transferred_fen"] >= before + 1000
    assert upline.wallet() == {
        "pending_fen": 0,
        "available_fen": EARNED_FEN - 1000,
        "withdrawing_fen": 0,
        "withdrawn_fen": 1000,
        "debt_fen": 0,
    }
    codes = [item["code"] for item in upline.send("GET", "/v1/wallet/transfers")["items"]]
    assert codes == ["withdrawal", "withdrawal", "commission", "commission"]
    board = upline.send("GET", "/v1/leaderboard?period=week").expect(200, "the board")
    assert board["items"][0]["rank"] == 1


def test_an_operator_decides_in_the_console_by_an_item_of_their_own(
    stack: Stack, member: Members
) -> None:
    upline = earned(stack, member)
    withdrawal = upline.withdraws(1500)
    assert status(withdrawal) == "reviewing"

    stack.client("dynamodb").put_item(
        TableName=stack.table_name("withdrawals"),
        Item={
            "withdrawal_id": {"S": withdrawal.withdrawal_id},
            "kind": {"S": "decision"},
            "decision": {"S": "approve"},
            "operator": {"S": "Mei"},
            "reason": {"S": "known to us"},
        },
    )

    withdrawal.waits_for("confirming")
    withdrawal.confirms()
    withdrawal.waits_for("paid")


def test_a_shipment_is_told_to_wechat_and_receipt_is_taken_from_its_messages(
    stack: Stack, member: Members, wechat: SandboxControl
) -> None:
    order: Purchase = member().buys().pays()
    order.waits_for("to_ship")
    stack.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no="SF2")

    wait_until(lambda: len(wechat.shipments(order.order_id)), 1, "WeChat to know of the shipment")
    wechat.tell(order.order_id, "confirm_receive")

    order.waits_for("received")


@pytest.mark.parametrize("accept", ["*/*", "image/png", "application/json"])
def test_a_share_s_picture_arrives_as_bytes_whatever_is_accepted(
    stack: Stack, member: Members, accept: str
) -> None:
    code = member().shares("home")["share_code"]
    url = f"{stack.endpoints.api_url}/v1/shares/{code}/qrcode"

    answer = requests.get(url, headers={"Accept": accept}, timeout=30)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("image/")
    assert answer.content.startswith((b"\x89PNG", b"\xff\xd8"))


def test_whoever_subscribed_is_told_once_that_they_have_earned(
    stack: Stack, member: Members, wechat: SandboxControl
) -> None:
    upline, friend = member(), member()
    upline.send("POST", "/v1/me/subscriptions", {"results": {TEMPLATE_ID: "accept"}}).expect(
        200, "subscribing"
    )
    wechat.subscribe(upline.name, TEMPLATE_ID)
    friend.visits(upline.shares("home")["share_code"])
    order = friend.buys().pays()
    order.waits_for("to_ship")
    stack.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no="SF3")
    order.is_received().expect(200, "receipt")
    wait_until(partial(available_fen, stack, upline), EARNED_FEN, "the commission")

    wait_until(lambda: len(wechat.notices(upline.name)), 1, "one notice")
    stack.admin("sweep")
    assert len(wechat.notices(upline.name)) == 1
