"""Book an order's settlement in the ledger. Safe to run any number of times."""

from chalicelib.kit.clock import Clock
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders


def book_settlement(order_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the order was settled with something left of it. Raises NotFound."""
    order = orders.get(order_id)
    if order.settled_at is None or order.settled_fen < 1:
        return
    now = clock.now()
    ledger.post(recipes.settlement(order.order_id, order.merchant_id, order.settled_fen, now=now))
