"""What holds of crowds, rounds and goods made to order while they are under way and something
changes: a member wants out, an operator calls one off or puts the campaign anew.
"""

from typing import Any

import pytest

from tests.made_to_order import FIELDS, WISHES, accepts, paid_for, takes_orders
from tests.shop import Placed, Shop
from tests.stations.words import collects, looks_after, orders, tries_to_order
from tests.vouchers.words import granted

LADDER = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 500}]
WAITS = (409, "group_forming")


def asks_out(shop: Shop, *placed: Placed) -> list[tuple[int, Any]]:
    """What each is answered who wants all back."""
    replies = [each.asks_refund() for each in placed]
    shop.settles()
    return [(reply.status, reply.code) for reply in replies]


@pytest.mark.parametrize("rules", [{"leader": {"free": True}}, {"tiers": LADDER}])
def test_nobody_leaves_others_a_better_price_behind_while_goods_are_asked_for(
    shop: Shop, rules: dict[str, Any]
) -> None:
    takes_orders(shop, size=3, rules=rules)
    lin, ann, bo = paid_for(shop, "Lin", "Ann", "Bo")
    before = shop.everything()

    assert asks_out(shop, ann, bo) == [WAITS, WAITS]
    assert shop.everything() == before
    accepts(shop, lin.group_id, days=5)
    assert [each.status for each in (lin, ann, bo)] == ["to_ship"] * 3
    shop.assert_books_balance()


def test_nobody_leaves_a_crowd_a_better_price_behind_while_goods_are_asked_for(shop: Shop) -> None:
    tiers = [{"headcount": 1, "price_fen": 1500}, {"headcount": 3, "price_fen": 500}]
    crowd = {"threshold": 1, "shards": 2}
    rules = {"crowd": crowd, "custom_fields": FIELDS, "tiers": tiers}
    shop.campaign("super", rules=rules, duration_seconds=600)
    placed = [
        shop.member(name).opens("super", custom_fields=WISHES).pays()
        for name in ("Lin", "Ann", "Bo")
    ]
    shop.passes(601)
    shop.passes(61)

    assert asks_out(shop, *placed[1:]) == [WAITS, WAITS]
    accepts(shop, placed[0].group_id, days=5)
    assert [each.now()["refunded_fen"] for each in placed] == [1000, 1000, 1000]
    shop.assert_books_balance()


def test_a_leader_with_a_voucher_is_not_left_alone_while_goods_are_asked_for(shop: Shop) -> None:
    takes_orders(shop)
    lin = granted(shop, "Lin")
    voucher_id = lin.send("GET", "/v1/vouchers")["items"][0]["voucher_id"]
    opened = lin.opens("mug", custom_fields=WISHES, voucher_id=voucher_id)
    ann = shop.member("Ann").joins(opened.group_id, custom_fields=WISHES).pays()
    shop.settles()

    assert asks_out(shop, ann) == [WAITS]
    accepts(shop, opened.group_id, days=5)
    assert (opened.status, ann.status) == ("to_ship", "to_ship")
    shop.assert_books_balance()


def test_an_operator_may_still_refund_one_of_them(shop: Shop) -> None:
    takes_orders(shop, size=3, rules={"tiers": LADDER})
    lin, ann, bo = paid_for(shop, "Lin", "Ann", "Bo")

    shop.admin("refund_order", order_id=ann.order_id, reason="moved away")
    shop.settles()
    accepts(shop, lin.group_id, days=5)
    assert [each.status for each in (lin, ann, bo)] == ["to_ship", "refunded", "to_ship"]
    shop.assert_books_balance()


def test_a_crowd_follows_one_that_was_called_off_even_if_both_end_with_the_campaign(
    shop: Shop,
) -> None:
    rules = {"crowd": {"threshold": 2, "shards": 2}}
    shop.campaign("super", rules=rules, duration_seconds=10 * 24 * 3600)
    first = shop.member("Lin").opens("super").pays()
    shop.settles()
    shop.advance(1)
    shop.admin("cancel_group", group_id=first.group_id)
    shop.settles()

    second = shop.member("Ann").opens("super").pays()
    shop.settles()
    assert second.group_id != first.group_id
    assert (first.status, second.status) == ("refunded", "paid")
    shop.assert_books_balance()


def test_a_round_that_was_called_off_is_over_however_the_cutoff_was_moved_since(
    shop: Shop,
) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    lin, ann = shop.member("Lin"), shop.member("Ann")
    called_off = orders(lin).pays()
    shop.settles()
    shop.admin("cancel_group", group_id=called_off.group_id)
    shop.settles()
    collects(shop, "gate", cutoff="21:00")
    earlier = orders(ann).pays()
    shop.passes(3601)
    shop.passes(61)
    collects(shop, "gate")

    refused = tries_to_order(lin)
    assert (refused.status, refused.code) == (409, "group_over")
    assert (called_off.status, earlier.status) == ("refunded", "to_ship")
    shop.assert_books_balance()


def test_whoever_opens_is_told_that_the_round_under_way_keeps_its_price(shop: Shop) -> None:
    looks_after(shop, "Gu")
    shop.stocks(100, sku_id="pears-3", solo_price_fen=1200)
    rules = {"cross_product": True}
    collects(shop, "gate", rules=rules)
    first = orders(shop.member("Lin")).pays()
    shop.settles()
    skus = [
        {"sku_id": "apples-5", "group_price_fen": 1000},
        {"sku_id": "pears-3", "group_price_fen": 1000},
    ]
    collects(shop, "gate", rules=rules, skus=skus)
    ann = shop.member("Ann")

    refused = tries_to_order(ann)
    unknown = tries_to_order(ann, sku_id="pears-3")
    quoted = ann.send(
        "POST",
        "/v1/quotes",
        {"sku_id": "apples-5", "quantity": 1, "campaign_id": "veg", "station_id": "gate"},
    )
    context = {"group_id": first.group_id, "group_price_fen": 1500}
    assert (refused.status, refused.code, refused["context"]) == (409, "campaign_changed", context)
    assert (unknown.status, unknown.code) == (409, "campaign_changed")
    assert (quoted["goods_fen"], quoted["refusal_code"]) == (1500, "campaign_changed")

    knowingly = ann.joins(first.group_id, address=None, station_id="gate")
    assert knowingly.amount_fen == 1500


def test_where_a_campaigns_crowd_is_noted_is_no_group(shop: Shop) -> None:
    shop.campaign("super", rules={"crowd": {"threshold": 2, "shards": 2}})
    placed = shop.member("Lin").opens("super")

    for no_group in ("super", "super%23round%23", f"{placed.group_id}%230"):
        reply = shop.send("GET", f"/v1/groups/{no_group}")
        assert (reply.status, reply.code) == (404, "not_found")


def test_a_campaign_may_ask_for_more_words_while_wechat_judges_the_first(shop: Shop) -> None:
    takes_orders(shop)
    lin = shop.member("Lin")
    judge = shop.wiring.wechat_api
    asked: list[str] = []

    class Slow:
        """WeChat, which takes its time, in which the campaign is put anew."""

        def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
            asked.append(text)
            fields = [*FIELDS, {"name": f"more_{len(asked)}", "required": False}]
            takes_orders(shop, rules={"custom_fields": fields})
            return judge.is_text_allowed(openid, text, scene=scene)

    shop.wiring._wechat_api = Slow()  # type: ignore[assignment]
    reply = lin.tries_to_open("mug", custom_fields=WISHES)
    assert (reply.status, len(asked)) == (201, 1)
