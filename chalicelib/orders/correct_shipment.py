"""Correct a shipment (修改物流信息): another carrier or number, while the goods are on their way or
just received. WeChat is told again; it takes one correction of a payment.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.model import PICKUP_CARRIER, Order, OrderState, Shipment
from chalicelib.orders.ship import is_shipped_so

_CORRECTABLE = frozenset({OrderState.SHIPPED, OrderState.RECEIVED})


def correct_shipment(order_id: str, carrier: str, tracking_no: str, *, clock: Clock) -> Order:
    """The order as it is afterwards; the same correction twice is once. Raises NotAllowed in any
    other state, NotFound.
    """
    return until_settled(lambda: _correct(order_id, carrier, tracking_no, clock))


def _correct(order_id: str, carrier: str, tracking_no: str, clock: Clock) -> Order:
    order = orders.get(order_id)
    if is_shipped_so(order, carrier, tracking_no):
        return order
    shipment = Shipment(carrier, tracking_no, shipped_at=correctable(order, carrier).shipped_at)
    writes = WriteSet()
    fulfilment.correct(writes, order, shipment, now=clock.now())
    writes.commit()
    return orders.get(order_id)


def correctable(order: Order, carrier: str) -> Shipment:
    """The shipment that can be corrected to this carrier's. Raises NotAllowed when there is none,
    or when either is no parcel but goods to be fetched.
    """
    if order.pickup is not None or carrier == PICKUP_CARRIER:
        raise NotAllowed("Goods to be fetched at a station have no carrier and no number.")
    if order.shipment is None or order.order_state not in _CORRECTABLE:
        raise NotAllowed(f"It is {order.order_state.value}: there is no shipment to correct.")
    return order.shipment
