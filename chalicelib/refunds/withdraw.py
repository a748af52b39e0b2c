"""Take a refund request back (撤销退款申请), while nobody has decided it."""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import RefundNotCancellable
from chalicelib.refunds.model import Refund, RefundState


def withdraw(refund_id: str, member_id: str, *, clock: Clock) -> Refund:
    """The refund as it is afterwards; twice is once. Raises RefundNotCancellable, NotFound."""
    return until_settled(lambda: _withdraw(refund_id, member_id, clock))


def _withdraw(refund_id: str, member_id: str, clock: Clock) -> Refund:
    refund = refunds.get(refund_id)
    if refund.member_id != member_id:
        raise NotFound("There is no such refund.")
    if refund.refund_state is RefundState.WITHDRAWN:
        return refund
    if refund.refund_state is not RefundState.AWAITING_OPERATOR:
        raise RefundNotCancellable()
    writes = WriteSet()
    order = orders.get(refund.order_id)
    refundable.decide(writes, order, refund.amount_fen, 0, ends_order=False)
    refunds.move(writes, refund, RefundState.WITHDRAWN, now=clock.now())
    writes.commit()
    return refunds.get(refund_id)
