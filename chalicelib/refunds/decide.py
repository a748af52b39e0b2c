"""Decide a refund that waits for an operator: approve it, perhaps for less, or reject it.

One commit moves the refund, the order's amounts and, when the order ends with it, its stock.
Deciding the same way twice is once.
"""

from dataclasses import dataclass

from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import BEFORE_SHIPPING
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import RefundExceedsPayment
from chalicelib.refunds.model import FIRST_LOOK_SECONDS, Refund, RefundState


@dataclass(frozen=True)
class Decision:
    """An operator's word on one refund. `amount_fen`: less than was asked for."""

    refund_id: str
    approve: bool
    operator: str
    reason: str
    amount_fen: int | None = None


def decide(decision: Decision, *, clock: Clock) -> Refund:
    """The refund as it is afterwards. Raises NotAllowed when it was decided otherwise,
    RefundExceedsPayment, NotFound.
    """
    return until_settled(lambda: _decide(decision, clock))


def _decide(decision: Decision, clock: Clock) -> Refund:
    refund = refunds.get(decision.refund_id)
    if refund.refund_state is not RefundState.AWAITING_OPERATOR:
        return _decided_before(refund, decision)
    approved_fen = _approved(refund, decision)
    order = orders.get(refund.order_id)
    # Nothing is left, and nothing else that waits for a decision could come back.
    nothing_left = order.refundable_fen == 0 and order.undecided_fen == refund.amount_fen
    ends_order = nothing_left and approved_fen == refund.amount_fen
    now = clock.now()
    writes = WriteSet()
    refundable.decide(writes, order, refund.amount_fen, approved_fen, ends_order=ends_order)
    if ends_order:
        give_back(writes, order, BEFORE_SHIPPING, now=now)
    refunds.move(
        writes,
        refund,
        RefundState.REQUESTED if approved_fen else RefundState.REJECTED,
        now=now,
        due_at=after(now, FIRST_LOOK_SECONDS) if approved_fen else None,
        amount_fen=approved_fen or None,
        ends_order=ends_order,
        operator=decision.operator,
        decision_reason=decision.reason,
    )
    writes.commit()
    return refunds.get(refund.refund_id)


def _decided_before(refund: Refund, decision: Decision) -> Refund:
    was_refused = refund.refund_state in (RefundState.REJECTED, RefundState.WITHDRAWN)
    if was_refused == decision.approve:
        raise NotAllowed(f"It is {refund.refund_state.value} already.")
    return refund


def _approved(refund: Refund, decision: Decision) -> int:
    """How much goes back, in fen; 0 when it is rejected."""
    if not decision.approve:
        return 0
    amount_fen = refund.amount_fen if decision.amount_fen is None else decision.amount_fen
    if amount_fen > refund.amount_fen:
        raise RefundExceedsPayment(context={"asked_fen": refund.amount_fen})
    return amount_fen
