"""Remember that a member has paid for something (老客), whatever becomes of it: what newcomers are
told apart by. Safe to run any number of times.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.tokens import NotSignedIn
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.refunds.model import Cause, refund_id_for

_INSTEAD = (Cause.LATE_PAYMENT, Cause.MISMATCH)
"""Why a payment is refunded instead of being honoured."""


def remember_buyer(order_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the order's payment was honoured, nor when its member has left. Raises
    NotFound.
    """
    order = orders.get(order_id)
    if not _was_honoured(order):
        return
    key = members.buyer_key(order.member_id)
    if members.has_paid(read(key).find(key)):
        return
    writes = WriteSet()
    members.must_stay(writes, order.member_id)  # guard: not leaving -> NotSignedIn
    members.remember_buyer(writes, order.member_id, order.paid_at or clock.now())
    try:
        writes.commit()
    except (Changed, NotSignedIn):  # noted by another order just now, or nobody is left to note
        return


def _was_honoured(order: Order) -> bool:
    """Its payment counted, though it may have been refunded since."""
    instead = {refund_id_for(order.order_id, cause) for cause in _INSTEAD}
    return order.transaction_id is not None and instead.isdisjoint(order.refund_ids)
