"""Command: adjustments that wait for a second operator, `{limit?, cursor?}`, oldest first."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import adjustment_in_full
from chalicelib.kit.paging import from_cursor, page
from chalicelib.ledger import adjustments
from chalicelib.wiring import Wiring

_CURSOR_NAMES = frozenset({"operator_queue", "requested_at", "account_id", "entry"})


class Payload(Command):
    """Which page."""

    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises InvalidRequest for a cursor of another list."""
    fixed = {"operator_queue": adjustments.OPERATOR_QUEUE}
    start = from_cursor(payload.cursor, names=_CURSOR_NAMES, fixed=fixed)
    found, following = adjustments.waiting_page(limit=payload.limit, start=start)
    return page([adjustment_in_full(adjustment) for adjustment in found], following)
