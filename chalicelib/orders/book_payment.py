"""Book an order's payment in the ledger. Safe to run any number of times."""

from chalicelib.kit.clock import Clock
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.orders.model import OrderState


def book_payment(order_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the order has been paid. Raises NotFound."""
    order = orders.get(order_id)
    if order.paid_fen < 1 or order.order_state is OrderState.AWAITING_PAYMENT:
        return
    ledger.post(recipes.payment(order.order_id, order.paid_fen, now=clock.now()))
