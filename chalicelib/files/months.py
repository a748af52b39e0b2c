"""Write a closed month's statement for each merchant: a row for each day on which something
happened, and their sum.

The sums are those that each written day left in its mark, so that a month reads one small file for
each day, and cannot say other than the days do: one that they no longer come to is not written. It
is written when the last day of the month and every other that the ledger has closed is.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from chalicelib.files.bookkeeping import Sums, monthly_statement
from chalicelib.files.marks import (
    Made,
    SumsByDay,
    is_month_of,
    mark_month,
    statements_before,
    sums_of_day,
    write_tables,
)
from chalicelib.gateways.files import Files
from chalicelib.kit.reads import read
from chalicelib.ledger.close_day import closing_key

_ATTEMPTS = 3


def month_of_day(day: str) -> str:
    """`2026-11` of `2026-11-22`."""
    return day[:7]


def days_of_month(month: str) -> list[str]:
    first = date.fromisoformat(f"{month}-01")
    days = [first + timedelta(days=past) for past in range(31)]
    return [f"{day}" for day in days if day.month == first.month]


def unwritten_month(days: list[str], files: Files) -> str | None:
    """The month that ended on one of these days, if it is not written of its days yet."""
    for day in days:
        month = month_of_day(day)
        if day == days_of_month(month)[-1]:
            by_day = _sums(month, files)
            if by_day is None or not is_month_of(month, by_day, files):
                return month
    return None


def write_month(month: str, files: Files, *, dry_run: bool = False) -> Made:
    """The statements of a month; none while a day of it is still to come or to be written. Once
    more where a day was written again meanwhile.
    """
    made: Made = {}
    by_day = _sums(month, files)
    for _ in range(_ATTEMPTS):
        if by_day is None:
            return {}
        made = _statements(month, by_day, files)
        if dry_run:
            break
        write_tables(made, files)
        mark_month(month, made, by_day, files)
        by_day = _sums(month, files)
        if by_day is not None and is_month_of(month, by_day, files):
            break
    return made


def _statements(month: str, by_day: SumsByDay, files: Files) -> Made:
    """An empty one for whoever had one before and has none of these days."""
    made: Made = {key: monthly_statement({}) for key in statements_before(month, files)}
    for merchant_id in sorted({each for sums in by_day.values() for each in sums}):
        theirs = {day: sums[merchant_id] for day, sums in by_day.items() if merchant_id in sums}
        content = monthly_statement(theirs)
        made[f"exports/statements/{month}/{merchant_id}.csv"] = content
        made[f"merchants/{merchant_id}/statements/{month}.csv"] = content
    return made


def _sums(month: str, files: Files) -> SumsByDay | None:
    """By day, then by merchant. None while they are not all there."""
    keys = {day: closing_key(day) for day in days_of_month(month)}
    found = read(*keys.values())
    closed = [day for day, key in keys.items() if found.find(key) is not None]
    if closed[-1:] != list(keys)[-1:]:
        return None
    by_day: dict[str, Mapping[str, Sums]] = {}
    for day in closed:
        sums = sums_of_day(day, files)
        if sums is None:
            return None
        by_day[day] = sums
    return by_day
