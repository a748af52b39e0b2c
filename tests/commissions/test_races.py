"""Commissions from many threads at once, on DynamoDB's own engine."""

from contextlib import suppress
from functools import partial

import pytest
from botocore.exceptions import BotoCoreError

from chalicelib.commissions import store as commissions
from chalicelib.commissions.adjust import adjust
from chalicelib.commissions.count_commission import count_commission
from chalicelib.commissions.model import commission_id_for
from chalicelib.gateways.wechat_pay import RefundReport
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.refunds.settle import settle
from tests.commissions.words import settled, wallet, with_bonus, with_uplines
from tests.races import THREADS, at_once, payment_of, purchase
from tests.shop import Shop

pytestmark = pytest.mark.engine


def a_paid_order(shop: Shop, name: str = "Lin", upline_id: str = "mem_b") -> str:
    placed = place(purchase(shop, name, "buy"), clock=shop.clock)
    with_uplines(shop, placed.order.order_id, (upline_id, 1000), ("mem_c", 500))
    pay(payment_of(placed.order.order_id, 2000), clock=shop.clock)
    return placed.order.order_id


def tries_to_adjust(shop: Shop, order_id: str) -> None:
    """Where sixty-four meet in one balance an answer may come too late: the sweep would go on."""
    with suppress(BotoCoreError):
        adjust(order_id, clock=shop.clock)


def test_64_threads_announce_each_level_once(engine_shop: Shop) -> None:
    order_id = a_paid_order(engine_shop)

    at_once([partial(tries_to_adjust, engine_shop, order_id)] * THREADS)

    adjust(order_id, clock=engine_shop.clock)
    assert (wallet("mem_b"), wallet("mem_c")) == ((200, 0), (100, 0))
    assert len(engine_shop.rows("ledger", code="commission")) == 2


def test_64_threads_announce_what_an_upline_and_leader_earns_once(engine_shop: Shop) -> None:
    order_id = a_paid_order(engine_shop)
    with_bonus(engine_shop, order_id, "mem_b", 77)

    at_once([partial(tries_to_adjust, engine_shop, order_id)] * THREADS)

    adjust(order_id, clock=engine_shop.clock)
    assert (wallet("mem_b"), wallet("mem_c")) == ((277, 0), (100, 0))
    assert len(engine_shop.rows("ledger", code="leader_bonus")) == 1


def test_many_orders_of_one_upline_all_reach_the_balance(engine_shop: Shop) -> None:
    order_ids = [a_paid_order(engine_shop, f"M{number}") for number in range(16)]

    at_once([partial(tries_to_adjust, engine_shop, order_id) for order_id in order_ids])
    for order_id in order_ids:  # what gave up for others' sake is done by the sweep
        adjust(order_id, clock=engine_shop.clock)

    assert (wallet("mem_b"), wallet("mem_c")) == ((16 * 200, 0), (16 * 100, 0))


def test_two_sweeps_release_the_same_commission_once(engine_shop: Shop) -> None:
    shop = engine_shop
    order_id = a_paid_order(shop)
    adjust(order_id, clock=shop.clock)
    settled(shop, order_id)

    at_once([partial(tries_to_adjust, shop, order_id)] * THREADS)

    adjust(order_id, clock=shop.clock)
    assert (wallet("mem_b"), wallet("mem_c")) == ((0, 200), (0, 100))
    posts = shop.rows("ledger", code="commission", phase="post")
    assert sorted(row["amount_fen"] for row in posts) == [100, 200]


@pytest.mark.parametrize("attempt", range(6))
def test_a_release_against_a_refund_ends_at_the_target(engine_shop: Shop, attempt: int) -> None:
    shop = engine_shop
    order_id = a_paid_order(shop)
    adjust(order_id, clock=shop.clock)
    settled(shop, order_id)
    asked = RefundRequest(
        order_id=order_id,
        request_key="an-operator",
        reason="坏了",
        amount_fen=500,
        by_operator=True,
    )

    def refund() -> None:
        requested = request(asked, clock=shop.clock).refund
        report = RefundReport(
            out_refund_no=requested.out_refund_no,
            out_trade_no=order_id,
            refund_id="503",
            refund_status="SUCCESS",
            amount_fen=500,
            success_time=None,
        )
        settle(report, clock=shop.clock)

    at_once([refund, *[partial(tries_to_adjust, shop, order_id)] * 7])
    adjust(order_id, clock=shop.clock)

    assert (wallet("mem_b"), wallet("mem_c")) == ((0, 150), (0, 75))


def test_the_figures_are_counted_once_from_64_threads(engine_shop: Shop) -> None:
    shop = engine_shop
    upline_id = shop.member("Ann").member_id
    order_id = a_paid_order(shop, upline_id=upline_id)
    adjust(order_id, clock=shop.clock)
    settled(shop, order_id)
    adjust(order_id, clock=shop.clock)
    commission_id = commission_id_for(order_id, 1)

    def tries_to_count() -> None:
        with suppress(BotoCoreError):
            count_commission(commission_id)

    at_once([tries_to_count] * THREADS)

    count_commission(commission_id)
    figures = shop.rows("members", member_id=upline_id, orders_count=1)[0]
    assert (figures["orders_count"], figures["commission_fen"]) == (1, 200)
    earned = [row["earned_fen"] for row in shop.rows("rankings", rank_key=upline_id)]
    assert earned == [200, 200]
    assert commissions.get(commission_id).due_at is None
