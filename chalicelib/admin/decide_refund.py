"""Command: decide a refund that waits for it, `{refund_id, decision: approve|reject, amount_fen?}`.

Moves money. Approving may give less than was asked for. Deciding the same way twice is once.
"""

from typing import Any, Literal, Self

from pydantic import model_validator

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.money import PriceFen
from chalicelib.refunds import store as refunds
from chalicelib.refunds.decide import Decision, decide
from chalicelib.refunds.errors import RefundExceedsPayment
from chalicelib.refunds.model import Refund, RefundState
from chalicelib.wiring import Wiring

_REFUSED = frozenset({RefundState.REJECTED, RefundState.WITHDRAWN})


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


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The refund as it is afterwards (in a dry run: as it is).

    Raises NotAllowed when it was decided otherwise, RefundExceedsPayment, NotFound.
    """
    before = refunds.get(payload.refund_id)
    undecided = before.refund_state is RefundState.AWAITING_OPERATOR
    outcome = "approved" if payload.decision == "approve" else "rejected"
    if payload.dry_run:
        _check(before, payload)
        refund = before
    else:
        decision = Decision(
            refund_id=payload.refund_id,
            approve=payload.decision == "approve",
            operator=payload.operator,
            reason=payload.reason,
            amount_fen=payload.amount_fen,
        )
        refund = decide(decision, clock=wiring.clock)
    return {
        **refund_in_full(refund),
        "outcome": outcome if undecided else "unchanged",
        "dry_run": payload.dry_run,
    }


def _check(refund: Refund, payload: Payload) -> None:
    """What `decide` would refuse."""
    if refund.refund_state is RefundState.AWAITING_OPERATOR:
        if payload.amount_fen is not None and payload.amount_fen > refund.amount_fen:
            raise RefundExceedsPayment(context={"asked_fen": refund.amount_fen})
    elif (refund.refund_state in _REFUSED) == (payload.decision == "approve"):
        raise NotAllowed(f"It is {refund.refund_state.value} already.")
