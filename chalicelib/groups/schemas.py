"""What clients send to groups. Shapes only; the contract of docs/api.md."""

from chalicelib.catalog.model import Identifier
from chalicelib.orders.schemas import PurchaseBody


class OpenGroupBody(PurchaseBody):
    """Open a group of a campaign with a first purchase."""

    campaign_id: Identifier
    voucher_id: Identifier | None = None


class JoinGroupBody(PurchaseBody):
    """Take a seat in a group with a purchase."""
