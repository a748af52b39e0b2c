"""Whole stories of group buying, from opening to shipping or to the money back."""

import pytest

from tests.shop import Shop


def test_a_group_of_two_completes_and_its_orders_may_ship(shop: Shop) -> None:
    lin = shop.member("Lin").opens()
    assert shop.group(lin.group_id)["status"] == "pending"
    lin.pays()
    assert shop.group(lin.group_id)["status"] == "forming"
    ann = shop.member("Ann").joins(lin.group_id).pays()

    shop.settles()

    assert [lin.status, ann.status] == ["to_ship", "to_ship"]
    group = shop.group(lin.group_id, ann.member)
    assert group["status"] == "complete"
    assert group["paid_count"] == 2
    assert group["my_order_id"] == ann.order_id
    assert [member["is_leader"] for member in group["members"]] == [True, False]
    assert shop.units_left() == 98
    assert shop.admin("get_campaign", campaign_id="autumn")["sold_count"] == 2
    shop.assert_books_balance()


def test_orders_may_ship_after_one_delivery_of_the_last_payments_records(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    assert [lin.status, ann.status] == ["paid", "paid"]

    shop.streams_flow()

    assert [lin.status, ann.status] == ["to_ship", "to_ship"]
    shop.settles()
    shop.assert_books_balance()


def test_a_group_that_is_not_filled_in_time_is_refunded_by_itself(shop: Shop) -> None:
    shop.campaign("trio", size=3, per_member_limit=1)
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()

    shop.passes(3600)
    shop.passes(60)

    assert shop.group(lin.group_id)["status"] == "failed"
    assert [lin.status, ann.status] == ["refunded", "refunded"]
    assert lin.now()["refunds"][0]["reason"] == "拼团未成功，自动退款"
    assert shop.sandbox.totals()["refunded_fen"] == 3000
    assert shop.units_left() == 100
    assert {row["used"] for row in shop.rows("limits")} == {0}
    assert len([row for row in shop.rows("groups") if row["kind"] != "group"]) == 2
    shop.assert_books_balance()


def test_the_refunds_of_a_failed_group_are_all_requested_within_one_sweep(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    lin = shop.member("Lin").opens("ten").pays()
    others = [shop.member(f"M{n}").joins(lin.group_id).pays() for n in range(4)]
    shop.advance(3600)

    shop.sweeps()
    shop.streams_flow()

    assert len(shop.rows("refunds")) == 5
    assert {order.status for order in [lin, *others]} == {"refunding"}
    shop.settles()
    assert {order.status for order in [lin, *others]} == {"refunded"}
    shop.assert_books_balance()


def test_a_merchant_may_honour_a_group_that_was_not_filled(shop: Shop) -> None:
    shop.campaign("kind", size=5, rules={"when_short": "honour", "minimum_payers": 2})
    enough = shop.member("Lin").opens("kind").pays()
    shop.member("Ann").joins(enough.group_id).pays()
    alone = shop.member("Bo").opens("kind").pays()

    shop.passes(3600)

    assert shop.group(enough.group_id)["status"] == "complete"
    assert enough.status == "to_ship"
    assert shop.group(alone.group_id)["status"] == "failed"
    assert alone.status == "refunded"
    shop.assert_books_balance()


def test_a_leader_who_never_pays_leaves_an_abandoned_group(shop: Shop) -> None:
    lin = shop.member("Lin").opens()
    ann = shop.member("Ann").tries_to_join(lin.group_id)
    assert (ann.status, ann.code) == (409, "group_not_open")

    shop.passes(900)

    assert lin.status == "cancelled"
    assert shop.group(lin.group_id)["status"] == "abandoned"
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_seat_that_is_not_paid_in_time_is_free_for_the_next(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id)
    bo = shop.member("Bo")
    full = bo.tries_to_join(lin.group_id)
    assert (full.status, full.code) == (409, "group_full")

    shop.passes(900)
    joined = bo.joins(lin.group_id).pays()
    shop.settles()

    assert [lin.status, ann.status, joined.status] == ["to_ship", "cancelled", "to_ship"]
    shop.assert_books_balance()


def test_a_joiner_expires_an_overdue_hold_before_any_sweep(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id)
    shop.advance(901)

    bo = shop.member("Bo").joins(lin.group_id).pays()
    shop.settles()

    assert [ann.status, bo.status] == ["cancelled", "to_ship"]
    shop.assert_books_balance()


def test_a_full_group_names_others_to_join(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.member("Ann").joins(lin.group_id)
    other = shop.member("Bo").opens().pays()

    refused = shop.member("Cy").tries_to_join(lin.group_id)

    assert refused.code == "group_full"
    assert refused["context"] == {"group_ids": [other.group_id]}
    listed = shop.send("GET", "/v1/campaigns/autumn/groups")
    assert [group["group_id"] for group in listed["items"]] == [other.group_id]


def test_one_member_has_one_seat(shop: Shop) -> None:
    shop.campaign("trio", size=3)
    lin = shop.member("Lin").opens("trio").pays()
    before = shop.everything()

    again = lin.member.tries_to_join(lin.group_id)

    assert (again.status, again.code) == (409, "already_joined")
    assert again["context"] == {"order_id": lin.order_id}
    assert shop.everything() == before


def test_nobody_joins_after_the_time_is_over_even_before_a_sweep(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann")
    shop.advance(3600)
    before = shop.everything()

    refused = ann.tries_to_join(lin.group_id)

    assert (refused.status, refused.code) == (409, "group_over")
    assert shop.everything() == before
    assert shop.group(lin.group_id)["refusal_code"] == "group_over"


def test_a_group_never_outlives_its_campaign(shop: Shop) -> None:
    shop.campaign("short", ends_at=shop.at(600))
    lin = shop.member("Lin").opens("short").pays()

    assert shop.group(lin.group_id)["expires_at"] == "2026-11-22T12:10:00Z"
    assert lin.now()["pay_deadline"] == "2026-11-22T12:10:00Z"


def test_a_group_keeps_the_price_it_began_with(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.campaign(skus=[{"sku_id": "apples-5", "group_price_fen": 1900}])

    ann = shop.member("Ann").joins(lin.group_id)
    bo = shop.member("Bo").opens()

    assert [lin.amount_fen, ann.amount_fen, bo.amount_fen] == [1500, 1500, 1900]


@pytest.mark.parametrize("command", ["pause_campaign", "end_campaign"])
def test_a_paused_or_ended_campaign_opens_no_groups_and_its_groups_go_on(
    shop: Shop, command: str
) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.admin(command, campaign_id="autumn")

    refused = shop.member("Bo").tries_to_open()
    shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    assert (refused.status, refused.code) == (409, "campaign_not_live")
    assert lin.status == "to_ship"
    shop.assert_books_balance()


def test_the_limit_counts_units_and_comes_back_with_a_cancelled_order(shop: Shop) -> None:
    shop.campaign("scarce", per_member_limit=3)
    lin = shop.member("Lin")
    first = lin.opens("scarce", quantity=2)
    before = shop.everything()

    refused = lin.tries_to_open("scarce", quantity=2)
    assert (refused.status, refused.code) == (409, "limit_reached")
    assert shop.everything() == before

    first.cancels()
    assert lin.tries_to_open("scarce", quantity=3).status == 201
    assert lin.tries_to_open("scarce", quantity=4).code == "limit_reached"


def test_a_member_may_leave_where_the_rules_allow_it(shop: Shop) -> None:
    shop.campaign("free", size=3, per_member_limit=1, rules={"leave_allowed": True})
    lin = shop.member("Lin").opens("free").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()

    left = ann.cancels()
    shop.settles()

    assert (left.status, left["status"]) == (200, "refunding")
    assert ann.status == "refunded"
    group = shop.group(lin.group_id)
    assert [group["paid_count"], group["seats_left"]] == [1, 2]
    assert shop.units_left() == 99
    assert ann.member.tries_to_join(lin.group_id).status == 201
    shop.assert_books_balance()


def test_nobody_leaves_a_forming_group_that_does_not_allow_it(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    before = shop.everything()

    cancelled = lin.cancels()
    refund = lin.asks_refund()

    assert (cancelled.status, cancelled.code) == (409, "group_forming")
    assert (refund.status, refund.code) == (409, "group_forming")
    assert shop.everything() == before


def test_an_operator_cancels_a_forming_group_and_everyone_is_refunded(shop: Shop) -> None:
    shop.campaign("trio", size=3, rules={"when_short": "honour"})
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann").joins(lin.group_id)

    shop.admin("cancel_group", group_id=lin.group_id)
    shop.settles()

    assert shop.group(lin.group_id)["status"] == "failed"
    assert [lin.status, ann.status] == ["refunded", "cancelled"]
    assert shop.units_left() == 100
    assert shop.admin("cancel_group", group_id=lin.group_id)["status"] == "failed"
    shop.assert_books_balance()


def test_an_operator_cannot_cancel_a_complete_group(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    answer = shop.tries_admin("cancel_group", group_id=lin.group_id)

    assert answer["error"]["code"] == "group_over"
    assert lin.status == "to_ship"


def test_freight_is_charged_once_an_order_and_not_everywhere(shop: Shop) -> None:
    shop.admin(
        "put_freight",
        merchant_id="orchard",
        flat_fen=800,
        free_from_fen=4000,
        provinces_not_served=["西藏"],
    )
    lin = shop.member("Lin")
    before = shop.everything()
    far = {**shop.purchase()["address"], "province": "西藏自治区"}

    refused = lin.tries_to_buy(address=far)

    assert (refused.status, refused.code) == (409, "address_not_served")
    assert shop.everything() == before
    assert lin.buys(quantity=1).amount_fen == 2800
    assert lin.buys(quantity=2).amount_fen == 4000
