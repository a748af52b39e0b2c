"""Everyone at once, on DynamoDB's own engine: the verbs themselves from many threads.

What must hold: a last unit is sold once, a payment and an expiry never both win, and the books
balance after every race. The race for the last seat opens tests/flows/test_known_failures.py.
"""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from chalicelib.changes import Change
from chalicelib.groups import ending
from chalicelib.groups import store as groups
from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.groups.settle import settle
from chalicelib.kit.errors import Refusal
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from chalicelib.reactions import react
from chalicelib.refunds import store as refunds
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.sweeps import sweep_groups, sweep_orders
from tests.races import (
    THREADS,
    at_once,
    forming_group,
    joined,
    outcomes,
    payment_of,
    purchase,
)
from tests.shop import Shop


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


def test_of_64_threads_on_the_last_unit_exactly_one_wins(shop: Shop) -> None:
    shop.stocks(1)
    wanting = [purchase(shop, f"M{number}", "solo") for number in range(THREADS)]

    results = at_once([partial(place, one, clock=shop.clock) for one in wanting])

    assert outcomes(results) == {"done": 1, "out_of_stock": 63}
    assert shop.units_left() == 0
    assert len(shop.rows("orders")) == 1
    shop.assert_audit_is_clean()


def test_64_repeats_of_one_request_make_one_order(shop: Shop) -> None:
    one = purchase(shop, "Lin", "open")

    results = at_once([lambda: open_group("autumn", one, clock=shop.clock)] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    assert Counter(placed.replayed for placed in results) == {False: 1, True: 63}
    assert len({placed.order.order_id for placed in results}) == 1
    assert shop.units_left() == 999
    shop.assert_audit_is_clean()


def test_64_notifications_of_one_payment_pay_once(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    opened = open_group("ten", purchase(shop, "Lin", "open"), clock=shop.clock)
    payment = payment_of(opened.order.order_id, 1500)

    results = at_once([lambda: pay(payment, clock=shop.clock)] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    group = groups.get(str(opened.order.group_id))
    assert (group.seats_free, group.held_count, group.paid_count) == (9, 0, 1)
    assert orders.get(opened.order.order_id).paid_fen == 1500
    shop.assert_audit_is_clean()


def test_of_two_payments_for_one_order_one_counts_and_the_other_is_told_to_a_person(
    shop: Shop,
) -> None:
    order_id = place(purchase(shop, "Lin", "solo"), clock=shop.clock).order.order_id
    first = payment_of(order_id, 2000)
    second = replace(first, transaction_id="42 another")

    at_once([partial(pay, one, clock=shop.clock) for one in (first, second)] * 8)

    order = orders.get(order_id)
    assert (order.order_state, order.paid_fen) == ("to_ship", 2000)
    assert order.transaction_id in (first.transaction_id, second.transaction_id)
    assert shop.findings() == ["second_payment"]
    shop.assert_audit_is_clean()


def test_all_members_paying_at_once_complete_the_group_once(shop: Shop) -> None:
    shop.campaign("crowd", size=32)
    group_id = forming_group(shop, "crowd")
    placed = [joined(shop, group_id, f"M{number}").order.order_id for number in range(31)]
    payments = [payment_of(order_id, 1500) for order_id in placed]

    results = at_once([partial(pay, one, clock=shop.clock) for one in payments])

    assert outcomes(results) == {"done": 31}
    group = groups.get(group_id)
    assert (group.group_state, group.paid_count, group.held_count) == ("complete", 32, 0)
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(8))
def test_a_payment_against_its_expiry_leaves_one_outcome(shop: Shop, round_number: int) -> None:
    group_id = forming_group(shop)
    order_id = joined(shop, group_id, "Ann").order.order_id
    payment = payment_of(order_id, 1500)
    shop.advance(901)
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay

    at_once(
        [
            lambda: pay(payment, clock=clock),
            lambda: close_unpaid(order_id, "pay_deadline", clock=clock, wechat_pay=wechat_pay),
        ]
        * 4
    )

    order = orders.get(order_id)
    group = groups.get(group_id)
    kept = order.order_state == "paid"
    assert order.order_state == ("paid" if kept else "refunding")
    assert (group.seats_free, group.held_count, group.paid_count) == (
        (0, 0, 2) if kept else (1, 0, 1)
    )
    assert shop.units_left() == (998 if kept else 999)
    found = [refund["amount_fen"] for refund in shop.rows("refunds")]
    assert found == ([] if kept else [1500])
    shop.assert_audit_is_clean()


def test_sweeps_against_sweeps_fail_a_group_once_and_refund_each_seat_once(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    group_id = forming_group(shop, "ten")
    for name in ("Ann", "Bo"):
        pay(payment_of(joined(shop, group_id, name).order.order_id, 1500), clock=shop.clock)
    unpaid = joined(shop, group_id, "Cy").order.order_id
    shop.advance(3600)
    wired = shop.wiring

    at_once([lambda: sweep_groups(wired), lambda: sweep_orders(wired)] * 8)
    at_once([lambda: react(Change.GROUP_FAILED, group_id, wired)] * 16)

    assert groups.get(group_id).group_state == "failed"
    assert orders.get(unpaid).order_state == "cancelled"
    amounts = [refund["amount_fen"] for refund in shop.rows("refunds")]
    assert amounts == [1500, 1500, 1500]
    assert shop.units_left() == 1000
    assert "due_at" not in shop.rows("groups", kind="group")[0]
    shop.assert_audit_is_clean()


def test_a_join_against_the_deadline_never_leaves_a_seat_in_a_failed_group(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    group_id = forming_group(shop, "ten")
    wanting = [purchase(shop, f"M{number}", "join") for number in range(8)]
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay
    group = groups.get(group_id)

    def call_time() -> object:
        ending.call_time(group, now=clock.now(), refusal=lambda _row: RuntimeError())
        return settle(group_id, clock=clock, wechat_pay=wechat_pay)

    at_once(
        [
            call_time,
            *(partial(join, group_id, one, clock=clock, wechat_pay=wechat_pay) for one in wanting),
        ]
    )
    settle(group_id, clock=clock, wechat_pay=wechat_pay)

    after, seats = groups.find_with_seats(group_id)
    assert after is not None
    assert (after.group_state, after.held_count, after.paid_count) == ("failed", 0, 1)
    assert [seat.is_leader for seat in seats] == [True]
    live = shop.rows("orders", order_state="awaiting_payment")
    assert live == []
    shop.assert_audit_is_clean()


def test_a_refund_asked_for_from_64_threads_is_one_refund(shop: Shop) -> None:
    placed = place(purchase(shop, "Lin", "solo"), clock=shop.clock)
    pay(payment_of(placed.order.order_id, 2000), clock=shop.clock)
    commands = [
        RefundRequest(placed.order.order_id, f"key-{number % 8}", "不想要了")
        for number in range(THREADS)
    ]

    results = at_once([partial(request, one, clock=shop.clock) for one in commands])

    done = {one.refund.refund_id for one in results if not isinstance(one, Refusal)}
    assert len(done) == 1
    assert [refund["amount_fen"] for refund in shop.rows("refunds")] == [2000]
    assert refunds.get(done.pop()).ends_order
    assert shop.units_left() == 1000
    shop.assert_audit_is_clean()
