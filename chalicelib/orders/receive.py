"""Receive an order (确认收货): by its member's word, by WeChat's, or by itself when its time has
come. From then on it can be sent back for a while, and then it is settled.
"""

from chalicelib.catalog import store as catalog
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotReceivable
from chalicelib.orders.model import Order, OrderState

_IS_RECEIVED = frozenset({OrderState.RECEIVED, OrderState.SETTLED})


def receive(order_id: str, *, clock: Clock) -> Order:
    """The order as it is afterwards; twice is once. Raises OrderNotReceivable in any other state,
    NotFound.
    """
    return until_settled(lambda: _receive(order_id, clock))


def _receive(order_id: str, clock: Clock) -> Order:
    order_key, settings_key = orders.order_key(order_id), catalog.settings_key()
    found = read(order_key, settings_key)
    order = orders.order_of(found.find(order_key))
    if order is None:
        raise NotFound("There is no such order.")
    if order.order_state in _IS_RECEIVED:
        return order
    if order.order_state is not OrderState.SHIPPED:
        raise OrderNotReceivable()
    freeze_seconds = catalog.settings_of(found.find(settings_key)).commission.freeze_seconds
    now = clock.now()
    writes = WriteSet()
    fulfilment.receive(writes, order, now=now, settles_at=after(now, freeze_seconds))
    writes.commit()
    return orders.get(order_id)
