"""Place an order alone (单独购买): price it at the solo price and reserve its stock, in one
commit.

Calls nobody outside; the route asks WeChat for payment after this returns, so that a slow gateway
holds nothing up.
"""

from chalicelib.kit.clock import Clock, after
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced, TooManyUnpaid
from chalicelib.orders.hold_unpaid import hold_unpaid
from chalicelib.orders.purchase import (
    Placed,
    Purchase,
    draft,
    read_again,
    read_first,
    read_then,
    twin_or,
)
from chalicelib.stock import store as stock


def place(purchase: Purchase, *, clock: Clock) -> Placed:
    """Raises NotFound, AddressNotServed, OutOfStock, TooManyUnpaid, IdempotencyConflict."""
    return until_settled(lambda: _attempt(purchase, clock))


def _attempt(purchase: Purchase, clock: Clock) -> Placed:
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
    try:
        hold_unpaid(writes, order, reading)  # guard: not leaving -> NotSignedIn; few unpaid
    except TooManyUnpaid as refusal:
        return twin_or(refusal, purchase)
    if order.counts_as_first:
        members.count_first_order(writes, order.member_id, order.order_id)
    stock.reserve(writes, order.sku_id, order.quantity)  # guard: enough left -> OutOfStock
    try:
        writes.commit()
    except AlreadyPlaced:
        return read_again(purchase)
    return Placed(order, replayed=False)
