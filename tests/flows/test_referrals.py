"""Stories of bringing friends: who earns on an order is fixed when it is placed, and guides are
credited with what their customers buy.
"""

from typing import Any

import pytest

from chalicelib.kit.errors import NotFound
from chalicelib.referrals.count_guide_sale import count_guide_sale
from tests.shop import Member, Placed, Shop

MONTH_SECONDS = 30 * 24 * 3600


def earns(shop: Shop, *rates_bp: int, cap_bp: int = 3000) -> None:
    shop.admin("put_settings", commission={"rates_bp": list(rates_bp), "cap_bp": cap_bp})


def row_of(shop: Shop, order: Placed) -> dict[str, Any]:
    return shop.rows("orders", order_id=order.order_id)[0]


def uplines(shop: Shop, order: Placed) -> list[tuple[str, int]]:
    by_level = row_of(shop, order).get("uplines", {})
    return [
        (by_level[level]["member_id"], by_level[level]["rate_bp"]) for level in sorted(by_level)
    ]


def invites(inviter: Member, *invitees: Member) -> None:
    code = inviter.shares()
    for invitee in invitees:
        assert invitee.visits(code)["bound"] is True


def test_who_brought_the_buyer_is_fixed_on_every_kind_of_order(shop: Shop) -> None:
    earns(shop, 1000, 500)
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    invites(bo, cy)

    both = [(bo.member_id, 1000), (ann.member_id, 500)]
    opened = cy.opens()
    assert [uplines(shop, order) for order in (opened, cy.buys())] == [both, both]
    assert row_of(shop, opened)["commission_cap_bp"] == 3000
    assert uplines(shop, bo.buys()) == [(ann.member_id, 1000)]
    assert uplines(shop, ann.buys()) == []
    assert "commission_cap_bp" not in row_of(shop, ann.buys())
    group = ann.opens().pays()
    assert uplines(shop, cy.joins(group.group_id)) == both


def test_one_level_is_the_default_and_nobody_earns_until_a_rate_is_set(shop: Shop) -> None:
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    invites(bo, cy)
    assert shop.send("GET", "/v1/config")["referral_levels"] == 1
    assert uplines(shop, cy.buys()) == []

    earns(shop, 1000)

    assert uplines(shop, cy.buys()) == [(bo.member_id, 1000)]


def test_clients_are_told_how_many_levels_there_are(shop: Shop) -> None:
    earns(shop, 1000, 500)
    shop.advance(5)
    assert shop.send("GET", "/v1/config")["referral_levels"] == 2


def test_a_relation_that_changes_before_the_payment_leaves_the_order_as_it_is(shop: Shop) -> None:
    earns(shop, 1000)
    shop.admin("put_settings", referral_policy="latest")
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    order = bo.buys()
    shop.advance(60)
    invites(cy, bo)

    order.pays()
    shop.settles()

    assert order.status == "to_ship"
    assert uplines(shop, order) == [(ann.member_id, 1000)]
    assert uplines(shop, bo.buys()) == [(cy.member_id, 1000)]
    shop.assert_books_balance()


def test_a_relation_that_has_ended_earns_nothing(shop: Shop) -> None:
    earns(shop, 1000, 500)
    shop.campaign("long", ends_at=shop.at(2 * MONTH_SECONDS))
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    shop.advance(60)
    invites(bo, cy)
    shop.advance(MONTH_SECONDS - 60)

    bo, cy = shop.member("Bo"), shop.member("Cy")
    assert uplines(shop, bo.buys()) == []
    assert uplines(shop, cy.opens("long")) == [(bo.member_id, 1000)]


def test_the_campaign_s_rates_come_before_the_sku_s_and_those_before_the_shop_s(
    shop: Shop,
) -> None:
    earns(shop, 1000, 500)
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    invites(bo, cy)
    product = shop.product()
    product["skus"][0]["commission_rates_bp"] = [300, 200]
    shop.admin("put_product", **product)
    shop.campaign("plain")
    shop.campaign("special", commission_rates_bp=[700])

    assert uplines(shop, cy.buys()) == [(bo.member_id, 300), (ann.member_id, 200)]
    assert uplines(shop, cy.opens("plain")) == [(bo.member_id, 300), (ann.member_id, 200)]
    assert uplines(shop, cy.opens("special")) == [(bo.member_id, 700)]


def test_placing_costs_an_invitee_no_further_round_trip(shop: Shop) -> None:
    earns(shop, 1000, 500)
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    invites(ann, bo)
    invites(bo, cy)

    asked: list[list[str]] = []
    for buyer in (ann, cy):
        with shop.reads_of("GetItem", "BatchGetItem") as reads:
            buyer.buys()
        asked.append([str(len(reads))])

    assert asked[0] == asked[1]


# Guides


def hires(shop: Shop, *guides: dict[str, Any]) -> list[str]:
    """A store with these guides; their codes."""
    shop.admin("put_store", store_id="west", merchant_id="orchard", name="西湖店")
    created = shop.admin("create_guides", store_id="west", guides=list(guides))
    return [guide["share_code"] for guide in created["guides"]]


def figures(shop: Shop) -> tuple[int, int, int]:
    """Followers, orders and sales of the one guide there is."""
    (guide,) = shop.admin("get_store", store_id="west")["guides"]
    return guide["followers"], guide["orders_count"], guide["sales_fen"]


def test_a_guide_s_customers_stay_for_good_and_their_orders_are_credited(shop: Shop) -> None:
    earns(shop, 1000)
    (code,) = hires(shop, {"guide_id": "g1", "name": "小王"})
    bo = shop.member("Bo")

    visited = bo.visits(code)

    assert visited["bound"] is True
    assert visited["referral"]["inviter"] == {"nickname": "小王", "avatar_url": None}
    assert visited["referral"]["expires_at"] is None
    shop.advance(10 * MONTH_SECONDS)
    bo = shop.member("Bo")
    bo.visits(code)
    order = bo.buys(quantity=2)
    assert figures(shop) == (1, 0, 0)
    order.pays()
    shop.settles()
    assert figures(shop) == (1, 1, 4000)
    assert uplines(shop, order) == []
    assert row_of(shop, order)["guide_share_code"] == code
    shop.assert_books_balance()


def test_a_guide_who_is_a_member_earns_besides(shop: Shop) -> None:
    earns(shop, 1000)
    ann, bo = shop.member("Ann"), shop.member("Bo")
    (code,) = hires(shop, {"guide_id": "g1", "name": "小王", "member_id": ann.member_id})
    assert bo.visits(code)["referral"]["inviter"]["nickname"] == "小王"

    order = bo.buys()

    assert uplines(shop, order) == [(ann.member_id, 1000)]
    assert row_of(shop, order)["guide_share_code"] == code
    assert ann.visits(code)["bound"] is False


def test_what_is_refunded_is_taken_from_the_guide_s_sales(shop: Shop) -> None:
    (code,) = hires(shop, {"guide_id": "g1", "name": "小王"})
    bo = shop.member("Bo")
    bo.visits(code)
    order = bo.buys().pays()
    shop.settles()

    shop.admin("refund_order", order_id=order.order_id, amount_fen=500)
    shop.settles()
    assert figures(shop) == (1, 1, 1500)

    order.asks_refund()
    shop.settles()
    shop.passes(61)  # WeChat wants a minute between two refunds of one order
    assert order.status == "refunded"
    assert figures(shop) == (1, 1, 0)
    shop.assert_books_balance()


def test_a_guide_s_figures_are_right_whatever_the_streams_repeat_or_lose(shop: Shop) -> None:
    (code,) = hires(shop, {"guide_id": "g1", "name": "小王"})
    bo = shop.member("Bo")
    bo.visits(code)
    order = bo.buys().pays()
    shop.streams_are_lost()
    assert figures(shop) == (1, 0, 0)

    shop.passes(61)
    for _ in range(3):
        count_guide_sale(order.order_id)

    assert figures(shop) == (1, 1, 2000)


def test_an_order_of_a_group_counts_for_the_guide_once_the_group_is_complete(shop: Shop) -> None:
    (code,) = hires(shop, {"guide_id": "g1", "name": "小王"})
    bo = shop.member("Bo")
    bo.visits(code)
    leading = bo.opens().pays()
    shop.settles()
    assert figures(shop) == (1, 0, 0)

    shop.member("Ann").joins(leading.group_id).pays()
    shop.settles()

    assert figures(shop) == (1, 1, 1500)


def test_an_order_that_is_not_there_counts_for_nobody(shop: Shop) -> None:
    with pytest.raises(NotFound):
        count_guide_sale("ord_nowhere")
