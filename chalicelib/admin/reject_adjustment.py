"""Command: reject an adjustment, `{adjustment_id}`: nothing is booked.

Moves no money by itself, and ends what would. Again is once; whoever asked for it may, too.
"""

from typing import Any

from chalicelib.admin.command import AdjustmentCommand
from chalicelib.admin.shapes import adjustment_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.ledger.adjust import Decision, decide
from chalicelib.wiring import Wiring


class Payload(AdjustmentCommand):
    """Which adjustment."""

    adjustment_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The adjustment as it is then (in a dry run: as it is). Raises NotAllowed when it was
    confirmed, NotFound.
    """
    decision = Decision(
        adjustment_id=payload.adjustment_id,
        confirm=False,
        operator=payload.operator,
        reason=payload.reason,
    )
    decided = decide(decision, clock=wiring.clock, dry_run=payload.dry_run)
    return {
        **adjustment_in_full(decided.adjustment),
        "outcome": "rejected" if decided.changes else "unchanged",
        "dry_run": payload.dry_run,
    }
