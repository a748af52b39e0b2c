"""Leave a forming group after paying (退团), where the group's rules allow it: seat, stock and
limit go back, the money too.

One commit; the refund then goes its own way.
"""

from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupForming, GroupOver
from chalicelib.groups.model import GroupState
from chalicelib.kit.clock import Clock
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import MEMBER_LEFT, Order, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund


def leave(order_id: str, *, clock: Clock) -> Order:
    """The order as it is afterwards: refunding, or cancelled if nothing was paid. Raises
    GroupForming when leaving is not allowed, GroupOver when the group has ended meanwhile,
    OrderNotCancellable for an order that waits for no group.

    """
    return until_settled(lambda: _leave(order_id, clock))


def _leave(order_id: str, clock: Clock) -> Order:
    order = orders.get(order_id)
    if order.order_state in (OrderState.REFUNDING, OrderState.REFUNDED, OrderState.CANCELLED):
        return order
    if order.order_state is not OrderState.PAID or order.group_id is None:
        raise OrderNotCancellable()
    group = groups.get(order.group_id)
    now = clock.now()
    if group.group_state is not GroupState.FORMING or group.is_over(now):
        raise GroupOver()
    if not group.leave_allowed:
        raise GroupForming()
    writes = WriteSet()
    if order.paid_fen == 0:  # opened with a voucher: there is nothing to refund
        orders.mark_cancelled(writes, order, reason="member_left", now=now, due_at=None)
    else:
        refund = new_refund(order, Cause.MEMBER_LEFT, now=now)
        refundable.begin_ending(writes, order, refund.refund_id, gives_back_stock=True)
        refunds.request(writes, refund)
    give_back(writes, order, MEMBER_LEFT, group=group, now=now)
    writes.commit()
    return orders.get(order_id)
