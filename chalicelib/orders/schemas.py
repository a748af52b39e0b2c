"""What clients send and see of orders. Shapes only; the contract of docs/api.md."""

from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from typing_extensions import TypedDict

from chalicelib.catalog.model import Identifier
from chalicelib.gateways.wechat_pay import PayParameters
from chalicelib.kit.declared import Fen, Page, Time
from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import Quantity
from chalicelib.kit.paging import PageQuery
from chalicelib.orders.model import OrderState
from chalicelib.refunds.model import RefundState, RefundType


def _plain(text: str) -> str:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("control characters are not allowed")
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


_ONE_LINE = r"[^\x00-\x1f\x7f]*"
_VISIBLE = r"[^\x00-\x20\x7f\x85\s]"

# The patterns only say in the OpenAPI document what the functions see to.
PlainText = Annotated[
    str, AfterValidator(_plain), Field(json_schema_extra={"pattern": f"^{_ONE_LINE}$"})
]
SomeText = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_some),
    Field(json_schema_extra={"pattern": f"^{_ONE_LINE}{_VISIBLE}{_ONE_LINE}$"}),
]


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


class QuoteAnswer(TypedDict):
    """What it would cost; `refusal_code`: what stands in the way, null if nothing does."""

    goods_fen: Fen
    freight_fen: Fen
    discount_fen: Fen
    amount_fen: Fen
    refusal_code: str | None


class AddressAnswer(TypedDict):
    """Where it is sent, as it was given."""

    recipient: str
    phone: str
    province: str
    city: str
    county: str
    street: NotRequired[str]
    detail: str
    postal_code: NotRequired[str]


class PickupPlaceAnswer(TypedDict):
    """Where it is fetched; `code` is what is shown there, null until the goods may be shipped."""

    station_id: str
    name: str
    address: str
    code: str | None


class ShipmentAnswer(TypedDict):
    """Who carries an order; where it is fetched, `PICKUP` and the station's id."""

    carrier: str
    tracking_no: str
    shipped_at: Time


class ReturnShipmentAnswer(TypedDict):
    """How goods come back."""

    carrier: str
    tracking_no: str
    sent_at: Time


class RefundAnswer(TypedDict):
    """Money on its way back. `ends_order`: the order ends with it."""

    refund_id: str
    order_id: str
    amount_fen: Fen
    reason: str
    type: RefundType
    ends_order: bool
    status: RefundState
    requested_at: Time
    settled_at: Time | None
    return_shipment: ReturnShipmentAnswer | None


class TradeAnswer(TypedDict):
    """What WeChat calls an order; `transaction_id` is null before it is paid."""

    mch_id: str
    out_trade_no: str
    transaction_id: str | None


class OrderAnswer(TypedDict):
    """An order as its member sees it: sent to `address`, or fetched at `pickup`; one is null."""

    order_id: str
    status: OrderState
    group_id: str | None
    campaign_id: str | None
    sku_id: str
    title: str
    image_url: str | None
    quantity: int
    unit_price_fen: Fen
    goods_fen: Fen
    freight_fen: Fen
    discount_fen: Fen
    amount_fen: Fen
    refunded_fen: Fen
    price_cut_fen: Fen
    voucher_id: str | None
    address: AddressAnswer | None
    pickup: PickupPlaceAnswer | None
    collects_until: Time | None
    custom_fields: dict[str, str]
    ships_by: Time | None
    remark: str | None
    placed_at: Time
    pay_deadline: Time
    paid_at: Time | None
    cancel_reason: str | None
    server_time: Time
    shipment: ShipmentAnswer | None
    received_at: Time | None
    settled_at: Time | None
    refunds: list[RefundAnswer]
    wechat: TradeAnswer


class OrdersPage(Page):
    """One's own orders, newest first."""

    items: list[OrderAnswer]


class PaymentAnswer(TypedDict):
    """How to pay: `ready` with what to pay with; `not_due`: nothing is to be paid, now or any more;
    `unavailable`: WeChat could not be asked, ask again.
    """

    payment: PayParameters | None
    payment_state: Literal["ready", "not_due", "unavailable"]


class PlacedAnswer(PaymentAnswer):
    """An order that was placed, and how to pay it."""

    order: OrderAnswer
