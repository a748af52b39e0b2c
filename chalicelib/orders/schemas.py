"""What clients send and see of orders. Shapes only; the contract of docs/api.md."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from chalicelib.catalog.model import Identifier
from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import Quantity
from chalicelib.kit.paging import PageQuery


def _plain(text: str) -> str:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("control characters are not allowed")
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]
SomeText = Annotated[str, AfterValidator(_plain), AfterValidator(_some)]


class Address(Body):
    """Where to send it: what `wx.chooseAddress` gives."""

    recipient: Annotated[SomeText, Field(min_length=1, max_length=40)]
    phone: Annotated[str, Field(pattern=r"^[0-9+\-() ]{5,20}$")]
    province: Annotated[SomeText, Field(min_length=1, max_length=30)]
    city: Annotated[SomeText, Field(min_length=1, max_length=30)]
    county: Annotated[PlainText, Field(max_length=30)]
    street: Annotated[PlainText, Field(max_length=60)] | None = None
    detail: Annotated[SomeText, Field(min_length=1, max_length=120)]
    postal_code: Annotated[str, Field(pattern=r"^[0-9]{0,10}$")] | None = None


class WantedBody(Body):
    """What every way of buying takes."""

    sku_id: Identifier
    quantity: Quantity
    remark: Annotated[PlainText, Field(max_length=200)] | None = None
    share_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,32}$")] | None = None


class PurchaseBody(WantedBody):
    """A purchase that is sent."""

    address: Address


Carrier = Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,32}$")]
"""A code of WeChat's delivery list, such as SF."""

TrackingNo = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")]


class QuoteBody(Body):
    """What an order would cost, and whether it would be refused."""

    sku_id: Identifier
    quantity: Quantity
    campaign_id: Identifier | None = None
    group_id: Identifier | None = None
    address: Address | None = None
    station_id: Identifier | None = None
    voucher_id: Identifier | None = None

    @field_validator("voucher_id")
    @classmethod
    def _opens_a_group(cls, voucher_id: str | None, info: ValidationInfo) -> str | None:
        given = info.data.get("campaign_id"), info.data.get("group_id")
        if voucher_id is not None and (given[0] is None or given[1] is not None):
            raise ValueError("a voucher opens a group: send it with campaign_id, without group_id")
        return voucher_id


OrderStatus = Literal[
    "awaiting_payment",
    "paid",
    "to_ship",
    "shipped",
    "received",
    "settled",
    "cancelled",
    "refunding",
    "refunded",
]


class OrdersQuery(PageQuery):
    """`?status=` narrows the member's list."""

    status: OrderStatus | None = None
