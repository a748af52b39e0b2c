"""Business days: in the business's own time zone, whatever UTC says."""

from datetime import UTC, datetime

import pytest

from chalicelib.kit.days import day_of, days_before, end_of_day, month_of, week_of

JUST_BEFORE = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
MIDNIGHT_THERE = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def test_a_day_ends_at_midnight_in_shanghai() -> None:
    assert day_of(JUST_BEFORE) == "2026-11-22"
    assert day_of(MIDNIGHT_THERE) == "2026-11-23"
    assert end_of_day("2026-11-22") == MIDNIGHT_THERE


def test_a_week_is_the_iso_week_there() -> None:
    assert week_of(JUST_BEFORE) == "2026-W47"
    assert week_of(MIDNIGHT_THERE) == "2026-W48"
    assert week_of(datetime(2027, 1, 2, 12, tzinfo=UTC)) == "2026-W53"


def test_a_month_ends_there_too() -> None:
    assert month_of(datetime(2026, 11, 30, 15, 59, tzinfo=UTC)) == "2026-11"
    assert month_of(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == "2026-12"


def test_days_are_counted_back_over_the_month() -> None:
    assert days_before(datetime(2026, 12, 1, 12, tzinfo=UTC), 1) == "2026-11-30"


def test_another_zone_has_other_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSINESS_TIMEZONE", "America/New_York")
    assert day_of(MIDNIGHT_THERE) == "2026-11-22"
    # The day on which clocks go back has 25 hours.
    assert end_of_day("2026-11-01") == datetime(2026, 11, 2, 5, tzinfo=UTC)
