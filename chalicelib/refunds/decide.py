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
    writes = WriteSet()
    if decision.approve:
        _approve(writes, refund, decision, clock)
    else:
        refundable.unreserve(writes, refund.order_id, refund.amount_fen)
        refunds.move(
            writes,
            refund,
            RefundState.REJECTED,
            now=clock.now(),
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


def _approve(writes: WriteSet, refund: Refund, decision: Decision, clock: Clock) -> None:
    amount_fen = refund.amount_fen if decision.amount_fen is None else decision.amount_fen
    if amount_fen > refund.amount_fen:
        raise RefundExceedsPayment(context={"asked_fen": refund.amount_fen})
    now = clock.now()
    ends_order = refund.ends_order and amount_fen == refund.amount_fen
    if ends_order:
        order = orders.get(refund.order_id)
        refundable.begin_ending(
            writes, order, refund.refund_id, gives_back_stock=True, reserved=True
        )
        give_back(writes, order, BEFORE_SHIPPING, now=now)
    elif amount_fen < refund.amount_fen:
        refundable.lower(writes, refund.order_id, refund.amount_fen - amount_fen)
    refunds.move(
        writes,
        refund,
        RefundState.REQUESTED,
        now=now,
        due_at=after(now, FIRST_LOOK_SECONDS),
        amount_fen=amount_fen,
        ends_order=ends_order,
        operator=decision.operator,
        decision_reason=decision.reason,
    )
