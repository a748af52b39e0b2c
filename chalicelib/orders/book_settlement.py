"""Book an order's settlement in the ledger. Safe to run any number of times."""

from chalicelib.kit.clock import Clock
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders


def book_settlement(order_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the order was settled with something left of it, or a voucher paid for
    it. Raises NotFound.
    """
    order = orders.get(order_id)
    if order.settled_at is None:
        return
    now = clock.now()
    if order.settled_fen > 0:
        sold = recipes.settlement(order_id, order.merchant_id, order.settled_fen, now=now)
        ledger.post(sold)
    if order.voucher_id is not None:
        price_fen = order.discount_fen - order.price_cut_fen
        ledger.post(recipes.voucher(order_id, order.merchant_id, price_fen, now=now))
