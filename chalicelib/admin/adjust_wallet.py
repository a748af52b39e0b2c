"""Command: ask for a member's balance to be put right, `{member_id, amount_fen, request_id}`; below
zero it is taken. Nothing is booked before another operator confirms it.

Moves money, once it is confirmed. The same request of a member is one adjustment.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.admin.command import AdjustmentCommand
from chalicelib.admin.shapes import adjustment_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.kit.money import MOST_FEN
from chalicelib.ledger.adjust import ask
from chalicelib.ledger.model import Adjustment, adjustment_id_for
from chalicelib.wiring import Wiring


def _not_nothing(amount_fen: int) -> int:
    if amount_fen == 0:
        raise ValueError("an adjustment is not of nothing")
    return amount_fen


class Payload(AdjustmentCommand):
    """Whose, by how much, and what makes a repeat one."""

    member_id: Identifier
    amount_fen: Annotated[int, Field(ge=-MOST_FEN, le=MOST_FEN), AfterValidator(_not_nothing)]
    request_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The adjustment as it is then (in a dry run: as it would be). Raises NotFound,
    InsufficientBalance, IdempotencyConflict.
    """
    wanted = Adjustment(
        adjustment_id=adjustment_id_for(payload.member_id, payload.request_id),
        member_id=payload.member_id,
        amount_fen=payload.amount_fen,
        asked_by=payload.operator,
        reason=payload.reason,
        requested_at=wiring.clock.now(),
    )
    asked = ask(wanted, dry_run=payload.dry_run)
    return {
        **adjustment_in_full(asked.adjustment),
        "outcome": "asked" if asked.changes else "unchanged",
        "dry_run": payload.dry_run,
    }
