"""Command: how a day's bills of WeChat's compare with our books, and what differs, `{day?, cursor?,
limit?}`. Without a day: how far all days are.
"""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.admin.command import Command
from chalicelib.gateways.wechat_bills import available_at, day_before
from chalicelib.kit.clock import shown
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import from_cursor, page
from chalicelib.reconciliation import store
from chalicelib.reconciliation.model import Run
from chalicelib.reconciliation.store import ReconciliationRow
from chalicelib.wiring import Wiring

_CURSOR_NAMES = frozenset({"bill_day", "entry"})

BillDay = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))]


class Payload(Command):
    """Which day of WeChat's bills."""

    day: BillDay | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100

    @model_validator(mode="after")
    def _a_page_of_a_day(self) -> Self:
        if self.cursor is not None and self.day is None:
            raise ValueError("a cursor goes with a day")
        return self


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound for a day that nobody has begun with."""
    if payload.day is None:
        return _progress()
    day = payload.day.isoformat()
    found = store.find_run(day)
    if found is None:
        raise NotFound("That day was not compared yet.")
    fixed, begins = {"bill_day": day}, {"entry": store.DIFFERENCE}
    start = from_cursor(payload.cursor, names=_CURSOR_NAMES, fixed=fixed, begins=begins)
    rows, following = store.differences_page(day, limit=payload.limit, start=start)
    return {**run_in_full(found), **page([_difference(row, found) for row in rows], following)}


def _progress() -> dict[str, Any]:
    """The day up to which all are done, and when the next one can be."""
    through = store.find_through_day()
    if through is None:
        return {"through_day": None, "next_day": None, "next_at": None}
    next_day = day_before(through, -1)
    next_at = shown(available_at(next_day))
    return {"through_day": through, "next_day": next_day, "next_at": next_at}


def run_in_full(run: Run) -> dict[str, Any]:
    """A day's comparison: its state, its figures, and how many differ of each kind."""
    return {
        "day": run.bill_day,
        "status": run.day_state.value,
        "comparing": None if run.is_finished else run.phase.value,
        "run": run.run,
        "started_at": shown(run.started_at),
        "finished_at": shown(run.finished_at) if run.finished_at is not None else None,
        "stopped_early": run.stopped_early,
        "differences": dict(run.differences),
        "wechat": dict(run.figures),
        "booked": {
            "transfer_count": run.booked_count,
            "debits_fen": run.debits_fen,
            "credits_fen": run.credits_fen,
        },
    }


def _difference(row: ReconciliationRow, run: Run) -> dict[str, Any]:
    """`stands`: the last run has found it too."""
    return {
        "kind": row.kind,
        "about": row.about,
        "facts": row.facts,
        "found_at": shown(row.found_at),
        "stands": row.run == run.run,
    }
