"""Shipping information (发货信息管理): what the merchant uploaded for each payment, and how far the
order has come.

Owns the order states and the one chance to ship again. Its store learns of a payment a while
after WeChat Pay does.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from infra.local.wechat.ids import beijing_time
from infra.local.wechat.refunds import RefundBook, RefundState
from infra.local.wechat.refusals import ControlRefusal, MiniProgramRefusal, PayRefusal
from infra.local.wechat.trades import Trade, TradeBook
from infra.local.wechat.validation import Json

EXPRESS = 1
UNIFIED, SPLIT = 1, 2
PARCELS_MAX = 15
SF = "SF"
SETTLES_AFTER = timedelta(days=10)
SETTLES_AFTER_OTHERWISE = timedelta(days=2)
"""What no courier carries: same-city, virtual, picked up."""
VALIDATION_FAILED = 268440065
PRESALE, TEST_ORDER = 1, 2
PRESALE_FROM, PRESALE_UNTIL = timedelta(days=15), timedelta(days=330)
"""Between which a pre-sale ships, from its payment on."""
CONFIRM_METHODS = {"automatic": 1, "manual": 2}


class OrderState(IntEnum):
    TO_SHIP = 1
    """Paid; the money is frozen."""
    SHIPPED = 2
    """All of it is on its way."""
    CONFIRMED = 3
    """The user has it, or the time to say otherwise is over."""
    REFUNDED = 5
    """All of the money went back."""


@dataclass
class Shipment:
    """All uploads for one payment; the last one counts, of a split delivery all of them."""

    uploads: list[Json] = field(default_factory=list)
    is_complete: bool = False
    has_shipped_again: bool = False
    shipped_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirm_method: str = ""

    @property
    def parcels(self) -> list[Json]:
        if not self.uploads:
            return []
        if self.uploads[-1]["delivery_mode"] == UNIFIED:
            return _parcels(self.uploads[-1])
        return [parcel for upload in self.uploads for parcel in _parcels(upload)]


class ShippingBook:
    def __init__(self, trades: TradeBook, refunds: RefundBook) -> None:
        self._trades = trades
        self._refunds = refunds
        self._shipments: dict[str, Shipment] = {}
        self._special: dict[str, Json] = {}

    def upload(self, request: Json, now: datetime, lag_seconds: int) -> None:
        """Raises MiniProgramRefusal. The request has its shape already."""
        _refuse_senseless(request)
        key = request["order_key"]
        trade = self._find(
            key.get("transaction_id", ""), key.get("out_trade_no", ""), now, lag_seconds
        )
        if trade.openid != request["payer"]["openid"]:
            raise MiniProgramRefusal(VALIDATION_FAILED, "the payment is another user's")
        shipment = self._shipments.get(trade.out_trade_no, Shipment())
        if self._is_refunded(trade):
            raise MiniProgramRefusal(10060004, "支付单处于不可发货的状态")
        if shipment.confirmed_at is not None:
            raise MiniProgramRefusal(10060002, "支付单已完成发货，无法继续发货")
        _refuse_repeat(shipment, request)
        if shipment.is_complete:
            if shipment.has_shipped_again:
                raise MiniProgramRefusal(10060003, "支付单已使用重新发货机会")
            shipment.has_shipped_again = True
            shipment.uploads.clear()
        shipment.uploads.append(request)
        shipment.is_complete = request["delivery_mode"] == UNIFIED or request["is_all_delivered"]
        shipment.shipped_at = now
        self._shipments[trade.out_trade_no] = shipment

    def report_special(self, request: Json, now: datetime, lag_seconds: int) -> None:
        """What does not ship as usual (特殊发货报备); the last report counts. Raises
        MiniProgramRefusal.
        """
        if request["type"] not in (PRESALE, TEST_ORDER):
            raise MiniProgramRefusal(268546000, "type非法")
        trade = self._find_to_ship(request["order_id"], now, lag_seconds)
        if request["type"] == PRESALE:
            paid_seconds, ships_seconds = _paid_seconds(trade), request.get("delay_to", 0)
            earliest = paid_seconds + int(PRESALE_FROM.total_seconds())
            latest = paid_seconds + int(PRESALE_UNTIL.total_seconds())
            if not max(earliest, int(now.timestamp())) < ships_seconds <= latest:
                raise MiniProgramRefusal(268546001, "delay_to非法")
        self._special[trade.out_trade_no] = request

    def special_report_of(self, out_trade_no: str) -> Json | None:
        """What was reported of it, if anything."""
        return self._special.get(out_trade_no)

    def order(self, request: Json, now: datetime, lag_seconds: int) -> Json:
        """The order as the merchant may look at it. Raises MiniProgramRefusal."""
        trade = self._find(
            request.get("transaction_id", ""),
            request.get("merchant_trade_no", ""),
            now,
            lag_seconds,
        )
        shipment = self._shipments.get(trade.out_trade_no, Shipment())
        return {
            **_identity(trade),
            "description": trade.terms["description"],
            "paid_amount": trade.total_fen,
            "openid": trade.openid,
            "trade_create_time": int(trade.ordered_at.timestamp()),
            "order_state": int(self._state(trade, shipment)),
            "in_complaint": False,
            "shipping": {
                "delivery_mode": shipment.uploads[-1]["delivery_mode"] if shipment.uploads else 0,
                "logistics_type": shipment.uploads[-1]["logistics_type"] if shipment.uploads else 0,
                "finish_shipping": shipment.is_complete,
                "finish_shipping_count": int(shipment.is_complete) + shipment.has_shipped_again,
                "shipping_list": shipment.parcels,
            },
        }

    def uploads_of(self, out_trade_no: str) -> list[Json]:
        """Every upload that counts, as it was sent."""
        return list(self._shipments.get(out_trade_no, Shipment()).uploads)

    def confirm(self, out_trade_no: str, method: str, now: datetime) -> None:
        """The goods arrived: the user says so, or time does. Raises ControlRefusal."""
        shipment = self._shipped(out_trade_no)
        if shipment.confirmed_at is None:
            shipment.confirmed_at, shipment.confirm_method = now, method

    def reminder(self, out_trade_no: str, now: datetime) -> Json:
        """What WeChat says about an order that should have been shipped. Raises ControlRefusal."""
        trade = self._paid(out_trade_no, now)
        return {**_identity(trade), "msg": "订单已超过48小时未发货，请尽快发货"}

    def settlement(self, out_trade_no: str, now: datetime) -> Json:
        """What WeChat says about the money of a shipped order. Raises ControlRefusal."""
        trade, shipment = self._paid(out_trade_no, now), self._shipped(out_trade_no)
        shipped_at = shipment.shipped_at or now
        is_express = shipment.uploads[-1]["logistics_type"] == EXPRESS
        settles_after = SETTLES_AFTER if is_express else SETTLES_AFTER_OTHERWISE
        content = {
            **_identity(trade),
            "shipped_time": int(shipped_at.timestamp()),
            "estimated_settlement_time": int((shipped_at + settles_after).timestamp()),
        }
        if shipment.confirmed_at is not None:
            confirmed_seconds = int(shipment.confirmed_at.timestamp())
            content["confirm_receive_method"] = CONFIRM_METHODS[shipment.confirm_method]
            content["confirm_receive_time"] = confirmed_seconds
            content["settlement_time"] = confirmed_seconds
        return content

    def _find(
        self, transaction_id: str, out_trade_no: str, now: datetime, lag_seconds: int
    ) -> Trade:
        trade = self._trades.find_paid(transaction_id) if transaction_id else None
        if out_trade_no and not transaction_id:
            try:
                trade = self._trades.get(out_trade_no, now)
            except PayRefusal:
                trade = None
        lag = timedelta(seconds=lag_seconds)
        if trade is None or trade.paid_at is None or now < trade.paid_at + lag:
            raise MiniProgramRefusal(10060001, "支付单不存在")
        return trade

    def _find_to_ship(self, number: str, now: datetime, lag_seconds: int) -> Trade:
        """By WeChat's number or the merchant's. Raises MiniProgramRefusal."""
        is_wechats = self._trades.find_paid(number) is not None
        numbers = (number, "") if is_wechats else ("", number)
        unknown = MiniProgramRefusal(268546002, "账户不存在这个待发货单号")
        try:
            trade = self._find(*numbers, now, lag_seconds)
        except MiniProgramRefusal:
            raise unknown from None
        shipment = self._shipments.get(trade.out_trade_no, Shipment())
        if self._state(trade, shipment) is not OrderState.TO_SHIP:
            raise unknown
        return trade

    def _paid(self, out_trade_no: str, now: datetime) -> Trade:
        try:
            trade = self._trades.get(out_trade_no, now)
        except PayRefusal:
            raise ControlRefusal(404, "order_not_found", "no such order") from None
        if trade.paid_at is None:
            raise ControlRefusal(409, "order_not_paid", "the order is not paid")
        return trade

    def _shipped(self, out_trade_no: str) -> Shipment:
        shipment = self._shipments.get(out_trade_no)
        if shipment is None:
            raise ControlRefusal(409, "order_not_shipped", "no shipment was uploaded")
        return shipment

    def _is_refunded(self, trade: Trade) -> bool:
        refunds = self._refunds.list_of(trade.out_trade_no)
        given = [one.amount_fen for one in refunds if one.state is not RefundState.CLOSED]
        return sum(given) == trade.total_fen

    def _state(self, trade: Trade, shipment: Shipment) -> OrderState:
        if self._is_refunded(trade):
            return OrderState.REFUNDED
        if shipment.confirmed_at is not None:
            return OrderState.CONFIRMED
        return OrderState.SHIPPED if shipment.is_complete else OrderState.TO_SHIP


def _paid_seconds(trade: Trade) -> int:
    return int(trade.paid_at.timestamp()) if trade.paid_at else 0


def _identity(trade: Trade) -> Json:
    return {
        "transaction_id": trade.transaction_id,
        "merchant_id": trade.terms["mchid"],
        "merchant_trade_no": trade.out_trade_no,
        "pay_time": _paid_seconds(trade),
    }


def _parcels(upload: Json) -> list[Json]:
    sent_at = datetime.fromisoformat(upload["upload_time"])
    return [
        {
            "tracking_no": parcel.get("tracking_no", ""),
            "express_company": parcel.get("express_company", ""),
            "goods_desc": parcel["item_desc"],
            "upload_time": int(sent_at.timestamp()),
        }
        for parcel in upload["shipping_list"]
    ]


def _refuse_senseless(request: Json) -> None:
    parcels, is_split = request["shipping_list"], request["delivery_mode"] == SPLIT
    if is_split and request["logistics_type"] != EXPRESS:
        raise MiniProgramRefusal(10060006, "非快递发货时不允许分拆发货")
    if is_split and "is_all_delivered" not in request:
        raise MiniProgramRefusal(10060007, "分拆发货模式下必须填写is_all_delivered")
    if not 1 <= len(parcels) <= (PARCELS_MAX if is_split else 1):
        raise MiniProgramRefusal(VALIDATION_FAILED, "shipping_list has a wrong number of entries")
    for parcel in parcels:
        if request["logistics_type"] == EXPRESS:
            _refuse_vague(parcel)
        else:
            _refuse_carried(parcel)


def _refuse_vague(parcel: Json) -> None:
    """An express parcel says who carries it and by which number; SF also asks for a telephone."""
    for name in ("tracking_no", "express_company"):
        if not parcel.get(name):
            raise MiniProgramRefusal(VALIDATION_FAILED, f"{name} is required")
    contact: dict[str, Any] = parcel.get("contact", {})
    if parcel["express_company"] == SF and not contact:
        raise MiniProgramRefusal(VALIDATION_FAILED, "contact is required for SF")


def _refuse_carried(parcel: Json) -> None:
    """Stricter than WeChat, which does not look: whoever names a courier did not mean a pick-up."""
    for name in ("tracking_no", "express_company"):
        if name in parcel:
            raise MiniProgramRefusal(VALIDATION_FAILED, f"{name} is for express only")


def _refuse_repeat(shipment: Shipment, request: Json) -> None:
    if not shipment.uploads:
        return
    last = shipment.uploads[-1]
    if {**last, "upload_time": ""} == {**request, "upload_time": ""}:
        raise MiniProgramRefusal(10060023, "发货信息未更新")
    before, then = (datetime.fromisoformat(one["upload_time"]) for one in (last, request))
    if then <= before:
        message = f"upload_time is not later than {beijing_time(before)}"
        raise MiniProgramRefusal(VALIDATION_FAILED, message)
