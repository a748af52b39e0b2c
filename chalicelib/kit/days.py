"""Which day a moment belongs to: a day of limits, closings and boards is one in the business's own
time zone, whatever UTC says.

The zone is the deployment's, from BUSINESS_TIMEZONE; without one it is Asia/Shanghai.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def business_time(moment: datetime) -> datetime:
    """The moment as a clock in the business's time zone shows it."""
    return moment.astimezone(_zone(os.environ.get("BUSINESS_TIMEZONE") or DEFAULT_ZONE))


def day_of(moment: datetime) -> str:
    """`2026-11-22`: the business day."""
    return f"{business_time(moment):%Y-%m-%d}"


def week_of(moment: datetime) -> str:
    """`2026-W47`: the ISO week, Monday to Sunday."""
    year, week, _ = business_time(moment).isocalendar()
    return f"{year}-W{week:02d}"


def month_of(moment: datetime) -> str:
    """`2026-11`."""
    return f"{business_time(moment):%Y-%m}"


def days_before(moment: datetime, days: int) -> str:
    """The business day so many days before the one of this moment."""
    return f"{business_time(moment).date() - timedelta(days=days):%Y-%m-%d}"


def next_time_of_day(moment: datetime, time_of_day: str) -> datetime:
    """The first moment after this one at which a clock in the business's time zone shows that time,
    such as `22:30`.
    """
    today = business_time(moment).date()
    at = time_on(today, time_of_day)
    return at if at > moment else time_on(today + timedelta(days=1), time_of_day)


def time_on(day: date, time_of_day: str) -> datetime:
    """The moment of that business day at which its clocks show that time."""
    zone = _zone(os.environ.get("BUSINESS_TIMEZONE") or DEFAULT_ZONE)
    return datetime.combine(day, time.fromisoformat(time_of_day), tzinfo=zone).astimezone(UTC)


def end_of_day(day: str) -> datetime:
    """The moment when that business day is over."""
    next_day = date.fromisoformat(day) + timedelta(days=1)
    zone = _zone(os.environ.get("BUSINESS_TIMEZONE") or DEFAULT_ZONE)
    return datetime.combine(next_day, time.min, tzinfo=zone)
