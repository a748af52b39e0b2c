"""What clients send and see of refunds. Shapes only; the contract of docs/api.md."""

from typing import Annotated

from pydantic import Field

from chalicelib.catalog.model import Url
from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import PriceFen
from chalicelib.orders.schemas import SomeText, TrackingNo
from chalicelib.refunds.model import RefundType


class RefundBody(Body):
    """A member asks for money back; without an amount, for all that is left."""

    type: RefundType
    reason: Annotated[SomeText, Field(min_length=1, max_length=80)]
    amount_fen: PriceFen | None = None
    evidence_urls: Annotated[tuple[Url, ...], Field(max_length=9)] = ()


class ReturnShipmentBody(Body):
    """How the goods come back; the carrier in the member's own words."""

    carrier: Annotated[SomeText, Field(min_length=1, max_length=32)]
    tracking_no: TrackingNo
