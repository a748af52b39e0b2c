"""What is left of an allotment goes back to its SKU once its campaign is over, and what orders hold
of it when they give it back: each unit once, whichever comes first.
"""

from datetime import timedelta

import pytest

from chalicelib.kit.due import due_items
from chalicelib.stock.return_sooner import return_sooner
from chalicelib.stock.return_units import return_units
from chalicelib.stock.store import StockRow
from tests.fakes import NOON, FakeClock
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

AFTER = FakeClock(ENDS_AT)


def returned(*numbers: int, clock: FakeClock = AFTER) -> None:
    for number in numbers or range(SHARDS):
        return_units(f"{SKU}#{CAMPAIGN}#{number}", clock=clock)


def due(at_seconds: int) -> int:
    """How many shards a sweep finds then."""
    before = NOON + timedelta(seconds=at_seconds)
    return len(list(due_items(StockRow, before, limit_per_shard=100)))


def test_nothing_goes_back_a_millisecond_before_its_time() -> None:
    stocked(100)
    allotted(10)
    before = everything()

    returned(clock=FakeClock(ENDS_AT - timedelta(milliseconds=1)))

    assert everything() == before
    assert (due(3599), due(3600)) == (0, SHARDS)


def test_what_is_left_is_the_skus_again_shard_by_shard() -> None:
    stocked(100)
    allotted(10)
    take(5)

    returned(0)

    assert own() == (100, 90, 5), "what was moved away from it, and sold, counts elsewhere"
    assert (shard(0).units_left, shard(0).due_at, shard(0).closed_at) == (0, None, ENDS_AT)
    returned()
    assert own() == (100, 95, 0)
    assert sum(put for put, _ in shards()) == 5
    assert due(10**6) == 0


def test_twice_is_once() -> None:
    stocked(100)
    allotted(10)
    returned()
    before = everything()

    returned()

    assert everything() == before
    assert own() == (100, 100, 0)


def test_what_is_not_there_has_nothing_to_return() -> None:
    stocked(100)
    before = everything()

    return_units(f"{SKU}#nothing#0", clock=AFTER)
    return_units(SKU, clock=AFTER)

    assert everything() == before


def test_units_given_back_before_the_end_are_the_campaigns() -> None:
    stocked(100)
    allotted(10)
    number = take(3)

    give_back(number, 3)

    assert own() == (100, 90, 10)
    assert sum(left for _, left in shards()) == 10


def test_units_given_back_after_the_end_are_the_skus() -> None:
    stocked(100)
    allotted(10)
    number = take(3)
    returned()

    give_back(number, 2)

    assert own() == (100, 99, 0)
    assert (shard(number).supplied, shard(number).units_left) == (1, 0)
    give_back(number, 1)
    assert own() == (100, 100, 0)
    assert [put for put, _ in shards()] == [0] * SHARDS


def test_units_that_were_moved_to_another_shard_go_back_to_that_one() -> None:
    stocked(100)
    allotted(4)

    number = take(3)

    assert shards() == [(3, 0), (0, 0), (0, 0), (1, 1)]
    give_back(number, 3)
    assert shards() == [(3, 3), (0, 0), (0, 0), (1, 1)]
    assert own() == (100, 96, 4)


def test_a_buyer_who_comes_just_before_the_end_is_counted() -> None:
    stocked(100)
    allotted(4)

    with just_before("TransactWriteItems", lambda: take(1)):
        returned(0)
    returned()

    assert own() == (100, 99, 0)
    assert shards() == [(1, 0), (0, 0), (0, 0), (0, 0)]


def test_units_moved_away_just_before_the_end_are_counted_once() -> None:
    stocked(100)
    allotted(4)

    with just_before("TransactWriteItems", lambda: take(4, start=1)):
        returned(0)
    returned()

    assert own() == (100, 96, 0)
    assert sorted(shards()) == [(0, 0), (0, 0), (0, 0), (4, 0)]


def test_a_campaign_extended_just_before_its_end_is_not_over() -> None:
    stocked(100)
    allotted(10)
    later = ENDS_AT + timedelta(days=1)

    with just_before("TransactWriteItems", lambda: allotted(10, until=later)):
        returned(0)

    assert own() == (100, 90, 10)
    assert shard(0).due_at == later


def test_it_is_over_sooner_but_never_later() -> None:
    stocked(100)
    allotted(10)
    sooner = NOON + timedelta(seconds=600)

    return_sooner(SKU, CAMPAIGN, by=sooner)
    return_sooner(SKU, CAMPAIGN, by=sooner + timedelta(seconds=1))

    assert [shard(number).due_at for number in range(SHARDS)] == [sooner] * SHARDS
    assert (due(599), due(600)) == (0, SHARDS)
    returned(clock=FakeClock(sooner))
    assert own() == (100, 100, 0)


def test_what_is_over_or_never_was_is_not_over_sooner() -> None:
    stocked(100)
    return_sooner(SKU, CAMPAIGN, by=NOON)
    allotted(10)
    returned()
    before = everything()

    return_sooner(SKU, CAMPAIGN, by=NOON)

    assert everything() == before


def test_a_shard_that_is_over_meanwhile_is_passed_by() -> None:
    stocked(100)
    allotted(10)

    with just_before("TransactWriteItems", lambda: returned(2)):
        return_sooner(SKU, CAMPAIGN, by=NOON)

    assert [shard(number).due_at for number in range(SHARDS)] == [NOON, NOON, None, NOON]
    assert own() == (100, 92, 8)
