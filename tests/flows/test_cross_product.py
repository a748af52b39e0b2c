"""Stories of groups over several products (跨产品拼团): members of one group buy different things
of different merchants, and the group counts heads.
"""

from typing import Any

import pytest

from tests.commissions.words import commissions
from tests.led import FREEZE_SECONDS, settled
from tests.shop import ADDRESS, Placed, Shop

BOTH: dict[str, Any] = {"cross_product": True}
APPLES = {"sku_id": "apples-5", "group_price_fen": 1500}
PEARS = {"sku_id": "pears-3", "group_price_fen": 2500}
TIERS = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop with a second merchant, whose pears cost 30 yuan; orders settle after an hour."""
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    shop.admin("put_merchant", merchant_id="garden", name="菜园")
    garden(shop)
    return shop


def garden(shop: Shop, stock: int = 100, **sku: Any) -> None:
    pear = {"sku_id": "pears-3", "title": "3斤装", "solo_price_fen": 3000, "stock": stock, **sku}
    product = {"product_id": "pears", "merchant_id": "garden", "title": "雪梨", "skus": [pear]}
    shop.admin("put_product", **product)


def mixed(shop: Shop, **changes: Any) -> str:
    """A campaign of three on the apples and the pears."""
    return shop.campaign("mixed", **{"size": 3, "rules": BOTH, "skus": [APPLES, PEARS], **changes})


def sales(shop: Shop) -> dict[str, int]:
    """What each merchant has sold, less what went back."""
    sums: dict[str, int] = {}
    for row in shop.rows("ledger"):
        for side, sign in (("credit_account", 1), ("debit_account", -1)):
            account = str(row.get(side, ""))
            if account.startswith("sales:"):
                merchant_id = account.removeprefix("sales:")
                sums[merchant_id] = sums.get(merchant_id, 0) + sign * row["amount_fen"]
    return sums


def merchants(shop: Shop, *placed: Placed) -> list[tuple[str, str]]:
    """Whose goods each order is for, and which product."""
    rows = {row["order_id"]: row for row in shop.rows("orders")}
    return [
        (rows[order.order_id]["merchant_id"], rows[order.order_id]["product_id"])
        for order in placed
    ]


def test_one_group_buys_of_several_merchants_and_each_has_its_sale(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=800)
    shop.admin("put_freight", merchant_id="garden", flat_fen=300, free_from_fen=5000)
    mixed(shop)
    lin = shop.member("Lin").opens("mixed").pays()
    ann = shop.member("Ann").joins(lin.group_id, sku_id="pears-3").pays()
    bo = shop.member("Bo").joins(lin.group_id, sku_id="pears-3", quantity=2).pays()
    assert [order.amount_fen for order in (lin, ann, bo)] == [2300, 2800, 5000]

    shop.settles()

    assert {order.status for order in (lin, ann, bo)} == {"to_ship"}
    assert merchants(shop, lin, ann, bo) == [
        ("orchard", "apples"),
        ("garden", "pears"),
        ("garden", "pears"),
    ]
    assert (shop.units_left(), shop.units_left("pears-3")) == (99, 97)
    settled(shop, lin, ann, bo)
    assert sales(shop) == {"orchard": 2300, "garden": 7800}
    shop.admin("refund_order", order_id=ann.order_id, amount_fen=1000)
    shop.settles()
    assert sales(shop) == {"orchard": 2300, "garden": 6800}
    shop.assert_books_balance()


def test_a_group_of_several_products_that_falls_short_gives_all_of_it_back(shop: Shop) -> None:
    mixed(shop, per_member_limit=2)
    lin = shop.member("Lin").opens("mixed", quantity=2).pays()
    ann = shop.member("Ann").joins(lin.group_id, sku_id="pears-3").pays()
    assert (shop.units_left(), shop.units_left("pears-3")) == (98, 99)

    shop.passes(3600)
    shop.passes(61)

    assert (lin.status, ann.status) == ("refunded", "refunded")
    assert shop.sandbox.totals()["refunded_fen"] == 5500
    assert (shop.units_left(), shop.units_left("pears-3")) == (100, 100)
    assert {row["used"] for row in shop.rows("limits")} == {0}
    shop.assert_books_balance()


def test_what_is_sold_out_keeps_nobody_from_the_rest(shop: Shop) -> None:
    garden(shop, stock=1)
    mixed(shop)
    lin = shop.member("Lin").opens("mixed", sku_id="pears-3").pays()
    ann, bo = shop.member("Ann"), shop.member("Bo")
    before = shop.everything()

    refused = ann.tries_to_join(lin.group_id, sku_id="pears-3")

    assert (refused.status, refused.code) == (409, "out_of_stock")
    assert refused["context"] == {"sku_id": "pears-3", "available": 0}
    assert shop.everything() == before
    joined = [each.joins(lin.group_id).pays() for each in (ann, bo)]
    shop.settles()
    assert {order.status for order in (lin, *joined)} == {"to_ship"}
    assert (shop.units_left(), shop.units_left("pears-3")) == (98, 0)
    shop.assert_books_balance()


def test_the_ladder_counts_heads_whatever_each_of_them_buys(shop: Shop) -> None:
    skus = [APPLES, {**PEARS, "tier_prices_fen": [2500, 1000]}]
    mixed(shop, rules={**BOTH, "tiers": TIERS}, skus=skus)
    lin = shop.member("Lin").opens("mixed", quantity=2).pays()
    ann = shop.member("Ann").joins(lin.group_id, sku_id="pears-3", quantity=3).pays()
    two = shop.group(lin.group_id)
    bo = shop.member("Bo").joins(lin.group_id, sku_id="pears-3").pays()
    shop.settles()

    assert [order.now()["refunded_fen"] for order in (lin, ann, bo)] == [600, 4500, 1500]
    assert two["tier"] == {"headcount": 2, "price_fen": 1500}
    assert two["next_tier"] == {"headcount": 3, "price_fen": 1000, "heads_missing": 1}
    assert {sku["sku_id"]: sku["price_now_fen"] for sku in two["skus"]} == {
        "apples-5": 1500,
        "pears-3": 2500,
    }
    full = shop.group(lin.group_id)
    assert (full["tier"], full["next_tier"]) == ({"headcount": 3, "price_fen": 1000}, None)
    assert {sku["sku_id"]: sku["price_now_fen"] for sku in full["skus"]} == {
        "apples-5": 1200,
        "pears-3": 1000,
    }
    settled(shop, lin, ann, bo)
    assert sales(shop) == {"orchard": 2400, "garden": 4000}
    shop.assert_books_balance()


def test_a_merchant_does_not_send_everywhere_and_another_does(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="garden", provinces_not_served=["西藏"])
    mixed(shop)
    lin = shop.member("Lin").opens("mixed").pays()
    far = {**ADDRESS, "province": "西藏自治区"}
    ann = shop.member("Ann")

    refused = ann.tries_to_join(lin.group_id, sku_id="pears-3", address=far)

    assert (refused.status, refused.code) == (409, "address_not_served")
    assert ann.tries_to_join(lin.group_id, address=far).status == 201


def test_the_limit_counts_a_members_units_of_all_products(shop: Shop) -> None:
    mixed(shop, per_member_limit=3)
    lin = shop.member("Lin")
    lin.opens("mixed", quantity=2)

    refused = lin.tries_to_open("mixed", sku_id="pears-3", quantity=2)

    assert (refused.status, refused.code) == (409, "limit_reached")
    assert lin.tries_to_open("mixed", sku_id="pears-3", quantity=1).status == 201


def test_only_what_the_campaign_holds_can_be_bought_in_it(shop: Shop) -> None:
    shop.stocks(100, sku_id="plums-1")
    mixed(shop)
    lin = shop.member("Lin").opens("mixed").pays()
    ann = shop.member("Ann")
    before = shop.everything()

    assert ann.tries_to_open("mixed", sku_id="plums-1").code == "not_found"
    assert ann.tries_to_join(lin.group_id, sku_id="plums-1").code == "not_found"
    assert shop.everything() == before


def test_a_group_keeps_the_products_it_began_with(shop: Shop) -> None:
    mixed(shop)
    lin = shop.member("Lin").opens("mixed").pays()
    shop.campaign("mixed", size=2)

    ann = shop.member("Ann").joins(lin.group_id, sku_id="pears-3").pays()
    refused = shop.member("Di").tries_to_open("mixed", sku_id="pears-3")
    bo = shop.member("Bo").joins(lin.group_id).pays()
    shop.settles()

    assert refused.code == "not_found"
    assert {order.status for order in (lin, ann, bo)} == {"to_ship"}
    assert {sku["product_id"] for sku in shop.group(lin.group_id)["skus"]} == {"apples", "pears"}
    shop.assert_books_balance()


def test_what_is_taken_off_sale_can_no_longer_be_joined_with_and_is_still_delivered(
    shop: Shop,
) -> None:
    mixed(shop)
    lin = shop.member("Lin").opens("mixed", sku_id="pears-3").pays()
    garden(shop, sku_id="pears-5")

    refused = shop.member("Ann").tries_to_join(lin.group_id, sku_id="pears-3")
    joined = [shop.member(name).joins(lin.group_id).pays() for name in ("Ann", "Bo")]
    shop.settles()
    shop.advance(6)  # what a group's page shows of its campaign is remembered that long

    assert refused.code == "not_found"
    assert {order.status for order in (lin, *joined)} == {"to_ship"}
    assert [sku["sku_id"] for sku in shop.group(lin.group_id)["skus"]] == ["apples-5"]
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("of_campaign", "apples_fen", "pears_fen"), [(None, 150, 500), ([500], 75, 125)]
)
def test_uplines_earn_at_each_skus_own_rate_unless_the_campaign_has_one(
    shop: Shop, of_campaign: list[int] | None, apples_fen: int, pears_fen: int
) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    garden(shop, commission_rates_bp=[2000])
    changes = {} if of_campaign is None else {"commission_rates_bp": of_campaign}
    mixed(shop, size=2, **changes)
    code = shop.member("Eve").shares()
    lin = shop.member("Lin").opens("mixed", share_code=code).pays()
    ann = shop.member("Ann").joins(lin.group_id, sku_id="pears-3", share_code=code).pays()

    shop.settles()

    assert commissions(shop, lin.order_id) == {1: ("pending", apples_fen, 0)}
    assert commissions(shop, ann.order_id) == {1: ("pending", pears_fen, 0)}
    shop.assert_books_balance()
