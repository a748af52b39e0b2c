"""Orders as WeChat Pay keeps them: prepay, pay, query, close.

Owns the state machine NOTPAY -> SUCCESS -> REFUND and NOTPAY -> CLOSED, and the merchant's
balance. Pure: it is told the time, calls nobody and knows no HTTP.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from infra.local.wechat.ids import Ids, beijing_time
from infra.local.wechat.refusals import (
    ALREADY_PAID_NUMBER,
    CHANGED_TERMS_NUMBER,
    ORDER_DEAD_NUMBER,
    PARAMETER_NUMBER,
    ControlRefusal,
    PayRefusal,
    invalid_request,
)
from infra.local.wechat.validation import Json

PREPAY_LIFE = timedelta(hours=2)
SHORTEST_TIME_TO_PAY = timedelta(minutes=1)
UNPAID_LIFE = timedelta(days=7)
OPENING_BALANCE_FEN = 10_000_000_00


class TradeState(StrEnum):
    NOTPAY = "NOTPAY"
    """Waits for the user; a cancelled or failed attempt leaves it so."""
    SUCCESS = "SUCCESS"
    """Paid."""
    REFUND = "REFUND"
    """Paid, and a refund was started, whatever became of it."""
    CLOSED = "CLOSED"
    """Can never be paid."""


DESCRIPTIONS = {
    TradeState.NOTPAY: "订单未支付",
    TradeState.SUCCESS: "支付成功",
    TradeState.REFUND: "订单发生过退款",
    TradeState.CLOSED: "订单已关闭",
}


@dataclass
class Balance:
    """What the merchant's account holds, never below zero."""

    fen: int = OPENING_BALANCE_FEN

    def deposit(self, amount_fen: int) -> None:
        self.fen += amount_fen

    def withdraw(self, amount_fen: int) -> None:
        if amount_fen > self.fen:
            raise PayRefusal(403, "NOT_ENOUGH", "基本账户余额不足 请充值后重新发起")
        self.fen -= amount_fen


@dataclass
class Trade:
    """One order. `terms` is the body of the call that first placed it."""

    terms: Json
    ordered_at: datetime
    state: TradeState = TradeState.NOTPAY
    prepay_ids: dict[str, datetime] = field(default_factory=dict)
    transaction_id: str = ""
    paid_at: datetime | None = None

    @property
    def out_trade_no(self) -> str:
        return str(self.terms["out_trade_no"])

    @property
    def openid(self) -> str:
        return str(self.terms["payer"]["openid"])

    @property
    def total_fen(self) -> int:
        return int(self.terms["amount"]["total"])

    @property
    def notify_url(self) -> str:
        return str(self.terms["notify_url"])

    def is_over(self, now: datetime) -> bool:
        """The time to pay has run out; the order itself stays open until somebody closes it."""
        expires_at = self.terms.get("time_expire")
        return expires_at is not None and now >= datetime.fromisoformat(expires_at)

    def present(self) -> Json:
        """What a query answers, and what the notification of a payment carries."""
        seen: Json = {
            "appid": self.terms["appid"],
            "mchid": self.terms["mchid"],
            "out_trade_no": self.out_trade_no,
            "trade_state": self.state.value,
            "trade_state_desc": DESCRIPTIONS[self.state],
            "amount": {"total": self.total_fen, "currency": "CNY"},
            "promotion_detail": [],
        }
        device_id = self.terms.get("scene_info", {}).get("device_id")
        if device_id:
            seen["scene_info"] = {"device_id": device_id}
        if self.paid_at is None:
            return seen
        if "attach" in self.terms:
            seen["attach"] = self.terms["attach"]
        seen["transaction_id"] = self.transaction_id
        seen["trade_type"] = "JSAPI"
        seen["bank_type"] = "OTHERS"
        seen["success_time"] = beijing_time(self.paid_at)
        seen["payer"] = {"openid": self.openid}
        seen["amount"].update(payer_total=self.total_fen, payer_currency="CNY")
        return seen


class TradeBook:
    """Every order of the merchant, by its own number and by WeChat's."""

    def __init__(self, ids: Ids, balance: Balance) -> None:
        self._ids = ids
        self._balance = balance
        self._trades: dict[str, Trade] = {}

    def order(self, terms: Json, now: datetime) -> str:
        """A prepay id for these terms: the order's first, or one more for the same terms."""
        trade = self._find(terms["out_trade_no"], now)
        if trade is None:
            _refuse_short_time_to_pay(terms, now)
            trade = self._trades[terms["out_trade_no"]] = Trade(terms, now)
        elif trade.paid_at is not None:
            raise PayRefusal(400, "ORDERPAID", "该订单已支付", ALREADY_PAID_NUMBER)
        elif trade.state is TradeState.CLOSED:
            raise PayRefusal(400, "ORDER_CLOSED", "该订单已失效", ORDER_DEAD_NUMBER)
        elif trade.terms != terms:
            message = "请求重入时，参数与首次请求时不一致"
            raise invalid_request(message, CHANGED_TERMS_NUMBER)
        elif trade.is_over(now):
            raise invalid_request("该订单已失效", ORDER_DEAD_NUMBER)
        prepay_id = self._ids.prepay_id(now)
        trade.prepay_ids[prepay_id] = now
        return prepay_id

    def get(self, out_trade_no: str, now: datetime) -> Trade:
        trade = self._find(out_trade_no, now)
        if trade is None:
            raise PayRefusal(404, "ORDER_NOT_EXIST", "订单不存在")
        return trade

    def find_paid(self, transaction_id: str) -> Trade | None:
        """Only a paid order has a transaction id."""
        trades = self._trades.values()
        return next((one for one in trades if one.transaction_id == transaction_id), None)

    def find_by_prepay_id(self, prepay_id: str, now: datetime) -> Trade | None:
        trades = self._trades.values()
        trade = next((one for one in trades if prepay_id in one.prepay_ids), None)
        return self._find(trade.out_trade_no, now) if trade else None

    def close(self, out_trade_no: str, now: datetime) -> None:
        """Closing a closed order again is fine; a paid one is to be refunded instead."""
        trade = self.get(out_trade_no, now)
        if trade.paid_at is not None:
            raise PayRefusal(400, "ORDER_PAID", "订单已支付", ALREADY_PAID_NUMBER)
        trade.state = TradeState.CLOSED

    def check_payable(self, trade: Trade, prepay_id: str, now: datetime) -> None:
        """What the WeChat client finds out before it shows the cashier."""
        if trade.paid_at is not None:
            raise ControlRefusal(409, "order_paid", "the order is paid already")
        if trade.state is TradeState.CLOSED:
            raise ControlRefusal(409, "order_closed", "the order is closed")
        if trade.is_over(now):
            raise ControlRefusal(409, "order_expired", "the order's time_expire has passed")
        if now >= trade.prepay_ids[prepay_id] + PREPAY_LIFE:
            raise ControlRefusal(409, "prepay_id_expired", "a prepay_id is good for two hours")

    def pay(self, trade: Trade, now: datetime) -> None:
        trade.state = TradeState.SUCCESS
        trade.transaction_id = self._ids.transaction_id(now)
        trade.paid_at = now
        self._balance.deposit(trade.total_fen)

    def list_paid(self) -> list[Trade]:
        return [trade for trade in self._trades.values() if trade.paid_at is not None]

    def _find(self, out_trade_no: str, now: datetime) -> Trade | None:
        trade = self._trades.get(out_trade_no)
        if trade and trade.state is TradeState.NOTPAY and now >= trade.ordered_at + UNPAID_LIFE:
            trade.state = TradeState.CLOSED
        return trade


def _refuse_short_time_to_pay(terms: Json, now: datetime) -> None:
    """A first order must leave its user a minute; a repeat comes closer to the end by nature."""
    expires_at = terms.get("time_expire")
    if expires_at and datetime.fromisoformat(expires_at) < now + SHORTEST_TIME_TO_PAY:
        detail = {
            "field": "/time_expire",
            "value": expires_at,
            "issue": "must be at least one minute ahead",
            "location": "body",
        }
        raise PayRefusal(400, "PARAM_ERROR", "time_expire时间过短", PARAMETER_NUMBER, detail)
