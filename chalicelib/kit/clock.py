"""The one source of the present, and the one spelling of a moment.

Verbs take a Clock; only wiring makes a SystemClock. Nothing else in the project asks the machine
for the time.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present as an aware UTC datetime, whole milliseconds."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, cut to milliseconds so that what is stored is what was meant."""

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """The same moment without its microseconds, so that it survives being stored."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stored(moment: datetime) -> str:
    """`2026-11-22T15:08:44.120Z`: UTC, fixed width, so that text order is time order."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def from_stored(text: str) -> datetime:
    """The inverse of `stored`."""
    return datetime.fromisoformat(text)


def shown(moment: datetime) -> str:
    """`2026-11-22T15:08:44Z`: how clients see a moment."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def after(moment: datetime, seconds: int) -> datetime:
    """The moment that many seconds later."""
    return moment + timedelta(seconds=seconds)


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's TTL wants them."""
    return int(moment.timestamp())
