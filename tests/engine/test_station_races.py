"""Pick-up codes from many threads at once, on DynamoDB's own engine: each opens once, whoever else
wants something of the order.
"""

from functools import partial

import pytest

from chalicelib.orders.receive import receive
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.stations.arrive import arrive
from chalicelib.stations.redeem import redeem
from tests.races import at_once, outcomes
from tests.shop import Placed, Shop
from tests.stations.words import arrived, code_of, collects, looks_after, orders

THREADS = 16


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    looks_after(engine_shop, "Gu")
    collects(engine_shop, "gate")
    return engine_shop


def complete(shop: Shop, count: int = 1) -> list[Placed]:
    """Orders in a round that is over."""
    lin = shop.member("Lin")
    placed = [orders(lin).pays() for _ in range(count)]
    shop.passes(2 * 3600)
    shop.passes(61)
    assert [order.status for order in placed] == ["to_ship"] * count
    return placed


def test_of_many_who_redeem_one_code_one_hands_out(shop: Shop) -> None:
    (order,) = complete(shop)
    arrived(shop, order.group_id)
    leader_id = shop.member("Gu").member_id
    attempt = partial(redeem, "gate", code_of(order), by_member_id=leader_id, clock=shop.clock)
    by_operator = partial(redeem, "gate", code_of(order), by_member_id=None, clock=shop.clock)

    results = at_once([attempt, by_operator] * (THREADS // 2))

    assert outcomes(results) == {"done": 1, "code_used": THREADS - 1}
    assert order.status == "received"
    shop.settles()
    shop.assert_audit_is_clean()


def test_a_code_redeemed_while_its_member_confirms_and_an_operator_refunds(shop: Shop) -> None:
    (order,) = complete(shop)
    arrived(shop, order.group_id)
    redeems = partial(redeem, "gate", code_of(order), by_member_id=None, clock=shop.clock)
    receives = partial(receive, order.order_id, clock=shop.clock)
    asked = RefundRequest(order.order_id, "key", "坏了", by_operator=True)
    refunds = partial(request, asked, clock=shop.clock)

    results = at_once([*[redeems] * 5, *[receives] * 5, *[refunds] * 5])

    counts = outcomes(results)
    assert set(counts) <= {"done", "code_used", "order_not_receivable", "try_again"}
    handed_out = outcomes(results[:5])["done"]
    assert handed_out <= 1
    (code,) = [row for row in shop.rows("stations") if row["kind"].startswith("code#")]
    assert ("redeemed_at" in code) is (handed_out == 1)
    assert [row for row in shop.rows("stations") if row["kind"].startswith("waits#")] == []
    shop.settles()
    shop.passes(61)
    assert order.status == "refunded"
    shop.assert_audit_is_clean()


def test_goods_that_many_say_have_arrived_arrive_once(shop: Shop) -> None:
    placed = complete(shop, 6)
    says_so = partial(arrive, placed[0].group_id, clock=shop.clock)

    results = at_once([says_so] * 8)

    assert {result.left + result.left_out for result in results} == {0}
    assert {result.arrived + result.unchanged for result in results} == {6}
    assert [order.status for order in placed] == ["shipped"] * 6
    shop.settles()
    assert all(len(shop.sandbox.mini_program.shipments_of(order.order_id)) == 1 for order in placed)
    shop.assert_audit_is_clean()
