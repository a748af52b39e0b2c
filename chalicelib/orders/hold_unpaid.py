"""So many orders a member may have unpaid at a time: each holds units, and perhaps a seat, until
its time to pay is over.

Part of the commit that places one. Writes nothing beyond what placing checks of its member anyway;
nothing is taken off when an order is paid or cancelled, but once there seem to be too many.
"""

from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.members import standing, unpaid
from chalicelib.orders import store as orders
from chalicelib.orders.errors import TooManyUnpaid
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.purchase import Reading


def hold_unpaid(writes: WriteSet, order: Order, reading: Reading) -> None:
    """Note the order with its member, who must not be on the way out -> NotSignedIn, nor blocked ->
    AccountBlocked.

    Raises TooManyUnpaid. Guard: as few are noted as were read -> Changed.
    """
    if order.order_state is not OrderState.AWAITING_PAYMENT:
        standing.must_take_part(writes, order.member_id)
        return
    most = reading.settings.most_unpaid_orders
    noted = unpaid.unpaid_orders_of(reading.profile_row)
    if len(noted) < most:
        unpaid.add_unpaid(writes, order.member_id, order.order_id, most=most)
        return
    left = _still_unpaid(noted)
    if len(left) >= most:
        raise TooManyUnpaid(context={"order_ids": sorted(left)})
    unpaid.note_unpaid(writes, order.member_id, left | {order.order_id}, before=noted)


def _still_unpaid(order_ids: frozenset[str]) -> frozenset[str]:
    keys = {order_id: orders.order_key(order_id) for order_id in order_ids}
    found = read(*keys.values())
    as_they_are = (orders.order_of(found.find(key)) for key in keys.values())
    return frozenset(
        order.order_id
        for order in as_they_are
        if order is not None and order.order_state is OrderState.AWAITING_PAYMENT
    )
