"""Take a refund request back (撤销退款申请), while its money may still stay with the merchant: by
its member, or by itself when the goods to be returned were not sent in time.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import RefundNotCancellable
from chalicelib.refunds.model import UNDECIDED, Refund, RefundState


def withdraw(refund_id: str, member_id: str, *, clock: Clock) -> Refund:
    """The refund as it is afterwards; twice is once. Raises RefundNotCancellable, NotFound."""
    return until_settled(lambda: _withdraw(refund_id, member_id, clock))


def _withdraw(refund_id: str, member_id: str, clock: Clock) -> Refund:
    refund = refunds.get(refund_id)
    if refund.member_id != member_id:
        raise NotFound("There is no such refund.")
    if refund.refund_state is RefundState.WITHDRAWN:
        return refund
    if refund.refund_state not in UNDECIDED:
        raise RefundNotCancellable()
    return _take_back(refund, clock)


def withdraw_unsent(refund_id: str, *, clock: Clock) -> Refund:
    """The refund as it is afterwards: withdrawn when its goods should have been sent by now, and
    were not. Raises NotFound.
    """
    return until_settled(lambda: _withdraw_unsent(refund_id, clock))


def _withdraw_unsent(refund_id: str, clock: Clock) -> Refund:
    refund = refunds.get(refund_id)
    if refund.refund_state is not RefundState.AWAITING_RETURN or refund.return_shipment is not None:
        return refund
    if refund.due_at is None or refund.due_at > clock.now():
        return refund
    return _take_back(refund, clock)


def _take_back(refund: Refund, clock: Clock) -> Refund:
    writes = WriteSet()
    order = orders.get(refund.order_id)
    refundable.decide(writes, order, refund.amount_fen, 0, ends_order=False)
    refunds.move(writes, refund, RefundState.WITHDRAWN, now=clock.now())
    writes.commit()
    return refunds.get(refund.refund_id)
