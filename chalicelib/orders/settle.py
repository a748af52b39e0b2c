"""Settle a received order (结算): the time to send it back is over, and what is left of its payment
is the merchant's.

Run by the sweep. An open refund puts it off: what it takes is not the merchant's.
"""

from chalicelib.kit.clock import Clock, after
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, OrderState

LOOK_AGAIN_SECONDS = 3600
"""How soon a refund that was open is looked at again."""


def settle(order_id: str, *, clock: Clock) -> Order:
    """The order as it is afterwards. Nothing happens before its time. Raises NotFound."""
    return until_settled(lambda: _settle(order_id, clock))


def _settle(order_id: str, clock: Clock) -> Order:
    order = orders.get(order_id)
    now = clock.now()
    if order.order_state is not OrderState.RECEIVED:
        return order
    if order.settles_at is None or order.settles_at > now:
        return order
    if order.open_refund_count > 0:
        orders.rest_until(order, after(now, LOOK_AGAIN_SECONDS))
    else:
        writes = WriteSet()
        fulfilment.settle(writes, order, now=now)
        writes.commit()
    return orders.get(order_id)
