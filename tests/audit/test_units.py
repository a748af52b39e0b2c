"""Stock is held against the units that orders held at the moment it was read, whatever they do
while they are walked through; what is in doubt accuses nobody, and what is wrong does not hide.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.audit.invariants import Violation
from chalicelib.audit.model import UnitsWalk
from chalicelib.audit.stock_snapshot import MOST_LOTS, NOT_THERE, take_snapshot
from chalicelib.audit.units import DOUBT_SECONDS, walk_units
from chalicelib.kit.aws import dynamodb
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.flash import flash
from tests.in_process import just_before
from tests.shop import Placed, Shop
from tests.tables import PREFIX

LATER = DOUBT_SECONDS + 10

Meanwhile = Callable[[], object]


def walked(shop: Shop, *, meanwhile: Meanwhile = lambda: None, size: int = 1000) -> set[str]:
    """The invariants that a walk finds broken. `meanwhile`: between the snapshot and the orders."""
    found: list[Violation] = []
    step = walk_units(None, size, shop.clock)
    shop.advance(LATER)
    meanwhile()
    shop.advance(LATER)
    while step.walk is not None:
        step = walk_units(step.walk, size, shop.clock)
        shop.advance(LATER)
        found += step.violations
    return {one.invariant for one in found}


def stock(shop: Shop, units: int) -> Change:
    """So many more than are left."""
    left = shop.units_left() + units
    return Change("stock", {"sku_id": "apples-5", "shard": 0}, {"units_left": left})


@pytest.fixture
def sold(shop: Shop) -> Placed:
    """An order that has held units for long."""
    order = shop.member("Lin").buys(quantity=3).pays()
    shop.settles()
    shop.advance(LATER)
    return order


def test_orders_that_come_during_the_walk_held_nothing_yet(shop: Shop, sold: Placed) -> None:
    assert walked(shop, meanwhile=lambda: shop.member("Ann").buys(quantity=9).pays()) == set()


def test_units_given_back_during_the_walk_were_held(shop: Shop, sold: Placed) -> None:
    def gives_back() -> None:
        sold.asks_refund()
        shop.settles()

    assert walked(shop, meanwhile=gives_back) == set()
    assert sold.status == "refunded"
    assert shop.units_left() == 100


def test_units_given_back_before_were_not(shop: Shop, sold: Placed) -> None:
    sold.asks_refund()
    shop.settles()
    shop.advance(LATER)

    assert walked(shop) == set()
    with broken(stock(shop, -3)):
        assert walked(shop) == {"units_add_up"}


@pytest.mark.parametrize("units", [1, -1, 3, -3])
def test_one_unit_too_many_or_too_few_is_found(shop: Shop, sold: Placed, units: int) -> None:
    with broken(stock(shop, units)):
        assert walked(shop, meanwhile=lambda: shop.member("Ann").buys(quantity=9)) == {
            "units_add_up"
        }


def test_what_was_placed_or_given_back_just_then_is_in_doubt_and_no_more(
    shop: Shop, sold: Placed
) -> None:
    shop.member("Ann").buys(quantity=2)
    unpaid = shop.member("Bo").buys(quantity=4)
    assert unpaid.cancels().status == 200

    assert walked(shop) == set()
    shop.member("Cy").buys(quantity=2)
    with broken(stock(shop, -1)):
        assert walked(shop) == {"units_add_up"}
    with broken(stock(shop, 2)):
        assert walked(shop) == {"units_add_up"}, "a while later nothing is in doubt any more"


def test_rounds_and_goods_made_to_order_hold_nothing_before_or_after(shop: Shop) -> None:
    shop.campaign("made", rules={"custom_fields": [{"name": "engraving"}]})
    order = shop.member("Lin").opens("made", custom_fields={"engraving": "小满"})
    assert order.cancels().status == 200
    shop.advance(LATER)

    assert walked(shop) == set()
    (row,) = shop.rows("orders")
    assert (row["units_held"], "units_back_at" in row) == (0, False)


def test_shards_are_read_as_they_were_together(shop: Shop) -> None:
    """Units that move from one to another between two readings are not counted twice."""
    flash(shop, 9, shards=3)

    def moves() -> None:
        for number, units in ((0, -1), (1, 1)):
            dynamodb().update_item(
                TableName=f"{PREFIX}-stock",
                Key={"sku_id": {"S": f"apples-5#flash#{number}"}, "shard": {"N": str(number)}},
                UpdateExpression="SET units_left = units_left + :n, supplied = supplied + :n",
                ExpressionAttributeValues={":n": {"N": str(units)}},
            )

    with just_before("BatchGetItem", moves):
        taken = take_snapshot(0, None, only=(), clock=shop.clock)

    lots = {id: lot[1] for id, lot in taken.lots.items() if "#" in id}
    assert lots == {"apples-5#flash#0": 2, "apples-5#flash#1": 4, "apples-5#flash#2": 3}
    assert (taken.left_out, taken.too_many) == ([], [])
    assert walked(shop) == set()


def test_units_of_a_sku_that_is_not_there_are_found(shop: Shop, sold: Placed) -> None:
    key: dict[str, str | int] = {"order_id": sold.order_id}
    with broken(Change("orders", key, {"sku_id": "pears-3"})):
        step = walk_units(walk_units(None, 9, shop.clock).walk, 9, shop.clock)

    assert step.walk is not None
    assert step.walk.look == 2
    assert set(step.walk.only) == {"apples-5", "pears-3"}


def many_skus(count: int) -> None:
    for first in range(0, count, 25):
        puts: list[dict[str, Any]] = [
            {"PutRequest": {"Item": _stock_item(number)}}
            for number in range(first, min(first + 25, count))
        ]
        dynamodb().batch_write_item(RequestItems={f"{PREFIX}-stock": puts})


def _stock_item(number: int) -> dict[str, Any]:
    whole = {"shard": 0, "supplied": 7, "units_left": 6 if number == 13 else 7}
    return {
        "sku_id": {"S": f"sku-{number:04}"},
        **{name: {"N": str(value)} for name, value in whole.items()},
    }


def test_more_stock_than_fits_beside_the_cursor_is_gone_through_in_portions(
    database: None, clock: FakeClock
) -> None:
    many_skus(MOST_LOTS + 100)
    seen: list[UnitsWalk] = []
    looked = 0
    found: list[Violation] = []
    step = walk_units(None, 1000, clock)
    while step.walk is not None:
        seen.append(step.walk)
        looked += step.looked_count
        assert not step.too_many
        step = walk_units(step.walk, 1000, clock)
        found += step.violations

    portions = {(walk.portion, walk.look): walk for walk in seen}
    assert {walk.portions for walk in seen} == {3}
    assert len(portions) == 4, "three, and a second look at one"
    assert all(len(walk.lots) <= MOST_LOTS for walk in seen)
    assert looked == MOST_LOTS + 100
    assert [(one.invariant, one.id) for one in found] == [("units_add_up", "sku-0013")]
    assert all(lot[3] != NOT_THERE for walk in seen for lot in walk.lots.values())
