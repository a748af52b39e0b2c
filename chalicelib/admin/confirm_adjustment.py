"""Command: confirm an adjustment that another operator asked for, `{adjustment_id}`: it is booked.

Moves money. Again is once; whoever asked for it cannot confirm it.
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
    """The adjustment as it is then (in a dry run: as it is). Raises NotAllowed for who asked for it
    and when it was rejected, InsufficientBalance, NotFound.
    """
    decision = Decision(
        adjustment_id=payload.adjustment_id,
        confirm=True,
        operator=payload.operator,
        reason=payload.reason,
    )
    decided = decide(decision, clock=wiring.clock, dry_run=payload.dry_run)
    return {
        **adjustment_in_full(decided.adjustment),
        "outcome": "confirmed" if decided.changes else "unchanged",
        "dry_run": payload.dry_run,
    }
