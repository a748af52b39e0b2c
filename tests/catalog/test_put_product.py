"""Putting products: content is replaced, stock is relative, SKU ids are taken once."""

import pytest

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Merchant, Outcome
from chalicelib.catalog.put_merchant import put_merchant
from chalicelib.catalog.put_product import SkuStock, put_product
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.reads import read
from chalicelib.wiring import Wiring
from tests.goods import product, sell, sku, stocked, units
from tests.in_process import everything, just_before


def is_for_sale(sku_id: str) -> bool:
    key = catalog.sku_key(sku_id)
    return read(key).find(key) is not None


def test_a_product_comes_with_its_skus_and_their_stock(wired: Wiring) -> None:
    entry = product("apples", sku("small", units=3), sku("big", units=7, solo_price_fen=3000))

    put = stocked(entry, clock=wired.clock)

    assert put.outcome is Outcome.CREATED
    assert put.stock == (SkuStock("small", 3, 3), SkuStock("big", 7, 7))
    assert (units("small"), units("big")) == ((3, 3), (7, 7))
    key = catalog.sku_key("big")
    big = catalog.sku_of(read(key).find(key))
    assert big is not None
    assert (big.product_id, big.merchant_id) == ("apples", "orchard")
    assert (big.product_title, big.title) == ("红富士苹果", "5斤装")
    assert big.solo_price_fen == 3000


def test_the_same_product_again_changes_nothing(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    sell("apples-5", 4)
    before = everything()

    put = put_product(product(), clock=wired.clock)

    assert put.outcome is Outcome.UNCHANGED
    assert put.stock == (SkuStock("apples-5", 10, 6),)
    assert everything() == before


def test_more_stock_adds_the_difference_to_what_is_left(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    sell("apples-5", 4)

    put = put_product(product("apples", sku("apples-5", units=15)), clock=wired.clock)

    assert put.outcome is Outcome.CHANGED
    assert units("apples-5") == (15, 11)


def test_stock_can_shrink_down_to_what_is_taken_and_no_further(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    sell("apples-5", 4)

    put_product(product("apples", sku("apples-5", units=4)), clock=wired.clock)
    assert units("apples-5") == (4, 0)

    before = everything()
    with pytest.raises(InvalidRequest, match="4 units are already sold, held or set aside"):
        put_product(product("apples", sku("apples-5", units=3)), clock=wired.clock)
    assert everything() == before


def test_units_sold_while_stock_shrinks_stay_sold(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    with just_before("TransactWriteItems", lambda: sell("apples-5", 4)):
        put_product(product("apples", sku("apples-5", units=5)), clock=wired.clock)

    assert units("apples-5") == (5, 1)


def test_the_last_units_sold_while_stock_shrinks_refuse_the_shrinking(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    with (
        just_before("TransactWriteItems", lambda: sell("apples-5", 8)),
        pytest.raises(InvalidRequest, match="8 units are already sold, held or set aside"),
    ):
        put_product(product("apples", sku("apples-5", units=5)), clock=wired.clock)

    assert units("apples-5") == (10, 2)


def test_two_deliveries_at_once_end_as_one_of_them_says(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    sell("apples-5", 4)
    twenty = product("apples", sku("apples-5", units=20))
    thirty = product("apples", sku("apples-5", units=30))

    with just_before("TransactWriteItems", lambda: put_product(twenty, clock=wired.clock)):
        put_product(thirty, clock=wired.clock)

    assert units("apples-5") == (30, 26)


def test_the_first_put_twice_at_once_stocks_once(wired: Wiring) -> None:
    put_merchant(Merchant(merchant_id="orchard", name="果园直供"))

    with just_before("TransactWriteItems", lambda: put_product(product(), clock=wired.clock)):
        put = put_product(product(), clock=wired.clock)

    assert put.outcome is Outcome.UNCHANGED
    assert units("apples-5") == (10, 10)


def test_a_sku_that_is_dropped_can_no_longer_be_bought_and_its_stock_stays(wired: Wiring) -> None:
    stocked(product("apples", sku("small", units=3), sku("big", units=7)), clock=wired.clock)
    sell("big", 2)

    put = put_product(product("apples", sku("small", units=3)), clock=wired.clock)

    assert put.withdrawn_sku_ids == ("big",)
    assert (is_for_sale("small"), is_for_sale("big")) == (True, False)
    assert units("big") == (7, 5)

    put_product(product("apples", sku("small", units=3), sku("big", units=9)), clock=wired.clock)
    assert is_for_sale("big")
    assert units("big") == (9, 7)


def test_a_sku_added_by_another_put_meanwhile_does_not_outlive_the_product_s_list(
    wired: Wiring,
) -> None:
    stocked(product("apples", sku("small")), clock=wired.clock)
    with_big = product("apples", sku("small"), sku("big"))

    with just_before("TransactWriteItems", lambda: put_product(with_big, clock=wired.clock)):
        put_product(product("apples", sku("small")), clock=wired.clock)

    assert not is_for_sale("big")


def test_a_product_taken_off_sale_cannot_be_bought_until_it_is_put_back(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    put = put_product(product(on_sale=False), clock=wired.clock)
    assert put.withdrawn_sku_ids == ("apples-5",)
    assert not is_for_sale("apples-5")
    again = put_product(product(on_sale=False), clock=wired.clock)
    assert again.outcome is Outcome.UNCHANGED

    put_product(product(), clock=wired.clock)
    assert is_for_sale("apples-5")
    assert units("apples-5") == (10, 10)


def test_a_sku_of_another_product_is_refused(wired: Wiring) -> None:
    stocked(product("apples", sku("shared")), clock=wired.clock)
    before = everything()

    with pytest.raises(InvalidRequest, match="SKU shared belongs to product apples"):
        put_product(product("pears", sku("pears-5"), sku("shared")), clock=wired.clock)

    assert everything() == before


def test_a_sku_id_taken_by_another_product_meanwhile_is_refused(wired: Wiring) -> None:
    stocked(product("plums"), clock=wired.clock)
    apples, pears = product("apples", sku("shared")), product("pears", sku("shared"))

    with (
        just_before("TransactWriteItems", lambda: put_product(apples, clock=wired.clock)),
        pytest.raises(InvalidRequest, match="SKU shared belongs to product apples"),
    ):
        put_product(pears, clock=wired.clock)

    key = catalog.product_key("pears")
    assert read(key).find(key) is None


def test_a_product_needs_its_merchant(wired: Wiring) -> None:
    with pytest.raises(NotFound, match="There is no merchant orchard"):
        put_product(product(), clock=wired.clock)

    assert not any(everything().values())


def test_a_dry_run_says_what_it_would_do_and_does_not(wired: Wiring) -> None:
    stocked(product("apples", sku("small", units=3), sku("big", units=7)), clock=wired.clock)
    before = everything()

    put = put_product(product("apples", sku("small", units=5)), clock=wired.clock, dry_run=True)

    assert put.outcome is Outcome.CHANGED
    assert put.stock == (SkuStock("small", 5, 5),)
    assert put.withdrawn_sku_ids == ("big",)
    assert everything() == before


def test_thirty_skus_can_make_way_for_thirty_others(wired: Wiring) -> None:
    stocked(product("apples", *(sku(f"old-{n}") for n in range(30))), clock=wired.clock)

    put = put_product(product("apples", *(sku(f"new-{n}") for n in range(30))), clock=wired.clock)

    assert len(put.withdrawn_sku_ids) == 30
    assert is_for_sale("new-29")
    assert not is_for_sale("old-0")


def test_an_operator_s_own_attribute_survives_a_put(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    key = catalog.product_key("apples")
    writes_note(key)

    put_product(product(title="黄元帅苹果"), clock=wired.clock)

    assert {"S": "ask Wang"} in [item.get("note") for item in everything()["kaituan-test-catalog"]]


def writes_note(key: catalog.CatalogKey) -> None:
    """What an operator types into the console."""
    dynamodb().update_item(
        TableName=catalog.CatalogRow.table_name(),
        Key=key.to_item(),
        UpdateExpression="SET note = :note",
        ExpressionAttributeValues={":note": {"S": "ask Wang"}},
    )
