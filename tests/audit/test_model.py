"""How fast a round goes, when it is due, and when it is late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.audit.model import (
    AIM_SECONDS,
    FEWEST_ROWS,
    LATE_SECONDS,
    MOST_ROWS,
    ROUND_SECONDS,
    RUN_SECONDS,
    LastRound,
    Leg,
    Progress,
    Round,
)
from tests.fakes import NOON

RUNS_A_DAY = ROUND_SECONDS // RUN_SECONDS


def progress(rows: int) -> Progress:
    """A day after a round that had so many rows."""
    began_at = NOON - timedelta(days=1)
    return Progress(last_round=LastRound(began_at, NOON, rows={"orders": rows}))


def runs_needed(before: Progress, rows: int) -> tuple[int, datetime]:
    """How many runs a round over so many rows takes, and when its last is."""
    round, now = Round(began_at=NOON), NOON
    for number in range(1, 2 * RUNS_A_DAY):
        round = round.has_read("orders", before.rows_for_run(round, now))
        if round.rows_count >= rows:
            return number, now
        now += timedelta(seconds=RUN_SECONDS)
    raise AssertionError("two days were not enough")


@pytest.mark.parametrize("rows", [30_000, 300_000, 1_000_000, 4_000_000])
def test_a_round_is_spread_over_most_of_a_day(rows: int) -> None:
    number, ends_at = runs_needed(progress(rows), rows)

    assert ends_at <= NOON + timedelta(seconds=AIM_SECONDS)
    assert number > RUNS_A_DAY // 10


@pytest.mark.parametrize("rows", [0, 1, FEWEST_ROWS])
def test_a_small_shops_is_done_in_one_run(rows: int) -> None:
    assert runs_needed(progress(rows), rows)[0] == 1


def test_a_shop_that_has_grown_by_half_is_done_in_a_day_all_the_same() -> None:
    assert runs_needed(progress(1_000_000), 1_500_000)[1] < NOON + timedelta(seconds=ROUND_SECONDS)


def test_the_first_round_goes_as_fast_as_it_can() -> None:
    assert Progress().rows_for_run(Round(began_at=NOON), NOON) == MOST_ROWS


def test_no_run_is_asked_for_more_than_it_may_read() -> None:
    late = NOON + timedelta(seconds=ROUND_SECONDS)

    assert progress(10**9).rows_for_run(Round(began_at=NOON), late) == MOST_ROWS


def test_a_round_is_due_an_hour_less_than_a_day_after_the_last_began_and_late_after_a_day() -> None:
    ended = Progress().ended(Round(began_at=NOON), NOON + timedelta(hours=3))
    then = NOON + timedelta(seconds=ROUND_SECONDS)
    a_day_later = NOON + timedelta(seconds=LATE_SECONDS)

    assert ended.is_resting(then - timedelta(seconds=1))
    assert not ended.is_resting(then)
    assert not Progress().is_resting(NOON)
    assert not replace(ended, round=Round(began_at=NOON)).is_resting(NOON)
    assert not Round(began_at=NOON).is_behind(a_day_later)
    assert Round(began_at=NOON).is_behind(a_day_later + timedelta(seconds=1))


def test_a_round_goes_through_every_leg_in_turn() -> None:
    round, seen = Round(began_at=NOON), [Leg.GROUPS]
    while round.leg is not Leg.UNITS:
        round = round.moves_to({"id": {"S": "x"}}, "x")
        assert (round.leg, round.last_key) == (seen[-1], "x")
        round = round.moves_to(None, "y")
        assert (round.start, round.last_key) == (None, "")
        seen.append(round.leg)

    assert seen == list(Leg)


def test_what_seems_wrong_twice_is_looked_at_once() -> None:
    round = Round(began_at=NOON).suspects_also([("order", "a"), ("order", "b"), ("order", "a")])

    assert round.suspects_also([("order", "b")]).suspects == (("order", "a"), ("order", "b"))
