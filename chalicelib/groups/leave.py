"""Leave a forming group after paying (退团), where the group's rules allow it: seat, stock and
limit go back, the money too.

One commit; the refund then goes its own way.
"""

from chalicelib.catalog import store as catalog
from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupForming, GroupOver
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import MEMBER_LEFT, Order, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund
from chalicelib.rules.short import honours_from


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
    if order.order_state is not OrderState.PAID or order.seat_group_id is None:
        raise OrderNotCancellable()
    group = groups.get(order.seat_group_id)
    now = clock.now()
    if group.group_state is not GroupState.FORMING or group.is_over(now):
        raise GroupOver()
    if not group.leave_allowed:
        raise GroupForming()
    writes = WriteSet()
    enough = None
    if order.paid_fen == 0:  # opened with a voucher: there is nothing to refund
        orders.mark_cancelled(writes, order, reason="member_left", now=now, due_at=None)
        enough = _enough_without_voucher(group)
    else:
        refund = new_refund(order, Cause.MEMBER_LEFT, now=now)
        refundable.begin_ending(writes, order, refund.refund_id, units_back_at=now)
        refunds.request(writes, refund)
    give_back(writes, order, MEMBER_LEFT, group=group, now=now, minimum_payers=enough)
    writes.commit()
    return orders.get(order_id)


def _enough_without_voucher(group: Group) -> int | None:
    """How many are enough once everybody in the group pays; None where that says nothing."""
    key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    campaign = catalog.revision_of(read(key).find(key))
    return honours_from(campaign.rules) if campaign is not None else None
