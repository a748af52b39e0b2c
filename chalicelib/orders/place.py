"""Place an order alone (单独购买): price it at the solo price and reserve its stock, in one
commit.

Calls nobody outside; the route asks WeChat for payment after this returns, so that a slow gateway
holds nothing up.
"""

from chalicelib.kit.clock import Clock, after
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced
from chalicelib.orders.purchase import Placed, Purchase, draft, read_again, read_first, read_then
from chalicelib.stock import store as stock


def place(purchase: Purchase, *, clock: Clock) -> Placed:
    """Raises NotFound, AddressNotServed, OutOfStock, IdempotencyConflict."""
    reading = read_first(purchase)
    if reading.before is not None:
        return reading.before
    found_too = read_then(reading)
    now = clock.now()
    order = draft(
        reading,
        found_too,
        unit_price_fen=reading.sku.solo_price_fen,
        now=now,
        pay_deadline=after(now, reading.settings.pay_window_seconds),
    )
    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet       -> AlreadyPlaced
    members.must_stay(writes, order.member_id)  # guard: not leaving -> NotSignedIn
    if order.counts_as_first:
        members.count_first_order(writes, order.member_id, order.order_id)
    stock.reserve(writes, order.sku_id, order.quantity)  # guard: enough left -> OutOfStock
    try:
        writes.commit()
    except AlreadyPlaced:
        return read_again(purchase)
    return Placed(order, replayed=False)
