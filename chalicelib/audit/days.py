"""Add up a closed business day page by page, and hold it against its closing.

Transfers never change, nor does a closed day: however long it takes, the sum is right. A day that
seems wrong is added up once more before it is reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.audit.bookings import booking_of, members_together, sums_by_account
from chalicelib.audit.books import DAY, Books
from chalicelib.audit.invariants import Violation
from chalicelib.audit.ledger_checks import day_adds_up
from chalicelib.audit.model import DayWalk
from chalicelib.kit import reads
from chalicelib.ledger.store import DAY_SHARDS, LedgerRow, day_shard
from chalicelib.ledger.transfers import Balance

INVARIANT = "closed_days_add_up"
ROWS_AT_ONCE = 2000
MOST_LINES = 3000
"""Of one closing: what can be kept beside the cursor. There is one for each merchant's sales."""

_PER_PAGE = 1000


@dataclass(frozen=True)
class Walked:
    """`walk`: where to go on, None at the end; then what was found. An empty page counts as a row:
    it costs as much.
    """

    walk: DayWalk | None
    rows_read: int
    violations: tuple[Violation, ...] = ()
    left_out: bool = False


def walk_day(walk: DayWalk, now: datetime) -> Walked:
    """Add up some pages of the day; at its end, judge it or begin the second look."""
    rows_read = 0
    while walk.shard < DAY_SHARDS and rows_read < ROWS_AT_ONCE:
        items, start = _page(walk)
        rows_read += max(len(items), 1)
        try:
            walk = _with(walk, items, start)
        except ValueError:  # a transfer is unreadable, and named as such
            return Walked(None, rows_read, left_out=False)
        if len(walk.sums) > MOST_LINES:
            return Walked(None, rows_read, left_out=True)
    if walk.shard < DAY_SHARDS:
        return Walked(walk, rows_read)
    said = [each for each in _judge(walk, now) if walk.look == 1 or each in walk.said]
    if said and walk.look == 1:
        return Walked(DayWalk(walk.day, look=2, said=said), rows_read)
    violations = tuple(Violation(INVARIANT, "day", walk.day, each) for each in said)
    return Walked(None, rows_read, violations)


def _page(walk: DayWalk) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    keys = LedgerRow.day_shard == day_shard(walk.day, walk.shard)
    start = dict(walk.start) if walk.start else None
    return reads.query(LedgerRow, keys, index="by_day", limit=_PER_PAGE, start=start)


def _with(walk: DayWalk, items: list[dict[str, Any]], start: Mapping[str, Any] | None) -> DayWalk:
    added = sums_by_account((booking_of(item) for item in items), members_together)
    sums = {line: list(four) for line, four in walk.sums.items()}
    for line, more in added.items():
        before = sums.get(line, [0, 0, 0, 0])
        sums[line] = [one + other for one, other in zip(before, _four(more), strict=True)]
    return replace(
        walk,
        shard=walk.shard if start is not None else walk.shard + 1,
        start=start,
        transfer_count=walk.transfer_count + len(items),
        sums=sums,
    )


def _judge(walk: DayWalk, now: datetime) -> list[str]:
    books = Books(now)
    start: dict[str, Any] | None = None
    while True:
        keys = LedgerRow.account_id == DAY + walk.day
        items, start = reads.query(LedgerRow, keys, limit=_PER_PAGE, start=start)
        for item in items:
            books.add_item("ledger", item)
        if start is None:
            break
    if books.unreadable or walk.day not in books.days:
        return []
    sums = {line: Balance(*four) for line, four in walk.sums.items()}
    return list(day_adds_up(books.days[walk.day], walk.transfer_count, sums))


def _four(sums: Balance) -> Sequence[int]:
    return (
        sums.debits_pending_fen,
        sums.debits_posted_fen,
        sums.credits_pending_fen,
        sums.credits_posted_fen,
    )
