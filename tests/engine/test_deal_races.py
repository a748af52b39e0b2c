"""Dealing with a complete group, from many threads at once, on DynamoDB's own engine: every order
gets its share once, whoever else wants something of it.
"""

from collections import Counter
from functools import partial

import pytest

from chalicelib.draws import store as draws
from chalicelib.draws.follow_up import follow_up
from chalicelib.draws.model import campaign_draw_id, winners_of
from chalicelib.groups import store as groups
from chalicelib.groups.deal import deal
from chalicelib.groups.open import open_group
from chalicelib.kit.errors import TryAgain
from chalicelib.orders.pay import pay
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.sweeps import always
from tests.races import at_once, joined, outcomes, payment_of, purchase
from tests.shop import Shop

SIZE = 6
DEALERS = 12
EVERYTHING = {
    "tiers": [{"headcount": 2, "price_fen": 1500}, {"headcount": SIZE, "price_fen": 1200}],
    "leader": {"free": True, "bonus_fen": 301},
}


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


def complete_group(shop: Shop, campaign_id: str, prefix: str = "M", size: int = SIZE) -> str:
    """A group all of whose members have paid, and whose orders still wait."""
    opened = open_group(
        campaign_id,
        purchase(shop, f"{prefix}0", "open"),
        clock=shop.clock,
        seeds=shop.wiring.seeds,
    )
    pay(payment_of(opened.order.order_id, 1500), clock=shop.clock)
    group_id = str(opened.order.group_id)
    for number in range(1, size):
        order_id = joined(shop, group_id, f"{prefix}{number}").order.order_id
        pay(payment_of(order_id, 1500), clock=shop.clock)
    assert groups.get(group_id).group_state == "complete"
    return group_id


def finish_dealing(shop: Shop, group_id: str) -> None:
    """What the sweep does with a group that is still due."""
    shop.advance(61)
    deal(group_id, clock=shop.clock, seeds=shop.wiring.seeds)
    assert groups.get(group_id).due_at is None


def test_who_deals_at_once_deals_with_each_order_once(shop: Shop) -> None:
    shop.campaign("all", size=SIZE, rules=EVERYTHING)
    group_id = complete_group(shop, "all")

    results = at_once(
        [partial(deal, group_id, clock=shop.clock, seeds=shop.wiring.seeds)] * DEALERS
    )
    finish_dealing(shop, group_id)

    assert {type(one) for one in results} <= {type(None), TryAgain}
    orders = shop.rows("orders")
    assert {order["order_state"] for order in orders} == {"to_ship"}
    refunds = Counter((one["cause"], one["amount_fen"]) for one in shop.rows("refunds"))
    assert refunds == {("ladder", 300): SIZE, ("leader_free", 1200): 1}
    bonuses = [order["leader_bonus"]["amount_fen"] for order in orders if "leader_bonus" in order]
    assert (len(bonuses), sum(bonuses)) == (SIZE - 1, 301)
    assert shop.admin("get_campaign", campaign_id="all")["sold_count"] == SIZE
    shop.assert_audit_is_clean()


def test_of_many_who_draw_at_once_all_draw_the_same(shop: Shop) -> None:
    shop.campaign("luck", size=SIZE, rules={"draw": {"winners": 2}})
    group_id = complete_group(shop, "luck")

    at_once([partial(deal, group_id, clock=shop.clock, seeds=shop.wiring.seeds)] * DEALERS)
    finish_dealing(shop, group_id)

    states = Counter(order["order_state"] for order in shop.rows("orders"))
    assert states == {"to_ship": 2, "refunding": SIZE - 2}
    assert Counter(one["cause"] for one in shop.rows("refunds")) == {"draw_lost": SIZE - 2}
    assert shop.units_left() == 998
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(4))
def test_members_who_want_their_money_back_while_their_group_is_dealt_with_get_it_once(
    shop: Shop, round_number: int
) -> None:
    shop.campaign("all", size=SIZE, rules=EVERYTHING)
    group_id = complete_group(shop, "all")
    mine = [order["order_id"] for order in shop.rows("orders")][:3]
    asked = [RefundRequest(order_id, "key", "不想要了") for order_id in mine]

    results = at_once(
        [
            *[partial(deal, group_id, clock=shop.clock, seeds=shop.wiring.seeds)] * 4,
            *[partial(request, one, clock=shop.clock) for one in asked * 2],
        ]
    )
    finish_dealing(shop, group_id)

    assert set(outcomes(results)) <= {
        "done",
        "group_forming",
        "try_again",
        "order_not_refundable",
    }
    for order in shop.rows("orders"):
        back_fen = sum(
            one["amount_fen"] for one in shop.rows("refunds", order_id=order["order_id"])
        )
        assert back_fen + order["refundable_fen"] == 1500
        assert order["order_state"] in ("to_ship", "refunding")
    shop.assert_audit_is_clean()


def test_a_campaigns_draw_held_by_many_while_members_take_their_money_back(shop: Shop) -> None:
    shop.campaign(
        "later",
        ends_at=shop.at(600),
        rules={"draw": {"winners": 3, "scope": "campaign"}},
    )
    group_ids = [complete_group(shop, "later", f"G{number}-", 2) for number in range(5)]
    for group_id in group_ids:
        deal(group_id, clock=shop.clock, seeds=shop.wiring.seeds)
    shop.advance(601)
    draw_id = campaign_draw_id("later")
    leaving = [order["order_id"] for order in shop.rows("orders")][:5]
    asked = [RefundRequest(order_id, "key", "不想要了") for order_id in leaving]
    wired = shop.wiring
    holding = partial(follow_up, draw_id, clock=shop.clock, seeds=wired.seeds, time_left=always)
    taking_back = [partial(request, one, clock=shop.clock) for one in asked]

    at_once([*[holding] * 8, *taking_back])
    holding()
    for group_id in group_ids:
        finish_dealing(shop, group_id)

    draw = draws.get(draw_id)
    groups_in_it = list(draws.participations(draw_id))
    entries = [entry for one in groups_in_it for entry in one.entries]
    passed_over = {order_id for one in groups_in_it for order_id in one.passed_over}
    assert draw.winners == winners_of(str(draw.seed), entries, 3, passed_over)
    assert (len(entries), len(draw.winners)) == (10, 3)
    shipped = {order["order_id"] for order in shop.rows("orders", order_state="to_ship")}
    assert shipped <= set(draw.winners)
    shop.assert_audit_is_clean()
