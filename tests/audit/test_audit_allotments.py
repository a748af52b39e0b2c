"""What the audit says of units set aside for campaigns: nothing while all is right, and by name
what is not.

One story for all: a flash sale that runs, with units held, sold and left, and one that is over.
Each test breaks a row by hand and puts it back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.groups import show
from tests.audit.rounds import found_by_command, found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.flash import flash, lots
from tests.shop import Placed, Shop


@dataclass(frozen=True)
class Story:
    """Orders of the sale that runs (`sold`, of units moved together, and `held`) and of the one
    that is over (`kept`).
    """

    shop: Shop
    sold: Placed
    held: Placed
    kept: Placed


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    flash(shop, 10, campaign_id="over", shards=2)
    kept = lin.opens("over", quantity=3).pays()
    ann.joins(kept.group_id).pays()
    shop.settles()
    shop.passes(3600)
    flash(shop, 9, shards=3)
    sold = lin.opens("flash", quantity=5).pays()
    ann.joins(sold.group_id).pays()
    shop.settles()
    held = ann.opens("flash", quantity=1)
    yield Story(shop, sold, held, kept)
    shop.close()


def shard(number: int, campaign_id: str = "flash", **values: str | int | None) -> Change:
    stock_id = f"apples-5#{campaign_id}#{number}"
    return Change("stock", {"sku_id": stock_id, "shard": number}, dict(values))


def row(story: Story, number: int, campaign_id: str = "flash") -> dict[str, int]:
    (found,) = story.shop.rows("stock", sku_id=f"apples-5#{campaign_id}#{number}")
    return found


def own(**values: str | int | None) -> Change:
    return Change("stock", {"sku_id": "apples-5", "shard": 0}, dict(values))


def order(placed: Placed, **values: str | int | None) -> Change:
    return Change("orders", {"order_id": placed.order_id}, dict(values))


def violations(story: Story) -> set[tuple[str, str]]:
    """What the command finds; and a round of slices, just the same."""
    found = found_by_command(story.shop)
    assert found_by_slices(story.shop) == found
    return found


ALLOTMENT, UNITS = ("allotments_add_up", "apples-5"), ("units_add_up", "apples-5")


def test_nothing_is_wrong_with_a_sale_that_runs_and_one_that_is_over(story: Story) -> None:
    assert violations(story) == set()
    assert (sum(lots(story.shop)), lots(story.shop, "over")) == (2, [0, 0])
    story.shop.assert_books_balance()


def test_a_unit_too_many_or_too_few_on_a_shard_is_named(story: Story) -> None:
    fullest = max(range(3), key=lambda number: row(story, number)["units_left"])
    left = int(row(story, fullest)["units_left"])
    for wrong in (left + 1, left - 1, -1):
        with broken(shard(fullest, units_left=wrong)):
            assert violations(story) == {ALLOTMENT, UNITS}


def test_units_that_lie_on_another_shard_than_it_says_are_named(story: Story) -> None:
    moved = int(row(story, 0)["supplied"]) + 1
    with broken(shard(0, supplied=moved)):
        assert violations(story) == {ALLOTMENT}


def test_an_order_that_names_another_shard_is_named(story: Story) -> None:
    own_shard = int(story.shop.rows("orders", order_id=story.held.order_id)[0]["stock_shard"])
    for another in ((own_shard + 1) % 3, 7):
        with broken(order(story.held, stock_shard=another)):
            assert violations(story) == {ALLOTMENT}
    with broken(order(story.held, stock_shard=None)):
        assert violations(story) == {ALLOTMENT}


def test_a_sku_that_says_otherwise_than_its_shards_is_named(story: Story) -> None:
    for wrong in (8, 10, None):
        with broken(own(allotted=wrong)):
            assert violations(story) == {ALLOTMENT}


def test_units_left_where_the_sale_is_over_are_named(story: Story) -> None:
    number = int(story.shop.rows("orders", order_id=story.kept.order_id)[0]["stock_shard"])
    put_there = int(row(story, number, "over")["supplied"])
    with broken(shard(number, "over", supplied=put_there + 1, units_left=1)):
        assert violations(story) == {ALLOTMENT, UNITS}
    with broken(shard(number, "over", supplied=put_there - 1)):
        assert violations(story) == {ALLOTMENT}


def test_a_shard_that_no_sweep_will_find_or_none_has_found_is_named(story: Story) -> None:
    with broken(shard(0, due_at=None, due_shard=None)):
        assert violations(story) == {("whatever_waits_is_due", "apples-5")}
    with broken(shard(0, due_at="2026-11-22T11:00:00.000Z")):
        assert violations(story) == {("nothing_is_overdue", "apples-5")}


def test_a_shard_that_cannot_be_read_is_named_and_held_against_nobody(story: Story) -> None:
    for values in ({"closed_at": "yesterday"}, {"units_left": "many"}):
        with broken(shard(0, **values)):
            assert violations(story) == {("rows_are_readable", "apples-5#flash#0")}
