"""Refunds as WeChat Pay keeps them: request, query, settle.

Owns the state machine PROCESSING -> SUCCESS | CLOSED | ABNORMAL and the limits on what may be
given back. Pure, like `trades`. Money leaves the merchant's balance when a refund is accepted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.local.wechat.ids import Ids, beijing_time
from infra.local.wechat.refusals import (
    CHANGED_TERMS_NUMBER,
    PARAMETER_NUMBER,
    ControlRefusal,
    PayRefusal,
    invalid_request,
)
from infra.local.wechat.trades import Balance, Trade, TradeBook, TradeState
from infra.local.wechat.validation import Json

REFUNDS_PER_ORDER = 50
REFUND_SPACING = timedelta(minutes=1)
REFUNDABLE_FOR = timedelta(days=365)


class RefundState(StrEnum):
    PROCESSING = "PROCESSING"
    """Accepted; nothing has reached the user yet."""
    SUCCESS = "SUCCESS"
    """The user has the money. Final."""
    CLOSED = "CLOSED"
    """Will not happen, the money is back with the merchant. Final for this number."""
    ABNORMAL = "ABNORMAL"
    """The user's account could not take it: the merchant must name another way."""


OUTCOMES = {
    "success": RefundState.SUCCESS,
    "closed": RefundState.CLOSED,
    "abnormal": RefundState.ABNORMAL,
}


@dataclass
class Refund:
    """One refund. `terms` is the body of the call that first asked for it."""

    terms: Json
    refund_id: str
    trade: Trade
    requested_at: datetime
    settles_at: datetime | None
    """When it settles by itself, or None while it is held."""
    state: RefundState = RefundState.PROCESSING
    succeeded_at: datetime | None = None
    closed_at: datetime | None = None
    channel: str = "ORIGINAL"

    @property
    def out_refund_no(self) -> str:
        return str(self.terms["out_refund_no"])

    @property
    def amount_fen(self) -> int:
        return int(self.terms["amount"]["refund"])

    @property
    def notify_url(self) -> str:
        return str(self.terms.get("notify_url", ""))

    def present(self) -> Json:
        """What the request and every query answer."""
        total_fen = self.trade.total_fen
        seen: Json = {
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "transaction_id": self.trade.transaction_id,
            "out_trade_no": self.trade.out_trade_no,
            "channel": self.channel,
            "user_received_account": "支付用户零钱",
            "create_time": beijing_time(self.requested_at),
            "status": self.state.value,
            "funds_account": self.terms.get("funds_account", "AVAILABLE"),
            "amount": {
                "total": total_fen,
                "refund": self.amount_fen,
                "from": self.terms["amount"].get("from", []),
                "payer_total": total_fen,
                "payer_refund": self.amount_fen,
                "settlement_refund": self.amount_fen,
                "settlement_total": total_fen,
                "discount_refund": 0,
                "currency": "CNY",
                "refund_fee": 0,
            },
            "promotion_detail": [],
        }
        if self.succeeded_at is not None:
            seen["success_time"] = beijing_time(self.succeeded_at)
        return seen

    def notice(self) -> Json:
        """What the notification carries: fewer fields, and the state under another name."""
        seen: Json = {
            "mchid": self.trade.terms["mchid"],
            "out_trade_no": self.trade.out_trade_no,
            "transaction_id": self.trade.transaction_id,
            "out_refund_no": self.out_refund_no,
            "refund_id": self.refund_id,
            "refund_status": self.state.value,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": self.trade.total_fen,
                "refund": self.amount_fen,
                "payer_total": self.trade.total_fen,
                "payer_refund": self.amount_fen,
            },
        }
        if self.succeeded_at is not None:
            seen["success_time"] = beijing_time(self.succeeded_at)
        return seen


class RefundBook:
    def __init__(self, ids: Ids, trades: TradeBook, balance: Balance) -> None:
        self._ids = ids
        self._trades = trades
        self._balance = balance
        self._refunds: dict[str, Refund] = {}

    def request(self, terms: Json, now: datetime, settles_at: datetime | None) -> Refund:
        """The refund of this number: made now, or as it stands when it was made before."""
        known = self._refunds.get(terms["out_refund_no"])
        if known is not None:
            if known.terms != terms:
                message = "请求重入时，参数与首次请求时不一致"
                raise invalid_request(message, CHANGED_TERMS_NUMBER)
            return known
        trade = self._paid_trade(terms, now)
        self._refuse_beyond_limits(trade, terms["amount"], now)
        self._balance.withdraw(terms["amount"]["refund"])
        refund = Refund(terms, self._ids.refund_id(now), trade, now, settles_at)
        self._refunds[refund.out_refund_no] = refund
        trade.state = TradeState.REFUND
        return refund

    def get(self, out_refund_no: str) -> Refund:
        refund = self._refunds.get(out_refund_no)
        if refund is None:
            raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return refund

    def list_of(self, out_trade_no: str) -> list[Refund]:
        refunds = self._refunds.values()
        return [refund for refund in refunds if refund.trade.out_trade_no == out_trade_no]

    def list_all(self) -> list[Refund]:
        return list(self._refunds.values())

    def list_succeeded(self) -> list[Refund]:
        refunds = self._refunds.values()
        return [refund for refund in refunds if refund.state is RefundState.SUCCESS]

    def list_due(self, now: datetime) -> list[Refund]:
        return [
            refund
            for refund in self._refunds.values()
            if refund.state is RefundState.PROCESSING
            and refund.settles_at is not None
            and now >= refund.settles_at
        ]

    def settle(self, refund: Refund, outcome: RefundState, now: datetime) -> None:
        if refund.state in (RefundState.SUCCESS, RefundState.CLOSED) or refund.state is outcome:
            raise ControlRefusal(409, "refund_settled", f"the refund is {refund.state} already")
        refund.state = outcome
        if outcome is RefundState.SUCCESS:
            refund.succeeded_at = now
        if outcome is RefundState.CLOSED:
            refund.closed_at = now
            self._balance.deposit(refund.amount_fen)

    def find_another_way(self, refund: Refund, request: Json, settles_at: datetime | None) -> None:
        """An abnormal refund goes on to a bank card the merchant named."""
        if refund.out_refund_no != request["out_refund_no"]:
            raise invalid_request("退款单号不一致")
        if refund.state is not RefundState.ABNORMAL:
            raise invalid_request("退款单状态非异常")
        refund.state = RefundState.PROCESSING
        refund.settles_at = settles_at
        refund.channel = "OTHER_BANKCARD"

    def _paid_trade(self, terms: Json, now: datetime) -> Trade:
        if "transaction_id" in terms:
            trade = self._trades.find_paid(terms["transaction_id"])
            if trade is None:
                raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "订单不存在")
            return trade
        try:
            trade = self._trades.get(terms["out_trade_no"], now)
        except PayRefusal:
            raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "订单不存在") from None
        if trade.paid_at is None:
            raise invalid_request("订单未支付")
        return trade

    def _refuse_beyond_limits(self, trade: Trade, amount: Json, now: datetime) -> None:
        earlier = self.list_of(trade.out_trade_no)
        given_fen = sum(one.amount_fen for one in earlier if one.state is not RefundState.CLOSED)
        if amount["total"] != trade.total_fen:
            raise invalid_request("订单金额与原订单不一致")
        if given_fen + amount["refund"] > trade.total_fen:
            raise invalid_request("申请退款金额超过订单可退金额")
        if sum(source["amount"] for source in amount.get("from", [])) not in (
            amount["refund"],
            0,
        ):
            detail = {"field": "/amount/from", "issue": "sums differ", "location": "body"}
            raise PayRefusal(400, "PARAM_ERROR", "参数错误", PARAMETER_NUMBER, detail)
        if trade.paid_at is not None and now > trade.paid_at + REFUNDABLE_FOR:
            raise invalid_request("订单已超过可退款的最大期限")
        if len(earlier) >= REFUNDS_PER_ORDER:
            raise invalid_request("一笔订单最多申请50次部分退款")
        if any(now < one.requested_at + REFUND_SPACING for one in earlier):
            raise PayRefusal(429, "FREQUENCY_LIMITED", "同一笔订单的退款需间隔1分钟")
