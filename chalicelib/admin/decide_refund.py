"""Command: decide a refund that waits for it, `{refund_id, decision: approve|reject, amount_fen?}`.

Moves money. Approving may give less than was asked for. Where goods are to come back, the first
approval asks for them and the next says that they are there. Deciding the same way twice is once.
"""

from typing import Any, Literal, Self

from pydantic import model_validator

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.kit.money import PriceFen
from chalicelib.refunds import store as refunds
from chalicelib.refunds.decide import Decision, approved, decide
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Which refund, and the decision; `amount_fen` only with an approval."""

    refund_id: Identifier
    decision: Literal["approve", "reject"]
    amount_fen: PriceFen | None = None

    @model_validator(mode="after")
    def _amount_goes_with_approval(self) -> Self:
        if self.decision == "reject" and self.amount_fen is not None:
            raise ValueError("amount_fen goes with approve")
        return self

    def to_decision(self) -> Decision:
        return Decision(
            refund_id=self.refund_id,
            approve=self.decision == "approve",
            operator=self.operator,
            reason=self.reason,
            amount_fen=self.amount_fen,
        )


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The refund as it is afterwards (in a dry run: as it is).

    Raises NotAllowed when it was decided otherwise, RefundExceedsPayment, NotFound.
    """
    refund, decision = refunds.get(payload.refund_id), payload.to_decision()
    decides = approved(refund, decision) is not None
    if not payload.dry_run:
        refund = decide(decision, clock=wiring.clock)
    outcome = "approved" if decision.approve else "rejected"
    return {
        **refund_in_full(refund),
        "outcome": outcome if decides else "unchanged",
        "dry_run": payload.dry_run,
    }
