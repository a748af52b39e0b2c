"""Decide a refund that waits for an operator: approve it, perhaps for less, or reject it.

Where goods are to come back, the first approval asks for them and the second says that they are
there. The last decision is one commit: the refund, the order's amounts and, when the order ends
with it, its stock. Deciding the same way twice is once.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import Order, given_back_at_end
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import RefundExceedsPayment
from chalicelib.refunds.model import (
    FIRST_LOOK_SECONDS,
    RETURN_SECONDS,
    UNDECIDED,
    Refund,
    RefundState,
)


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
    approved_fen = approved(refund, decision)
    if approved_fen is None:
        return refund
    order = orders.get(refund.order_id)
    asks_for_goods = refund.returns_goods and refund.refund_state is RefundState.AWAITING_OPERATOR
    writes = WriteSet()
    if approved_fen and asks_for_goods:
        _ask_for_goods(writes, order, refund, approved_fen, decision, clock.now())
    else:
        _end_waiting(writes, order, refund, approved_fen, decision, clock.now())
    writes.commit()
    return refunds.get(refund.refund_id)


def approved(refund: Refund, decision: Decision) -> int | None:
    """How much goes back by this decision, in fen; 0 when it is rejected; None when it was decided
    so before. Raises NotAllowed when it was decided otherwise, RefundExceedsPayment.
    """
    if refund.refund_state not in UNDECIDED:
        was_refused = refund.refund_state in (RefundState.REJECTED, RefundState.WITHDRAWN)
        if was_refused == decision.approve:
            raise NotAllowed(f"It is {refund.refund_state.value} already.")
        return None
    if not decision.approve:
        return 0
    if _asked_for_goods_before(refund, decision):
        return None
    amount_fen = refund.amount_fen if decision.amount_fen is None else decision.amount_fen
    if amount_fen > refund.amount_fen:
        raise RefundExceedsPayment(context={"asked_fen": refund.amount_fen})
    return amount_fen


def _asked_for_goods_before(refund: Refund, decision: Decision) -> bool:
    """Whether this is the approval that asked for the goods, told again: as long as they are not
    sent, the same operator with the same reason. It must not pay for goods that nobody has seen.
    """
    if refund.refund_state is not RefundState.AWAITING_RETURN or refund.return_shipment is not None:
        return False
    return (refund.operator, refund.decision_reason) == (decision.operator, decision.reason)


def _ask_for_goods(
    writes: WriteSet,
    order: Order,
    refund: Refund,
    approved_fen: int,
    decision: Decision,
    now: datetime,
) -> None:
    """The member is to send the goods; nothing of the money moves."""
    if approved_fen < refund.amount_fen:
        refundable.ask_for_less(writes, order, refund.amount_fen - approved_fen)
    refunds.move(
        writes,
        refund,
        RefundState.AWAITING_RETURN,
        now=now,
        due_at=after(now, RETURN_SECONDS),
        amount_fen=approved_fen,
        ends_order=_takes_all(order, refund, approved_fen),
        operator=decision.operator,
        decision_reason=decision.reason,
    )


def _end_waiting(
    writes: WriteSet,
    order: Order,
    refund: Refund,
    approved_fen: int,
    decision: Decision,
    now: datetime,
) -> None:
    """It goes out, or never will."""
    ends_order = _takes_all(order, refund, approved_fen)
    back = given_back_at_end(order.order_state, goods_return=refund.returns_goods)
    refundable.decide(
        writes,
        order,
        refund.amount_fen,
        approved_fen,
        ends_order=ends_order,
        units_back_at=now if ends_order and back.stock else None,
    )
    if ends_order:
        give_back(writes, order, back, now=now)
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


def _takes_all(order: Order, refund: Refund, approved_fen: int) -> bool:
    """Nothing is left, and nothing else that waits for a decision could come back."""
    nothing_left = order.refundable_fen == 0 and order.undecided_fen == refund.amount_fen
    return nothing_left and approved_fen == refund.amount_fen
