"""What an operator changes while a file is gone through is not overwritten by what the file has no
column for.
"""

from functools import partial
from typing import Any

import pytest

from chalicelib.admin.dispatch import dispatch
from chalicelib.files.model import drop_of
from chalicelib.files.take import Tools, take
from tests.dropping import drops, outcomes, results
from tests.in_process import just_before
from tests.shop import Shop

PRODUCTS = "in/products.csv"
PRICES = "product_id,sku_id,solo_price_fen,stock\napples,apples-5,2200,120\n"
PEARS = (
    "product_id,merchant_id,title,sku_id,sku_title,solo_price_fen,stock\n"
    "pears,orchard,梨,pears-5,5斤装,1800,10\n"
)
CAMPAIGNS = "in/campaigns.csv"
GROUP_PRICES = "campaign_id,sku_id,group_price_fen\nautumn,apples-5,1400\n"
WHAT = "It has been changed since it was read: look at it, then send it again."


def put_apples(shop: Shop, **changes: Any) -> None:
    shop.admin("put_product", **{**shop.product(), **changes})


def put_autumn(shop: Shop, **changes: Any) -> None:
    stands = shop.admin("get_campaign", campaign_id="autumn")
    known = ("campaign_id", "title", "size", "duration_seconds", "starts_at", "ends_at")
    skus = [{"sku_id": "apples-5", "group_price_fen": 1500}]
    fields = {name: stands[name] for name in known}
    shop.admin("put_campaign", **{**fields, "skus": skus, **changes})


def content(shop: Shop, kind: str, id: str) -> Any:
    (row,) = shop.rows("catalog", id=id, kind=kind)
    return row["content"]


def test_a_product_changed_before_it_is_written_is_left_as_it_is(shop: Shop) -> None:
    put_apples(shop, description="脆甜")
    changed = partial(put_apples, shop, description="粉糯", category="水果")

    with just_before("TransactWriteItems", changed):
        (row,) = drops(shop, PRODUCTS, PRICES)

    assert (row["outcome"], row["what_was_wrong"]) == ("wrong", WHAT)
    apples = content(shop, "product", "apples")
    assert (apples["description"], apples["category"]) == ("粉糯", "水果")
    assert apples["skus"][0]["solo_price_fen"] == 2000
    assert shop.units_left() == 100

    assert outcomes(drops(shop, PRODUCTS, PRICES)) == ["done"]
    apples = content(shop, "product", "apples")
    assert (apples["description"], apples["skus"][0]["solo_price_fen"]) == ("粉糯", 2200)


def test_a_campaign_changed_before_it_is_written_is_left_as_it_is(shop: Shop) -> None:
    with just_before("TransactWriteItems", partial(put_autumn, shop, title="晚秋", size=3)):
        (row,) = drops(shop, CAMPAIGNS, GROUP_PRICES)

    assert (row["outcome"], row["what_was_wrong"]) == ("wrong", WHAT)
    autumn = content(shop, "campaign", "autumn")["campaign"]
    assert (autumn["title"], autumn["size"]) == ("晚秋", 3)
    assert autumn["skus"][0]["group_price_fen"] == 1500

    assert outcomes(drops(shop, CAMPAIGNS, GROUP_PRICES)) == ["done"]
    autumn = content(shop, "campaign", "autumn")["campaign"]
    assert (autumn["title"], autumn["skus"][0]["group_price_fen"]) == ("晚秋", 1400)


def taken(shop: Shop, key: str, text: str, changed: partial[None]) -> dict[str, str]:
    """The row's result; `changed` happens once its command is on the way."""
    shop.files.contents[key] = text.encode()
    drop = drop_of(key)
    assert drop is not None

    def command(event: dict[str, Any]) -> dict[str, Any]:
        changed()
        return dispatch(event, money=False)

    take(drop, "1", Tools(shop.files, command, shop.clock, lambda: True))
    (row,) = results(shop, key)
    return row


@pytest.mark.parametrize(
    ("key", "text", "changed"),
    [
        (PRODUCTS, PRICES, partial(put_apples, title="苹果")),
        (CAMPAIGNS, GROUP_PRICES, partial(put_autumn, size=3)),
        (
            PRODUCTS,
            PEARS,
            lambda shop: shop.admin("put_product", **shop.product(sku_id="pears-5")),
        ),
    ],
    ids=["product", "campaign", "one that was not there"],
)
def test_so_is_what_was_changed_before_the_command_read_it(
    shop: Shop, key: str, text: str, changed: Any
) -> None:
    row = taken(shop, key, text, partial(changed, shop))
    assert (row["outcome"], row["what_was_wrong"]) == ("wrong", WHAT)


def test_what_is_so_already_is_unchanged_whoever_made_it_so(shop: Shop) -> None:
    put_too = shop.product(solo_price_fen=2200, units=120)
    changed = partial(shop.admin, "put_product", **put_too)
    assert taken(shop, PRODUCTS, PRICES, changed)["outcome"] == "unchanged"


def test_units_set_aside_are_the_ones_of_what_stands(shop: Shop) -> None:
    def aside(units: int) -> dict[str, Any]:
        sku = {"sku_id": "apples-5", "group_price_fen": 1500, "allotted_units": units}
        return {"skus": [sku], "rules": {"allotment": {"shards": 2}}}

    put_autumn(shop, **aside(10))
    text = "campaign_id,sku_id,group_price_fen,allotted_units\nautumn,apples-5,1400,30\n"

    with just_before("TransactWriteItems", partial(put_autumn, shop, **aside(20))):
        (row,) = drops(shop, CAMPAIGNS, text)

    assert (row["outcome"], row["what_was_wrong"]) == ("wrong", WHAT)
    (sku,) = shop.admin("get_campaign", campaign_id="autumn")["skus"]
    assert (sku["allotted_units"], sku["allotted_units_left"]) == (20, 20)
    assert shop.units_left() == 80
