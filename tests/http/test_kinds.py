"""What campaigns, lists and group pages answer of how a group is played, ladders above all."""

from typing import Any

import pytest

from tests.goods import RULES_LEFT_OUT
from tests.shop import Placed, Shop

TIERS = [
    {"headcount": 2, "price_fen": 1500},
    {"headcount": 3, "price_fen": 1200},
    {"headcount": 5, "price_fen": 900},
]
OWN_PRICES_FEN = [1900, 1800, 1000]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop with a ladder over two products, the dearer with prices of its own."""
    shop.stocks(100, sku_id="pears-3")
    ladder(shop)
    return shop


def ladder(shop: Shop, **changes: Any) -> None:
    pears = {"sku_id": "pears-3", "group_price_fen": 1900, "tier_prices_fen": OWN_PRICES_FEN}
    given = {
        "play": "ladder",
        "size": 6,
        "rules": {"tiers": TIERS, "cross_product": True},
        "skus": [{"sku_id": "apples-5", "group_price_fen": 1500}, pears],
    }
    shop.campaign("steps", **{**given, **changes})


def joined(shop: Shop, heads: int) -> list[Placed]:
    lin = shop.member("Lin").opens("steps").pays()
    return [lin, *(shop.member(f"M{n}").joins(lin.group_id).pays() for n in range(1, heads))]


def climbed(group: dict[str, Any]) -> tuple[Any, Any, dict[str, int]]:
    """The tier reached, the next one, and what each SKU costs as things are."""
    now_fen = {sku["sku_id"]: sku["price_now_fen"] for sku in group["skus"]}
    return group["tier"], group["next_tier"], now_fen


def listed(shop: Shop, campaign_id: str = "steps") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = shop.send("GET", f"/v1/campaigns/{campaign_id}/groups")["items"]
    return items


def test_a_campaign_says_what_each_sku_costs_at_each_tier(shop: Shop) -> None:
    campaign = shop.send("GET", "/v1/campaigns/steps").content

    assert campaign["rules"] == {**RULES_LEFT_OUT, "tiers": TIERS, "cross_product": True}
    assert [
        (sku["product_id"], sku["group_price_fen"], sku["tier_prices_fen"])
        for sku in campaign["skus"]
    ] == [("apples", 1500, [1500, 1200, 900]), ("pears", 1900, OWN_PRICES_FEN)]


def test_each_products_page_names_the_campaign_at_the_lowest_price_of_its_own_skus(
    shop: Shop,
) -> None:
    on_page = {
        product_id: [
            one
            for one in shop.send("GET", f"/v1/products/{product_id}")["campaigns"]
            if one["campaign_id"] == "steps"
        ]
        for product_id in ("apples", "pears")
    }

    named = {"campaign_id": "steps", "play": "ladder", "size": 6}
    assert on_page == {
        "apples": [{**named, "group_price_fen": 1500}],
        "pears": [{**named, "group_price_fen": 1900}],
    }
    shop.admin("end_campaign", campaign_id="steps")
    for product_id in ("apples", "pears"):
        campaigns = shop.send("GET", f"/v1/products/{product_id}")["campaigns"]
        assert "steps" not in [one["campaign_id"] for one in campaigns]


def test_a_quote_is_of_the_first_tier_which_everybody_pays(shop: Shop) -> None:
    lin, *_ = joined(shop, 3)
    eve = shop.member("Eve")
    asked = {"sku_id": "pears-3", "quantity": 2}

    opening = eve.send("POST", "/v1/quotes", {**asked, "campaign_id": "steps"})
    joining = eve.send("POST", "/v1/quotes", {**asked, "group_id": lin.group_id})

    assert (opening["amount_fen"], opening["refusal_code"]) == (3800, None)
    assert (joining["amount_fen"], joining["refusal_code"]) == (3800, None)


def test_a_groups_page_tells_how_far_its_ladder_is_climbed(shop: Shop) -> None:
    first, second, third = (
        {"headcount": 2, "price_fen": 1500},
        {"headcount": 3, "price_fen": 1200},
        {"headcount": 5, "price_fen": 900},
    )
    pending = shop.member("Lin").opens("steps")
    pages = [shop.group(pending.group_id)]
    pending.pays()
    pages.append(shop.group(pending.group_id))
    for number in range(1, 6):
        shop.member(f"M{number}").joins(pending.group_id).pays()
        pages.append(shop.group(pending.group_id))

    dear, cheap, best = (
        {"apples-5": apples_fen, "pears-3": pears_fen}
        for apples_fen, pears_fen in ((1500, 1900), (1200, 1800), (900, 1000))
    )
    assert [climbed(page) for page in pages] == [
        (None, {**first, "heads_missing": 2}, dear),
        (None, {**first, "heads_missing": 1}, dear),
        (first, {**second, "heads_missing": 1}, dear),
        (second, {**third, "heads_missing": 2}, cheap),
        (second, {**third, "heads_missing": 1}, cheap),
        (third, None, best),
        (third, None, best),
    ]
    assert [page["enough_count"] for page in pages] == [2] * 7
    assert [page["status"] for page in pages] == ["pending", *["forming"] * 5, "complete"]


def test_a_held_seat_is_no_head_yet(shop: Shop) -> None:
    lin = shop.member("Lin").opens("steps").pays()
    shop.member("Ann").joins(lin.group_id)

    page = shop.group(lin.group_id)

    assert (page["held_count"], page["tier"]) == (1, None)
    assert page["next_tier"] == {"headcount": 2, "price_fen": 1500, "heads_missing": 1}


def test_a_complete_group_has_no_next_tier_and_a_failed_one_none_at_all(shop: Shop) -> None:
    complete, *_ = joined(shop, 3)
    alone = shop.member("Di").opens("steps").pays()
    shop.passes(3600)
    shop.passes(61)

    page = shop.group(complete.group_id)
    assert (page["status"], page["next_tier"]) == ("complete", None)
    assert page["tier"] == {"headcount": 3, "price_fen": 1200}
    page = shop.group(alone.group_id)
    assert (page["status"], page["tier"], page["next_tier"]) == ("failed", None, None)
    assert {sku["price_now_fen"] for sku in page["skus"]} == {1500, 1900}


def test_a_group_in_a_list_says_what_its_page_says(shop: Shop) -> None:
    lin, *_ = joined(shop, 2)
    page = shop.group(lin.group_id)

    (item,) = listed(shop)

    assert item == {name: page[name] for name in item}
    assert {"play", "rules", "enough_count", "tier", "next_tier", "draw"} <= set(item)
    assert item["play"] == "ladder"


def test_groups_of_several_revisions_are_each_listed_by_their_own_rules(shop: Shop) -> None:
    lin, *_ = joined(shop, 2)
    shop.advance(1)
    best = [{"headcount": 2, "price_fen": 1500}, {"headcount": 4, "price_fen": 700}]
    skus = [{"sku_id": "apples-5", "group_price_fen": 1500}]
    ladder(shop, play="best", rules={"tiers": best, "when_short": "honour"}, skus=skus)
    di = shop.member("Di").opens("steps").pays()
    shop.advance(1)
    shop.campaign("steps", play="plain", size=4)
    ed = shop.member("Ed").opens("steps").pays()
    shop.advance(10)  # nothing of it is remembered any more

    with shop.reads_of("GetItem", "BatchGetItem") as asked:
        items = listed(shop)
    with shop.reads_of("GetItem", "BatchGetItem") as asked_again:
        assert listed(shop) == items

    assert [
        (item["group_id"], item["play"], item["enough_count"], item["next_tier"]) for item in items
    ] == [
        (lin.group_id, "ladder", 2, {"headcount": 3, "price_fen": 1200, "heads_missing": 1}),
        (di.group_id, "best", 1, {"headcount": 2, "price_fen": 1500, "heads_missing": 1}),
        (ed.group_id, "plain", 4, None),
    ]
    assert len(asked) - len(asked_again) == 2 * 3, "a revision and its SKUs, for each"


def test_a_page_of_groups_of_one_revision_reads_it_once(shop: Shop) -> None:
    for number in range(5):
        shop.member(f"L{number}").opens("steps").pays()
    shop.advance(10)

    with shop.reads_of("GetItem", "BatchGetItem") as asked:
        items = listed(shop)
    with shop.reads_of("GetItem", "BatchGetItem") as asked_again:
        listed(shop)

    assert len(items) == 5
    assert len(asked) - len(asked_again) == 2


def test_who_is_enough_at_the_deadline_is_said_of_every_kind(shop: Shop) -> None:
    needed = {
        "full": ({}, 4),
        "honoured": ({"when_short": "honour"}, 1),
        "from-three": ({"when_short": "honour", "minimum_payers": 3}, 3),
        "drawn": ({"draw": {"winners": 1}}, 4),
        "laddered": ({"tiers": TIERS[:2]}, 2),
    }
    for campaign_id, (rules, enough_count) in needed.items():
        shop.campaign(campaign_id, size=4, rules=rules)
        lin = shop.member(campaign_id).opens(campaign_id).pays()

        page = shop.group(lin.group_id)

        assert page["enough_count"] == enough_count
        assert page["rules"] == {
            **RULES_LEFT_OUT,
            **shop.send("GET", f"/v1/campaigns/{campaign_id}")["rules"],
        }
