"""Setting units of a SKU aside for a campaign: how many in all, said as often as one likes, and
never more than there are.
"""

from datetime import timedelta

import pytest

from chalicelib.kit.due import due_shard_of
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.reads import read
from chalicelib.stock import store as stock
from chalicelib.stock.allot import allot
from chalicelib.stock.return_units import return_units
from tests.fakes import FakeClock
from tests.in_process import everything, just_before
from tests.stock.words import (
    CAMPAIGN,
    ENDS_AT,
    SHARDS,
    SKU,
    allotted,
    give_back,
    own,
    shard,
    shards,
    stocked,
    take,
)

pytestmark = pytest.mark.usefixtures("database")


def test_units_move_from_the_sku_to_shards_of_their_own() -> None:
    stocked(100)

    allotted(10)

    assert own() == (100, 90, 10)
    assert shards() == [(3, 3), (3, 3), (2, 2), (2, 2)]
    for number in range(SHARDS):
        lot = shard(number)
        assert lot.stock_id == f"{SKU}#{CAMPAIGN}#{number}"
        assert (lot.shards_total, lot.due_at, lot.closed_at) == (SHARDS, ENDS_AT, None)


def test_each_shard_is_due_when_its_campaign_is_over() -> None:
    stocked(100)
    allotted(10)

    for number in range(SHARDS):
        key = stock.shard_key(SKU, CAMPAIGN, number)
        row = read(key).find(key)
        assert row is not None
        assert (row.due_shard, row.due_at) == (due_shard_of(key.hash_value), ENDS_AT)


def test_fewer_units_than_shards_leave_some_empty() -> None:
    stocked(100)

    allotted(2)

    assert shards() == [(1, 1), (1, 1), (0, 0), (0, 0)]


def test_saying_it_again_changes_nothing_also_once_some_are_sold() -> None:
    stocked(100)
    allotted(10)
    take(7)
    before = everything()

    allotted(10)

    assert everything() == before


def test_more_are_added_to_what_is_left() -> None:
    stocked(100)
    allotted(10)
    take(3)

    allotted(15)

    assert own() == (100, 85, 15)
    assert shards() == [(5, 2), (4, 4), (3, 3), (3, 3)]


def test_fewer_are_taken_from_what_is_left_and_are_the_skus_again() -> None:
    stocked(100)
    allotted(10)
    take(3)

    allotted(6)

    assert own() == (100, 94, 6)
    assert shards() == [(3, 0), (0, 0), (1, 1), (2, 2)]


def test_what_is_sold_or_held_cannot_be_taken_away() -> None:
    stocked(100)
    allotted(10)
    take(7)
    before = everything()

    with pytest.raises(InvalidRequest, match="1 units to be taken away are sold or held already"):
        allotted(6)

    assert everything() == before
    allotted(7)
    assert (own(), sum(left for _, left in shards())) == ((100, 93, 7), 0)


def test_no_more_are_set_aside_than_there_are() -> None:
    stocked(10)
    allotted(4)
    before = everything()

    with pytest.raises(InvalidRequest, match="7 more units were to be set aside, and 6 are left"):
        allotted(11)

    assert everything() == before
    allotted(10)
    assert own() == (10, 0, 10)


def test_a_sku_without_stock_has_nothing_to_set_aside() -> None:
    with pytest.raises(InvalidRequest, match="has no stock"):
        allotted(1)


def test_on_how_many_shards_it_lies_cannot_change() -> None:
    stocked(100)
    allotted(10)
    before = everything()

    with pytest.raises(InvalidRequest, match="its allotment lies on 4 shards, which cannot change"):
        allotted(10, shards=5)

    assert everything() == before


def test_a_rehearsal_writes_nothing_and_refuses_the_same() -> None:
    stocked(10)
    before = everything()

    allot(SKU, CAMPAIGN, 10, shards=SHARDS, until=ENDS_AT, dry_run=True)
    with pytest.raises(InvalidRequest):
        allot(SKU, CAMPAIGN, 11, shards=SHARDS, until=ENDS_AT, dry_run=True)

    assert everything() == before


def test_another_end_moves_every_shard_and_no_unit() -> None:
    stocked(100)
    allotted(10)
    take(1)
    later = ENDS_AT + timedelta(days=1)

    allotted(10, until=later)

    assert own() == (100, 90, 10)
    assert [shard(number).due_at for number in range(SHARDS)] == [later] * SHARDS
    assert sum(left for _, left in shards()) == 9


def test_a_campaign_extended_after_its_end_begins_again_with_what_it_holds() -> None:
    stocked(100)
    allotted(10)
    taken_from = take(4)
    clock = FakeClock(ENDS_AT)
    for number in range(SHARDS):
        return_units(f"{SKU}#{CAMPAIGN}#{number}", clock=clock)
    assert own() == (100, 96, 0)
    later = ENDS_AT + timedelta(days=1)

    allotted(10, until=later)

    assert own() == (100, 90, 10)
    assert sum(put for put, _ in shards()) == 10
    assert sum(left for _, left in shards()) == 6
    assert [shard(number).closed_at for number in range(SHARDS)] == [None] * SHARDS
    give_back(taken_from, 4)
    assert own() == (100, 90, 10)
    assert sum(left for _, left in shards()) == 10


def test_a_campaign_in_the_middle_of_its_end_begins_again_whole() -> None:
    stocked(100)
    allotted(10)
    return_units(f"{SKU}#{CAMPAIGN}#1", clock=FakeClock(ENDS_AT))
    assert own() == (100, 93, 7)

    allotted(10, until=ENDS_AT + timedelta(days=1))

    assert own() == (100, 90, 10)
    assert sum(left for _, left in shards()) == 10
    assert shard(1).closed_at is None


def test_two_campaigns_share_a_sku_and_not_their_units() -> None:
    stocked(100)
    allotted(10)

    allot(SKU, "another", 20, shards=2, until=ENDS_AT)

    assert own() == (100, 70, 30)
    assert shards() == [(3, 3), (3, 3), (2, 2), (2, 2)]


def test_a_buyer_who_comes_between_is_counted() -> None:
    stocked(100)
    allotted(10)

    with just_before("TransactWriteItems", lambda: take(9)):
        allotted(12)

    assert own() == (100, 88, 12)
    assert sum(left for _, left in shards()) == 3
    assert sum(put for put, _ in shards()) == 12


def test_units_that_are_sold_meanwhile_are_not_taken_away() -> None:
    stocked(100)
    allotted(10)

    with (
        just_before("TransactWriteItems", lambda: take(9)),
        pytest.raises(InvalidRequest, match="sold or held already"),
    ):
        allotted(5)

    assert own() == (100, 90, 10)


def test_of_two_who_set_aside_at_once_the_second_sees_the_first() -> None:
    stocked(100)
    allotted(4)
    take(1)

    with just_before("TransactWriteItems", lambda: allotted(3)):
        allotted(5)

    assert own() == (100, 95, 5)
    assert sum(put for put, _ in shards()) == 5
