"""The reconciliations table: a `run` per day, the day's differences beside it, and how far all days
are.

A run's place is moved on under a guard on the place as it was read, so that of two at once one
goes on. A difference is written once, however often it is found.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.kit import reads
from chalicelib.kit.tables import Key, PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.reconciliation.model import (
    MOST_DIFFERENCES,
    DayState,
    Difference,
    Phase,
    Run,
)

RUN = "run"
DIFFERENCE = "difference#"
PROGRESS = "progress"
_MOST_DIFFERENCES_OF_A_DAY = 10 * MOST_DIFFERENCES


class ReconciliationRow(Row):
    """A day's run, one difference of it, or how far all days are. Never holds personal data."""

    class Meta:
        table = "reconciliations"

    bill_day = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    run = NumberAttribute(null=True)
    version = NumberAttribute(null=True)
    day_state = UnicodeAttribute(null=True)
    phase = UnicodeAttribute(null=True)
    hashes = PlainMapAttribute(null=True)
    figures = PlainMapAttribute(null=True)
    started_at = TimeAttribute(null=True)
    next_row = NumberAttribute(null=True)
    next_shard = NumberAttribute(null=True)
    next_key = PlainMapAttribute(null=True)
    debits_fen = NumberAttribute(null=True)
    credits_fen = NumberAttribute(null=True)
    booked_count = NumberAttribute(null=True)
    found_count = NumberAttribute(null=True)
    finished_at = TimeAttribute(null=True)
    stopped_early = BooleanAttribute(null=True)
    differences = PlainMapAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    about = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    facts = PlainMapAttribute(null=True)
    found_at = TimeAttribute(null=True)
    through_day = UnicodeAttribute(null=True)


_RUN_FIELDS = frozenset(Run.__dataclass_fields__)


def run_key(day: str) -> Key[ReconciliationRow]:
    return ReconciliationRow.key(day, RUN)


def progress_key() -> Key[ReconciliationRow]:
    return ReconciliationRow.key(PROGRESS, PROGRESS)


def run_of(row: ReconciliationRow | None) -> Run | None:
    if row is None:
        return None
    given = row.given(_RUN_FIELDS)
    given["day_state"] = DayState(row.day_state)
    given["phase"] = Phase(row.phase)
    return Run(**given)


def find_run(day: str) -> Run | None:
    """How far the day is, read consistently."""
    key = run_key(day)
    return run_of(reads.read(key).find(key))


def begin(run: Run) -> None:
    """Write a day's first run. Guard: there is none -> Changed."""
    writes = WriteSet()
    writes.put(_row_of(run), guard=ReconciliationRow.bill_day.does_not_exist())
    writes.commit()


def move(run: Run, **changes: Any) -> Run:
    """The run with these changes, written as a whole. Guard: its place as read -> Changed."""
    return put_over(run, replace(run, **changes))


def put_over(known: Run, run: Run) -> Run:
    """Write the run in the other's place. Guard: that one is as it was read -> Changed."""
    moved = replace(run, version=known.version + 1)
    writes = WriteSet()
    writes.put(_row_of(moved), guard=ReconciliationRow.version == known.version)
    writes.commit()
    return moved


def write_difference(run: Run, difference: Difference, *, now: datetime) -> bool:
    """Write a difference, once per day; True when it is new. Found again, it notes by which run."""
    key = _difference_key(run.bill_day, difference)
    row = ReconciliationRow(
        bill_day=key.hash_value,
        entry=key.range_value,
        run=run.run,
        kind=difference.kind.value,
        about=difference.about,
        reference=difference.reference,
        facts=dict(difference.facts),
        found_at=now,
    )
    writes = WriteSet()
    writes.put(row, guard=ReconciliationRow.bill_day.does_not_exist())
    try:
        writes.commit()
    except Changed:
        again = WriteSet()
        facts = ReconciliationRow.facts.set(dict(difference.facts))
        again.update(key, [ReconciliationRow.run.set(run.run), facts])
        again.commit()
        return False
    return True


def differences_page(
    day: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[ReconciliationRow], dict[str, Any] | None]:
    """A day's differences by kind, and where the next page starts."""
    keys = (ReconciliationRow.bill_day == day) & ReconciliationRow.entry.startswith(DIFFERENCE)
    items, following = reads.query(ReconciliationRow, keys, limit=limit, start=start)
    return [ReconciliationRow.from_item(item) for item in items], following


def count_differences(run: Run) -> dict[str, int]:
    """How many of each kind this run has found."""
    keys = (ReconciliationRow.bill_day == run.bill_day) & ReconciliationRow.entry.startswith(
        DIFFERENCE
    )
    rows = reads.query_all(ReconciliationRow, keys, most=_MOST_DIFFERENCES_OF_A_DAY)
    return dict(sorted(Counter(str(row.kind) for row in rows if row.run == run.run).items()))


def find_through_day() -> str | None:
    """The day up to which all are done; None before the first run ever."""
    key = progress_key()
    row = reads.read(key).find(key)
    return row.through_day if row is not None else None


def set_through_day(day: str, *, before: str | None) -> None:
    """All days are done up to that one. Guard: it was `before` -> Changed."""
    through = ReconciliationRow.through_day
    row = ReconciliationRow(bill_day=PROGRESS, entry=PROGRESS, through_day=day)
    writes = WriteSet()
    writes.put(row, guard=through.does_not_exist() if before is None else through == before)
    writes.commit()


def _difference_key(day: str, difference: Difference) -> Key[ReconciliationRow]:
    parts = (difference.kind.value, difference.about, difference.reference)
    return ReconciliationRow.key(day, DIFFERENCE + "#".join(parts))


def _row_of(run: Run) -> ReconciliationRow:
    given: Mapping[str, Any] = {
        name: value for name, value in asdict(run).items() if value is not None
    }
    return ReconciliationRow(**{**given, "entry": RUN})
