"""Command: what a person should look at, found on a day in UTC, `{day?, kind?, limit?, cursor?}`:
today's without a day, in no order.
"""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.admin.command import Command
from chalicelib.kit import reads
from chalicelib.kit.clock import shown, stored
from chalicelib.kit.findings import FindingRow
from chalicelib.kit.paging import from_cursor, page
from chalicelib.wiring import Wiring

_CURSOR_NAMES = frozenset({"finding_day", "finding_id"})


class Payload(Command):
    """Of which day, of which kind, and which page."""

    day: Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))] | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")] | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="after")
    def _a_page_of_a_day(self) -> Self:
        if self.cursor is not None and self.day is None:
            raise ValueError("a cursor goes with a day")
        return self


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """A page; of one kind it may be short while more follows. Raises InvalidRequest for a cursor of
    another list.
    """
    now = wiring.clock.now()
    day = payload.day.isoformat() if payload.day is not None else stored(now)[:10]
    start = from_cursor(payload.cursor, names=_CURSOR_NAMES, fixed={"finding_day": day})
    items, following = reads.query(
        FindingRow,
        FindingRow.finding_day == day,
        limit=payload.limit,
        start=start,
        keep=FindingRow.kind == payload.kind if payload.kind is not None else None,
    )
    found = [_shown(FindingRow.from_item(item)) for item in items]
    return {"day": day, **page(found, following)}


def _shown(row: FindingRow) -> dict[str, Any]:
    return {
        "finding_id": row.finding_id,
        "kind": row.kind,
        "about": row.about,
        "facts": row.facts,
        "found_at": shown(row.found_at),
    }
