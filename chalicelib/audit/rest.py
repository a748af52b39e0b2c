"""Whether everything that follows by itself from an order has been done, as far as its row says.
Pure.
"""

from chalicelib.audit.books import Books
from chalicelib.orders.model import Order, OrderState
from chalicelib.refunds.model import RefundState


def is_at_rest(order: Order) -> bool:
    """Nothing is due but what time alone brings: that what is made to order ships late, receipt of
    what was shipped, settlement of what was received.
    """
    waits = order.order_state in (OrderState.TO_SHIP, OrderState.SHIPPED, OrderState.RECEIVED)
    return order.due_at is None or (waits and order.due_at == order.rests_until)


def is_followed_up(books: Books, order: Order) -> bool:
    """At rest, and so is every refund that has brought something back. False when one is
    unknown.
    """
    refunds = books.refunds_of(order)
    return (
        is_at_rest(order)
        and refunds is not None
        and not any(
            refund.due_at is not None and refund.refund_state is RefundState.SUCCEEDED
            for refund in refunds
        )
    )
