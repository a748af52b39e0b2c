"""Place an order alone (单独购买): price it at the solo price and reserve its stock, in one
commit.

Calls nobody outside; the route asks WeChat for payment after this returns, so that a slow gateway
holds nothing up.
"""

from chalicelib.catalog import store as catalog
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced
from chalicelib.orders.purchase import (
    Placed,
    Purchase,
    buyer,
    draft,
    inviters_key,
    read_again,
    relations,
    replay,
    sku_or_refuse,
)
from chalicelib.stock import store as stock


def place(purchase: Purchase, *, clock: Clock) -> Placed:
    """Raises NotFound, AddressNotServed, OutOfStock, IdempotencyConflict."""
    order_key = orders.order_key(purchase.order_id)
    member_key = members.profile_key(purchase.caller.member_id)
    referral_key = members.referral_key(purchase.caller.member_id)
    buyer_key = members.buyer_key(purchase.caller.member_id)
    sku_key = catalog.sku_key(purchase.sku_id)
    settings_key = catalog.settings_key()
    found = read(order_key, member_key, referral_key, buyer_key, sku_key, settings_key)
    before = replay(orders.order_of(found.find(order_key)), purchase)
    if before is not None:
        return before
    sku = sku_or_refuse(catalog.sku_of(found.find(sku_key)))
    settings = catalog.settings_of(found.find(settings_key))
    freight_key = catalog.freight_key(sku.merchant_id)
    referral = members.referral_of(found.find(referral_key))
    found_too = read(freight_key, inviters_key(referral))

    now = clock.now()
    order = draft(
        purchase,
        member=buyer(members.member_of(found.find(member_key))),
        relations=relations(referral, found_too),
        sku=sku,
        freight=catalog.freight_of(found_too.find(freight_key), sku.merchant_id),
        settings=settings,
        unit_price_fen=sku.solo_price_fen,
        now=now,
        pay_deadline=after(now, settings.pay_window_seconds),
        has_paid_before=members.has_paid(found.find(buyer_key)),
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
