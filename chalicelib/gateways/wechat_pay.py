"""What the rest of the project knows of WeChat Pay (微信支付): a Protocol, its values, its errors.

Never imports an HTTP or crypto library, so that whoever only names a type does not pay for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NoReturn, Protocol

from typing_extensions import TypedDict

from chalicelib.gateways.http import not_set_up
from chalicelib.gateways.wechat_bills import Bill, BillKind
from chalicelib.gateways.wechat_transfers import (
    TransferNotification,
    TransferReport,
    TransferRequest,
)
from chalicelib.kit.errors import Refusal, WechatUnavailable


class PayParameters(TypedDict):
    """What `wx.requestPayment` takes."""

    timeStamp: str
    nonceStr: str
    package: str
    signType: Literal["RSA"]
    paySign: str


RefundStatus = Literal["SUCCESS", "CLOSED", "PROCESSING", "ABNORMAL"]

SIGNED_HEADERS = (
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature",
)
"""What proves a notification to be WeChat's."""

PAID_TRADE_STATES = frozenset({"SUCCESS", "REFUND"})
"""A trade in REFUND was paid first: the state only says that some refund of it was started."""


@dataclass(frozen=True, slots=True)
class PrepayRequest:
    """An order as WeChat is to show and collect it.

    The same `out_trade_no` must always come with the same values: WeChat refuses a changed repeat.
    `description` is cut to 127 bytes of UTF-8 and `attach` to 128, without characters beyond
    U+FFFF. `notify_url` is https and carries no query.
    """

    out_trade_no: str
    description: str
    amount_fen: int
    openid: str = field(repr=False)
    app_id: str
    notify_url: str
    time_expire: datetime
    attach: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A trade as WeChat reports it, from a query or a notification.

    One that nobody has paid has no transaction id, no success time and may lack the rest.
    Whether merchant, app, amount and currency are the expected ones is the caller's to check.
    """

    merchant_id: str
    app_id: str
    out_trade_no: str
    transaction_id: str | None
    trade_state: str
    amount_fen: int | None
    currency: str | None
    payer_openid: str | None = field(repr=False)
    success_time: datetime | None
    attach: str | None

    @property
    def is_paid(self) -> bool:
        """Whether the payer's money has arrived, even if part of it has gone back since."""
        return self.trade_state in PAID_TRADE_STATES


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Give back `amount_fen` of the `total_fen` that were paid for `out_trade_no`.

    One `out_refund_no` refunds once, however often it is sent, and must be sent unchanged.
    `reason` is shown to the payer, cut to 80 bytes of UTF-8 without characters beyond U+FFFF.
    """

    out_refund_no: str
    out_trade_no: str
    amount_fen: int
    total_fen: int
    reason: str | None
    notify_url: str


@dataclass(frozen=True, slots=True)
class RefundReport:
    """A refund as WeChat reports it. PROCESSING is an acceptance, not money given back."""

    out_refund_no: str
    out_trade_no: str
    refund_id: str
    refund_status: RefundStatus
    amount_fen: int
    success_time: datetime | None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentNotification:
    """WeChat tells of a payment. `id` is the notification's own: a repeat carries it again."""

    id: str
    payment: Payment


@dataclass(frozen=True, slots=True)
class RefundNotification:
    """WeChat tells how a refund ended, whichever way it did."""

    id: str
    merchant_id: str
    report: RefundReport


@dataclass(frozen=True, slots=True)
class ComplaintNotification:
    """A payer complains, or something happened to a complaint (支付者投诉): its number and what, in
    WeChat's word. What the payer says has to be looked up.
    """

    id: str
    complaint_id: str
    action: str


@dataclass(frozen=True, slots=True)
class OtherNotification:
    """Authentic, and about something that is not read here; its content stays encrypted."""

    id: str
    event_type: str


Notification = (
    PaymentNotification
    | RefundNotification
    | TransferNotification
    | ComplaintNotification
    | OtherNotification
)


class NotAuthentic(Refusal):
    """What claims to be a notification is not provably from WeChat, not fresh, or not legible."""

    status, code = 401, "not_authentic"
    title, title_en = "请求来源无法确认", "This is not provably from WeChat."


class RefusedByWechat(Exception):
    """WeChat answered, and the answer is no: what was asked for has not been done.

    `code` is WeChat's, as spelt in the answer; `status` is the HTTP status; `request_id` is what
    WeChat's support asks for. Ask `says` about the code; `message` is for people and may change.
    """

    def __init__(self, code: str, message: str, status: int, request_id: str = "") -> None:
        super().__init__(f"WeChat Pay refused with {status} {code}: {message} [{request_id}]")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id

    def says(self, *codes: str) -> bool:
        """Whether the code is one of `codes`, however this generation of the API spells it."""
        return normal_code(self.code) in {normal_code(code) for code in codes}


class AlreadyPaid(RefusedByWechat):
    """The trade is paid: it can be refunded, and neither closed nor paid again."""


class OrderClosed(RefusedByWechat):
    """The trade is closed; its number cannot be used again."""


class RequestDiffers(RefusedByWechat):
    """The number is taken by a request with other values; that first one still stands."""


class TradeUnknown(RefusedByWechat):
    """WeChat knows no trade, refund or transfer by that number."""


class NotEnoughBalance(RefusedByWechat):
    """The merchant's balance is short: to be sent again, unchanged, after a top-up."""


class NoBill(RefusedByWechat):
    """Nothing happened on that day, so that WeChat has no bill of it."""


class BillNotReady(RefusedByWechat):
    """The day's bill is still being written: to be asked for again in half an hour."""


def normal_code(code: str) -> str:
    """One spelling for ORDER_NOT_EXIST and ORDERNOTEXIST: the documents use both."""
    return code.replace("_", "").upper()


class WechatPay(Protocol):
    """WeChat Pay v3 for one merchant. Amounts are integer fen, times are aware.

    Every method may raise `WechatUnavailable`: no answer, or none to be believed. The outcome is
    then unknown: ask with a query, or send the same number with the same values again.
    Methods that call out may also raise `RefusedByWechat`: a definite no.
    """

    def prepay(self, request: PrepayRequest) -> str:
        """Announce an order and return its prepay_id, good for two hours; a repeat gives another.

        Raises AlreadyPaid, OrderClosed, RequestDiffers.
        """
        ...

    def pay_parameters(self, prepay_id: str, app_id: str, now: datetime) -> PayParameters:
        """Sign what the mini-program hands to `wx.requestPayment`. Calls nobody."""
        ...

    def query(self, out_trade_no: str) -> Payment | None:
        """What WeChat holds under our number; None when it does not know the order."""
        ...

    def query_by_transaction_id(self, transaction_id: str) -> Payment | None:
        """What WeChat holds under its own number; None when it does not know the trade."""
        ...

    def close(self, out_trade_no: str) -> None:
        """End an unpaid order, so that nobody can pay it. Closing twice is as good as once.

        Raises AlreadyPaid, and TradeUnknown when no prepay has arrived (one may be under way).
        """
        ...

    def refund(self, request: RefundRequest) -> RefundReport:
        """Ask for a refund; a repeat of the number reports the refund that already exists.

        Raises NotEnoughBalance, TradeUnknown.
        """
        ...

    def query_refund(self, out_refund_no: str) -> RefundReport | None:
        """How a refund stands; None when WeChat does not know it."""
        ...

    def transfer(self, request: TransferRequest) -> TransferReport:
        """Ask for a transfer; a repeat of the number reports the one that already exists, with
        its package_info while it waits for its payee.

        Raises NotEnoughBalance, RequestDiffers. No refusal proves that an earlier request under
        the number did not stand: a query must, before another number pays the same money.
        """
        ...

    def query_transfer(self, out_bill_no: str) -> TransferReport | None:
        """How a transfer stands. None when WeChat does not know it: not yet, which a request
        just sent may meet, or no longer, after 30 days.
        """
        ...

    def cancel_transfer(self, out_bill_no: str) -> TransferReport:
        """Take a transfer back before its payee confirms it. CANCELING is an acceptance: only
        CANCELLED says that the money will not move. May be repeated.

        Raises TradeUnknown, and RefusedByWechat once the payee has confirmed.
        """
        ...

    def bill(self, kind: BillKind, day: str) -> Bill | None:
        """That bill of a day (in China's time) that is over; None when nothing happened on it.

        Raises BillNotReady.
        """
        ...

    def read_notification(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notification:
        """Prove that a callback is WeChat's, then decrypt it. Raises NotAuthentic."""
        ...


class WechatPayOff:
    """The off switch: a `WechatPay` without credentials; `missing` names the absent parameters.

    Every method raises WechatUnavailable. Nothing is made up and no signature goes unchecked.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        self._missing = missing

    @property
    def refusal(self) -> WechatUnavailable:
        """What every method raises: which parameters are missing."""
        return not_set_up("WeChat Pay", self._missing)

    def prepay(self, request: PrepayRequest) -> str:
        """Raise WechatUnavailable, like every method here."""
        self._refuse(request)

    def pay_parameters(self, prepay_id: str, app_id: str, now: datetime) -> PayParameters:
        """Raise WechatUnavailable."""
        self._refuse(prepay_id, app_id, now)

    def query(self, out_trade_no: str) -> Payment | None:
        """Raise WechatUnavailable."""
        self._refuse(out_trade_no)

    def query_by_transaction_id(self, transaction_id: str) -> Payment | None:
        """Raise WechatUnavailable."""
        self._refuse(transaction_id)

    def close(self, out_trade_no: str) -> None:
        """Raise WechatUnavailable."""
        self._refuse(out_trade_no)

    def refund(self, request: RefundRequest) -> RefundReport:
        """Raise WechatUnavailable."""
        self._refuse(request)

    def query_refund(self, out_refund_no: str) -> RefundReport | None:
        """Raise WechatUnavailable."""
        self._refuse(out_refund_no)

    def transfer(self, request: TransferRequest) -> TransferReport:
        """Raise WechatUnavailable."""
        self._refuse(request)

    def query_transfer(self, out_bill_no: str) -> TransferReport | None:
        """Raise WechatUnavailable."""
        self._refuse(out_bill_no)

    def cancel_transfer(self, out_bill_no: str) -> TransferReport:
        """Raise WechatUnavailable."""
        self._refuse(out_bill_no)

    def bill(self, kind: BillKind, day: str) -> Bill | None:
        """Raise WechatUnavailable."""
        self._refuse(kind, day)

    def read_notification(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notification:
        """Raise WechatUnavailable: a callback that cannot be verified is to be sent again."""
        self._refuse(headers, body, now)

    def _refuse(self, *_asked: object) -> NoReturn:
        raise self.refusal
