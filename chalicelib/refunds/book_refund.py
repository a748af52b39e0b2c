"""Book a refund that has reached its member in the ledger, and take it off the list of what is
due. Safe to run any number of times.
"""

from chalicelib.kit.clock import Clock
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import RefundState


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
            now=clock.now(),
        )
    )
    if refund.due_at is not None:
        refunds.finish(refund)
