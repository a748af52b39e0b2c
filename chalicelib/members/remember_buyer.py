"""Remember that a member has paid for something (老客): what newcomers are told apart by. Safe to
run any number of times.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.tokens import NotSignedIn
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.model import SOLD, OrderState


def remember_buyer(order_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the order's payment was honoured, nor when its member has left. Raises
    NotFound.
    """
    order = orders.get(order_id)
    if order.order_state not in {*SOLD, OrderState.PAID}:
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
