"""Command: write the files of a closed business day again, `{day}`."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.files.export import export_day
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which day."""

    day: Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))]


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotAllowed for a day that is not closed."""
    day = payload.day.isoformat()
    rows = export_day(day, clock=wiring.clock, files=wiring.files, dry_run=payload.dry_run)
    outcome = "written"
    return {"day": day, "rows": rows, "outcome": outcome, "dry_run": payload.dry_run}
