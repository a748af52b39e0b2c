"""What clients send and see of refunds. Shapes only; the contract of docs/api.md.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.catalog.model import Url
from chalicelib.kit.clock import shown
from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import PriceFen
from chalicelib.orders.schemas import SomeText
from chalicelib.refunds.model import Refund


class RefundBody(Body):
    """A member asks for money back; without an amount, for all that is left."""

    type: Literal["refund_only", "return_goods"]
    reason: Annotated[SomeText, Field(min_length=1, max_length=80)]
    amount_fen: PriceFen | None = None
    evidence_urls: Annotated[tuple[Url, ...], Field(max_length=9)] = ()


def refund_answer(refund: Refund) -> dict[str, Any]:
    """A refund as its member sees it."""
    return {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "amount_fen": refund.amount_fen,
        "reason": refund.reason,
        "type": refund.refund_type,
        "ends_order": refund.ends_order,
        "status": refund.refund_state.value,
        "requested_at": shown(refund.requested_at),
        "settled_at": shown(refund.settled_at) if refund.settled_at else None,
    }
