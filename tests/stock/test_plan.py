"""From which shards a purchase takes its units: never more than is there, and never less than is
wanted while all shards together have it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.stock.model import Shard, Taking, plan, spread


def lying(*units: int) -> list[Shard]:
    return [Shard(number, left) for number, left in enumerate(units)]


@pytest.mark.parametrize(
    ("units", "quantity", "start", "taking"),
    [
        ((5, 5, 5), 1, 0, Taking(0)),
        ((5, 5, 5), 1, 2, Taking(2)),
        ((5, 5, 5), 1, 5, Taking(2)),
        ((5, 0, 0), 1, 1, Taking(0)),
        ((2, 5, 3), 3, 0, Taking(1)),
        ((2, 5, 3), 3, 2, Taking(2)),
        ((1, 1, 1), 3, 0, Taking(0, (Shard(1, 1), Shard(2, 1)))),
        ((1, 1, 1), 3, 1, Taking(1, (Shard(2, 1), Shard(0, 1)))),
        ((1, 4, 2), 5, 0, Taking(1, (Shard(2, 1),))),
        ((1, 4, 2), 7, 0, Taking(1, (Shard(2, 2), Shard(0, 1)))),
        ((0, 3, 0), 3, 0, Taking(1)),
        ((7,), 7, 9, Taking(0)),
    ],
)
def test_one_shard_that_has_enough_is_taken_first_and_else_the_fullest(
    units: tuple[int, ...], quantity: int, start: int, taking: Taking
) -> None:
    assert plan(lying(*units), quantity, start=start) == taking


@pytest.mark.parametrize(
    ("units", "quantity"), [((), 1), ((0, 0), 1), ((1, 1, 1), 4), ((9,), 10), ((0,), 999)]
)
def test_there_is_no_way_when_all_together_have_too_few(
    units: tuple[int, ...], quantity: int
) -> None:
    assert plan(lying(*units), quantity, start=3) is None


@given(
    units=st.lists(st.integers(0, 12), min_size=1, max_size=24),
    quantity=st.integers(1, 40),
    start=st.integers(0, 1000),
)
def test_nothing_is_stranded_and_nothing_is_made_up(
    units: list[int], quantity: int, start: int
) -> None:
    taking = plan(lying(*units), quantity, start=start)

    assert (taking is None) == (sum(units) < quantity)
    if taking is None:
        return
    left = list(units)
    for each in taking.moved:
        assert each.units_left > 0
        assert each.shard != taking.shard
        left[each.shard] -= each.units_left
        left[taking.shard] += each.units_left
    assert len({each.shard for each in taking.moved}) == len(taking.moved)
    left[taking.shard] -= quantity
    assert min(left) >= 0
    assert sum(left) == sum(units) - quantity
    assert taking.moved_units == (quantity - units[taking.shard] if taking.moved else 0)
    assert bool(taking.moved) == (max(units) < quantity)


@given(
    units=st.lists(st.integers(0, 6), min_size=1, max_size=8),
    wanted=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 7)), max_size=60),
)
def test_buyers_one_after_another_take_all_there_is_and_no_more(
    units: list[int], wanted: list[tuple[int, int]]
) -> None:
    left, sold = list(units), 0
    for quantity, start in [*wanted, *((1, 0) for _ in range(sum(units)))]:
        taking = plan(lying(*left), quantity, start=start)
        if taking is None:
            assert sum(left) < quantity
            continue
        for each in taking.moved:
            left[each.shard] -= each.units_left
        left[taking.shard] -= quantity - taking.moved_units
        sold += quantity
        assert min(left) >= 0
    assert (sold, sum(left)) == (sum(units), 0)


@given(units=st.integers(0, 10_000), shards=st.integers(1, 24))
def test_units_are_spread_evenly(units: int, shards: int) -> None:
    parts = spread(units, shards)

    assert (len(parts), sum(parts)) == (shards, units)
    assert max(parts) - min(parts) <= 1
