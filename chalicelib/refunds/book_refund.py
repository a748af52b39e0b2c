"""Book a refund that has reached its member in the ledger, and take it off the list of what is
due. Safe to run any number of times.
"""

from chalicelib.kit.clock import Clock
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, Refund, RefundState


def book_refund(refund_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the refund has succeeded. Raises NotFound."""
    refund = refunds.get(refund_id)
    if refund.refund_state is not RefundState.SUCCEEDED:
        return
    ledger.post(
        recipes.refund(
            refund.order_id,
            refund.refund_id,
            refund.amount_fen,
            by_hand=refund.paid_by_hand,
            sold_by=_sold_by(refund),
            is_marketing=refund.cause is Cause.LEADER_FREE,
            now=clock.now(),
        )
    )
    if refund.due_at is not None:
        refunds.finish(refund)


def _sold_by(refund: Refund) -> str | None:
    """The merchant whose sale it takes from; None before the order was settled."""
    return orders.get(refund.order_id).merchant_id if refund.after_settlement else None
