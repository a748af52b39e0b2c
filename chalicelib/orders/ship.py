"""Ship an order (发货): who carries it under which number, and from when on it counts as received.

WeChat hears of it afterwards, by itself. Nothing ships from a group that is not complete, nor when
all that was paid is on its way back. What is fetched at a station is shipped once it has arrived
there, by stations/arrive.py.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.settings import Settings
from chalicelib.groups.errors import GroupForming
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotAllowed, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.model import PICKUP_CARRIER, Order, OrderState, Shipment


def ship(order_id: str, carrier: str, tracking_no: str, *, clock: Clock) -> Order:
    """The order as it is afterwards; the same shipment twice is once. Raises NotAllowed in any
    other state or with another shipment, GroupForming, NotFound.
    """
    return until_settled(lambda: _ship(order_id, carrier, tracking_no, clock))


def _ship(order_id: str, carrier: str, tracking_no: str, clock: Clock) -> Order:
    order, settings = _read(order_id)
    if is_shipped_so(order, carrier, tracking_no):
        return order
    refuse_way(order, carrier, tracking_no)
    refuse_to_ship(order)
    now = clock.now()
    writes = WriteSet()
    fulfilment.ship(
        writes,
        order,
        Shipment(carrier, tracking_no, shipped_at=now),
        now=now,
        receives_at=after(now, settings.auto_receipt_seconds),
    )
    writes.commit()
    return orders.get(order_id)


def _read(order_id: str) -> tuple[Order, Settings]:
    order_key, settings_key = orders.order_key(order_id), catalog.settings_key()
    found = read(order_key, settings_key)
    order = orders.order_of(found.find(order_key))
    if order is None:
        raise NotFound("There is no such order.")
    return order, catalog.settings_of(found.find(settings_key))


def is_shipped_so(order: Order, carrier: str, tracking_no: str) -> bool:
    """Whether this very shipment is on the order already."""
    shipment = order.shipment
    return shipment is not None and (shipment.carrier, shipment.tracking_no) == (
        carrier,
        tracking_no,
    )


def refuse_way(order: Order, carrier: str, tracking_no: str) -> None:
    """Raise NotAllowed for a parcel to whoever fetches their goods, and the other way round."""
    if order.pickup is not None:
        station_id = order.pickup.station_id
        if (carrier, tracking_no) != (PICKUP_CARRIER, station_id):
            raise NotAllowed(f"It is fetched at station {station_id}: use arrive_at_station.")
    elif carrier == PICKUP_CARRIER:
        raise NotAllowed("It is sent to an address: say who carries it.")


def refuse_to_ship(order: Order) -> None:
    """Raise NotAllowed or GroupForming unless the order may be shipped."""
    if order.order_state is OrderState.PAID:
        raise GroupForming("Nothing ships before its group is complete, and drawn or promised.")
    if order.order_state is not OrderState.TO_SHIP:
        raise NotAllowed(f"It is {order.order_state.value}: it cannot be shipped.")
    if order.refundable_fen < 1 and not order.is_free:
        raise NotAllowed("All that was paid is on its way back, or asked for.")
