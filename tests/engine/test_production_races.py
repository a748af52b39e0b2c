"""A merchant's answer, the clock and members who want their money back, at the same moment, on
DynamoDB's own engine.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from chalicelib.groups import store as groups
from chalicelib.groups.deal import deal
from chalicelib.groups.decide_production import decide_production
from chalicelib.groups.model import Production
from chalicelib.groups.open import open_group
from chalicelib.orders.pay import pay
from chalicelib.orders.purchase import Purchase
from chalicelib.refunds.refund_seats import refund_seats
from chalicelib.refunds.request import RefundRequest, request
from tests.races import at_once, joined, outcomes, payment_of, purchase
from tests.shop import Shop

SIZE = 6
COLOURS = [{"name": "colour", "options": ["红", "蓝"], "required": False}]


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


@pytest.fixture
def group_id(shop: Shop) -> str:
    """A group whose merchant was asked, and has a second to answer."""
    shop.admin("put_settings", production_answer_seconds=1)
    shop.campaign("mug", size=SIZE, rules={"custom_fields": COLOURS})
    first: Purchase = purchase(shop, "M0", "open")
    opened = open_group("mug", first, clock=shop.clock).order
    pay(payment_of(opened.order_id, 1500), clock=shop.clock)
    group_id = str(opened.group_id)
    for number in range(1, SIZE):
        order_id = joined(shop, group_id, f"M{number}").order.order_id
        pay(payment_of(order_id, 1500), clock=shop.clock)
    deal(group_id, clock=shop.clock, seeds=shop.wiring.seeds)
    assert groups.get(group_id).production is Production.REQUESTED
    return group_id


def follows(shop: Shop, group_id: str) -> None:
    """What follows from any change of it."""
    deal(group_id, clock=shop.clock, seeds=shop.wiring.seeds)
    refund_seats(group_id, clock=shop.clock)


@pytest.mark.parametrize("round_number", range(4))
def test_of_two_answers_and_the_clock_one_counts_for_everyone(
    shop: Shop, group_id: str, round_number: int
) -> None:
    shop.advance(1)
    ships_by = shop.clock.now() + timedelta(days=30)
    answer = partial(decide_production, group_id, clock=shop.clock)
    attempts: list[Callable[[], object]] = [
        *[partial(answer, Production.ACCEPTED, decided_by="Zhou", ships_by=ships_by)] * 6,
        *[partial(answer, Production.REJECTED, decided_by="Wu", ships_by=None)] * 6,
        *[partial(follows, shop, group_id)] * 6,
    ]

    results = at_once(attempts)
    follows(shop, group_id)

    group = groups.get(group_id)
    is_accepted = group.production is Production.ACCEPTED
    said = outcomes(results[:6]), outcomes(results[6:12])
    by_clock = group.production_decided_by == "nobody"
    assert said == (
        {"done": 6} if is_accepted else {"not_allowed": 6},
        {"not_allowed": 6} if is_accepted else {"done": 6},
    )
    assert not (is_accepted and by_clock)
    states = {row["order_state"] for row in shop.rows("orders")}
    assert states == ({"to_ship"} if is_accepted else {"refunding"})
    assert len(shop.rows("refunds")) == (0 if is_accepted else SIZE)
    assert group.due_at is None
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(4))
def test_members_who_leave_while_it_is_answered_get_their_money_once(
    shop: Shop, group_id: str, round_number: int
) -> None:
    becomes = (Production.ACCEPTED, Production.REJECTED)[round_number % 2]
    is_accepted = becomes is Production.ACCEPTED
    ships_by = shop.clock.now() + timedelta(days=30) if is_accepted else None
    answer = partial(
        decide_production,
        group_id,
        becomes,
        decided_by="Zhou",
        ships_by=ships_by,
        clock=shop.clock,
    )
    mine = [row["order_id"] for row in shop.rows("orders")][:3]
    asked = [RefundRequest(order_id, "key", "不想要了") for order_id in mine]

    results = at_once(
        [
            answer,
            *[partial(follows, shop, group_id)] * 4,
            *[partial(request, one, clock=shop.clock) for one in asked * 2],
        ]
    )
    for _ in range(2):
        follows(shop, group_id)

    assert set(outcomes(results)) <= {"done", "try_again", "order_not_refundable"}
    for order in shop.rows("orders"):
        refunds = shop.rows("refunds", order_id=order["order_id"])
        assert sum(one["amount_fen"] for one in refunds) + order["refundable_fen"] == 1500
        assert len(refunds) <= 1
        expected = {"to_ship", "refunding"} if is_accepted else {"refunding"}
        assert order["order_state"] in expected
        if order["order_state"] == "to_ship" and refunds:
            assert refunds[0]["refund_state"] == "awaiting_operator"
    assert groups.get(group_id).due_at is None
    shop.assert_audit_is_clean()
