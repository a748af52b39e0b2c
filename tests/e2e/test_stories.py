"""Whole stories over HTTP, as clients, WeChat and operators see them."""

from collections.abc import Callable

import pytest

from infra.local.sandbox_control import CLOSE_PATH, PREPAY_PATH, SandboxControl
from infra.local.seed import SKU_ID
from infra.local.shopper import Purchase, wait_until
from infra.local.stack import Stack
from tests.e2e.conftest import CAMPAIGN_PRICE_FEN, Members, put_campaign

pytestmark = pytest.mark.e2e

ONE_DELIVERY_SECONDS = 5
HURRY_SECONDS = 6


def waits_until_over(order: Purchase) -> None:
    """Until the group's time is up."""

    def is_over() -> bool:
        group = order.shopper.group(order.group_id)
        return bool(group["server_time"] > group["expires_at"])

    wait_until(is_over, True, "the group's time over")


def units_available(order: Purchase) -> int:
    product = order.shopper.send("GET", "/v1/products/oranges")
    (sku,) = product["skus"]
    assert sku["sku_id"] == SKU_ID
    available: int = sku["available"]
    return available


def test_a_group_completes_and_its_orders_may_ship_at_once(
    stack: Stack, member: Members, record_property: Callable[[str, object], None]
) -> None:
    campaign_id = put_campaign(stack, "completes")
    leader = member().opens(campaign_id).pays(times=2)
    assert leader.amount_fen == CAMPAIGN_PRICE_FEN
    leader.waits_for("paid")
    orders = [leader, *(member().joins(leader.group_id) for _ in range(2))]
    for order in orders[1:]:
        order.pays(times=2)

    seconds = [order.waits_for("to_ship", within_seconds=ONE_DELIVERY_SECONDS) for order in orders]

    record_property("last payment to to_ship, seconds", round(sum(seconds), 2))
    group = leader.shopper.group(leader.group_id)
    assert (group["status"], group["paid_count"], group["joinable"]) == ("complete", 3, False)
    assert [member["is_leader"] for member in group["members"]] == [True, False, False]
    assert group["my_order_id"] == leader.order_id


def test_a_group_that_is_not_filled_is_refunded_whole_by_one_sweep(
    stack: Stack, wechat: SandboxControl, member: Members
) -> None:
    friends = [member() for _ in range(2)]
    campaign_id = put_campaign(stack, "fails", size=10, duration_seconds=HURRY_SECONDS)
    leader = member().opens(campaign_id).pays(times=2)
    leader.waits_for("paid")
    orders = [leader, *(friend.joins(leader.group_id).pays(times=2) for friend in friends)]
    for order in orders:
        order.waits_for("paid")
    waits_until_over(leader)

    stack.admin("sweep")

    for order in orders:
        order.waits_for("refunded")
        refund = order.now()["refunds"][0]
        assert (refund["status"], refund["amount_fen"]) == ("succeeded", order.amount_fen)
        assert len(wechat.refunds(order.order_id)) == 1
    assert leader.shopper.group(leader.group_id)["status"] == "failed"


def test_a_merchant_may_honour_a_group_that_was_not_filled(stack: Stack, member: Members) -> None:
    friend = member()
    rules = {"when_short": "honour", "minimum_payers": 2}
    campaign_id = put_campaign(
        stack, "honours", size=5, duration_seconds=HURRY_SECONDS, rules=rules
    )
    leader = member().opens(campaign_id).pays()
    leader.waits_for("paid")
    joined = friend.joins(leader.group_id).pays()
    joined.waits_for("paid")
    waits_until_over(leader)

    stack.admin("sweep")

    for order in (leader, joined):
        order.waits_for("to_ship", within_seconds=ONE_DELIVERY_SECONDS)
    assert leader.shopper.group(leader.group_id)["status"] == "complete"


def test_a_payment_that_meets_a_cancelled_order_goes_back_by_itself(
    wechat: SandboxControl, member: Members
) -> None:
    order = member().buys()
    before = units_available(order)
    wechat.fault(CLOSE_PATH.format(order.order_id), "close_ignored")
    assert order.cancels()["status"] == "cancelled"
    assert units_available(order) == before + 1

    order.pays(times=2)

    order.waits_for("refunded")
    (refund,) = order.now()["refunds"]
    assert (refund["amount_fen"], refund["reason"]) == (order.amount_fen, "订单已取消，自动退款")
    assert units_available(order) == before + 1


def test_an_order_stands_while_wechat_fails_after_the_work(
    wechat: SandboxControl, member: Members
) -> None:
    wechat.fault(PREPAY_PATH, "error_after")
    order = member().buys()
    assert (order.payment_state, order.payment) == ("unavailable", None)

    order.asks_to_pay_again().pays()

    order.waits_for("to_ship")


def test_a_whole_refund_before_shipping_goes_out_at_once(member: Members) -> None:
    order = member().buys(quantity=2).pays()
    order.waits_for("to_ship")
    before = units_available(order)

    asked = order.asks_refund(key="the-one-refund")
    again = order.asks_refund(key="the-one-refund")

    assert (asked.status, asked["status"], asked["ends_order"]) == (201, "requested", True)
    assert again["refund_id"] == asked["refund_id"]
    order.waits_for("refunded")
    assert units_available(order) == before + 2
    assert order.now()["refunded_fen"] == order.amount_fen


def test_a_part_waits_for_an_operator(stack: Stack, member: Members) -> None:
    order = member().buys().pays()
    order.waits_for("to_ship")
    asked = order.asks_refund(amount_fen=500)
    assert asked["status"] == "awaiting_operator"

    stack.admin("decide_refund", refund_id=asked["refund_id"], decision="approve")

    order.waits_for_refunds("succeeded")
    assert (order.status, order.now()["refunded_fen"]) == ("to_ship", 500)


def test_a_paid_order_whose_notification_is_lost_is_found_by_asking(member: Members) -> None:
    order = member().buys().pays(times=0)
    path = f"/v1/orders/{order.order_id}/payment-check"
    assert order.shopper.send("POST", path)["status"] == "to_ship"
