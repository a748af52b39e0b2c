"""Stories of groups that were not filled and complete all the same (凑不满也发货): only real payers
count, and nobody is ever invented.
"""

from typing import Any

import pytest

from infra.local.sandbox_control import CLOSE_PATH
from tests.led import led
from tests.shop import Placed, Shop

NAMES = ("Lin", "Ann", "Bo", "Cy")
HONOUR: dict[str, Any] = {"when_short": "honour", "minimum_payers": 2}


def assert_nobody_is_invented(shop: Shop, *placed: Placed) -> None:
    """Every seat of the group is one of these orders, paid at WeChat, and seen as such."""
    group_id = placed[0].group_id
    seats = [row for row in shop.rows("groups", group_id=group_id) if row["kind"] != "group"]
    assert {row["order_id"] for row in seats} == {order.order_id for order in placed}
    assert {row["seat_state"] for row in seats} == {"paid"}
    assert {shop.sandbox.trade(order.order_id)["trade_state"] for order in placed} <= {
        "SUCCESS",
        "REFUND",
    }
    group = shop.group(group_id)
    assert (group["paid_count"], len(group["members"])) == (len(placed), len(placed))
    assert group["seats_left"] == group["size"] - len(placed)
    orders = shop.rows("orders", group_id=group_id)
    assert len([row for row in orders if row.get("transaction_id")]) == len(placed)


@pytest.mark.parametrize(
    ("heads", "becomes", "status"),
    [(1, "failed", "refunded"), (2, "complete", "to_ship"), (3, "complete", "to_ship")],
)
def test_it_is_honoured_from_exactly_its_minimum_of_payers(
    shop: Shop, heads: int, becomes: str, status: str
) -> None:
    placed = led(shop, HONOUR, *NAMES[:heads], size=5)
    assert shop.group(placed[0].group_id)["enough_count"] == 2

    shop.passes(3600)
    shop.passes(61)

    assert shop.group(placed[0].group_id)["status"] == becomes
    assert {order.status for order in placed} == {status}
    assert shop.sandbox.totals()["refunded_fen"] == (0 if becomes == "complete" else 1500)
    assert shop.units_left() == (100 - heads if becomes == "complete" else 100)
    assert_nobody_is_invented(shop, *placed)
    shop.assert_books_balance()


def test_without_a_minimum_a_leader_alone_is_honoured(shop: Shop) -> None:
    (lin,) = led(shop, {"when_short": "honour"}, "Lin", size=5)
    unpaid = shop.member("Bo").opens("led")

    shop.passes(3600)

    assert (lin.status, unpaid.status) == ("to_ship", "cancelled")
    assert shop.group(unpaid.group_id)["status"] == "abandoned"
    assert_nobody_is_invented(shop, lin)
    shop.assert_books_balance()


def test_enough_payers_still_wait_for_the_deadline_and_others_may_come(shop: Shop) -> None:
    lin, ann = led(shop, HONOUR, "Lin", "Ann", size=4)

    shop.passes(3599)
    assert (lin.status, ann.status) == ("paid", "paid")
    bo = shop.member("Bo").joins(lin.group_id).pays()
    shop.passes(1)

    assert [order.status for order in (lin, ann, bo)] == ["to_ship"] * 3
    assert_nobody_is_invented(shop, lin, ann, bo)
    shop.assert_books_balance()


def test_a_full_group_waits_for_nothing(shop: Shop) -> None:
    placed = led(shop, HONOUR, *NAMES)

    shop.settles()

    assert {order.status for order in placed} == {"to_ship"}
    shop.assert_books_balance()


def test_held_seats_are_resolved_before_anybody_is_counted(shop: Shop) -> None:
    shop.admin("put_settings", pay_window_seconds=7200)
    (lin,) = led(shop, HONOUR, "Lin", size=5)
    ann = shop.member("Ann").joins(lin.group_id).pays(times=0)
    bo = shop.member("Bo").joins(lin.group_id)
    (di,) = led(shop, HONOUR, "Di", campaign_id="other", size=5)
    ed = shop.member("Ed").joins(di.group_id)

    shop.passes(3600)
    shop.passes(61)

    assert [order.status for order in (lin, ann, bo)] == ["to_ship", "to_ship", "cancelled"]
    assert [order.status for order in (di, ed)] == ["refunded", "cancelled"]
    assert_nobody_is_invented(shop, lin, ann)
    shop.assert_books_balance()


def test_a_payment_after_the_deadline_fills_no_seat(shop: Shop) -> None:
    lin, ann = led(shop, HONOUR, "Lin", "Ann", size=3)
    shop.passes(3000)
    bo = shop.member("Bo").joins(lin.group_id)
    shop.sandbox.add_fault(CLOSE_PATH.format(bo.order_id), "close_ignored")
    shop.passes(600)
    assert [order.status for order in (lin, ann, bo)] == ["to_ship", "to_ship", "cancelled"]

    bo.pays()
    shop.settles()

    assert bo.status == "refunded"
    assert shop.group(lin.group_id)["paid_count"] == 2
    shop.assert_books_balance()


def test_whoever_leaves_is_missing_from_the_minimum(shop: Shop) -> None:
    rules = {**HONOUR, "leave_allowed": True}
    lin, ann = led(shop, rules, "Lin", "Ann", size=5)

    assert ann.cancels()["status"] == "refunding"
    shop.passes(3600)
    shop.passes(61)

    assert (lin.status, ann.status) == ("refunded", "refunded")
    assert shop.group(lin.group_id)["status"] == "failed"
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_group_keeps_the_minimum_and_the_right_to_leave_it_began_with(shop: Shop) -> None:
    lin, ann = led(shop, {**HONOUR, "leave_allowed": True}, "Lin", "Ann", size=5)
    shop.campaign("led", size=5, rules={"when_short": "honour", "minimum_payers": 4})
    bo = shop.member("Bo").joins(lin.group_id).pays()
    di = shop.member("Di").opens("led").pays()

    assert shop.group(lin.group_id)["enough_count"] == 2
    assert shop.group(di.group_id)["enough_count"] == 4
    assert bo.cancels()["status"] == "refunding"
    assert di.cancels().code == "group_forming"
    shop.passes(3600)
    shop.passes(61)

    assert [order.status for order in (lin, ann)] == ["to_ship", "to_ship"]
    assert [order.status for order in (bo, di)] == ["refunded", "refunded"]
    shop.assert_books_balance()


def test_an_operators_cancel_is_honoured_by_no_rule(shop: Shop) -> None:
    placed = led(shop, HONOUR, "Lin", "Ann", "Bo", size=5)

    shop.admin("cancel_group", group_id=placed[0].group_id)
    shop.settles()

    assert {order.status for order in placed} == {"refunded"}
    assert shop.group(placed[0].group_id)["enough_count"] == 5
    shop.assert_books_balance()
