"""What one row of a bill says, held against what we have: the difference, or None.

Pure. Matched by our own numbers, whatever day we booked it on. What is merely under way here is no
difference: whoever brings it on asks WeChat.
"""

from datetime import datetime
from typing import Any

from chalicelib.gateways.wechat_bills import FlowRow, TradeRow
from chalicelib.kit.clock import shown
from chalicelib.orders.model import Order
from chalicelib.reconciliation.model import Difference, Kind
from chalicelib.refunds.model import UNDER_WAY, Refund, RefundState
from chalicelib.withdrawals.model import Withdrawal

YUAN = frozenset({"CNY", ""})

PAYMENT_TYPES = frozenset({"交易"})
REFUND_TYPES = frozenset({"退款", "退款关闭"})
"""Of the fund flow; these are compared by the trade bill, which says more of them."""

TRANSFER_TYPES = frozenset({"商家转账", "商家转账到零钱", "企业付款", "转账"})
"""Whatever the type says, a movement under the number of one of our withdrawals is a transfer."""

OTHER_KNOWN_TYPES = frozenset(
    {
        *("扣除交易手续费", "退还交易手续费", "退回交易手续费", "手续费"),
        *("提现", "充值", "充值/提现", "结算"),
        *("代金券", "立减", "折扣", "代金券/立减/折扣"),
    }
)
"""The merchant's own doing, or WeChat's fees: reported as figures, never as a difference."""

_PAID, _FAILED = "SUCCESS", "FAIL"


def compare_payment(row: TradeRow, order: Order | None) -> Difference | None:
    """Whether the order was paid with this very transaction, and that amount."""
    facts = _facts(row) | {"transaction_id": row.transaction_id}
    if order is None or order.transaction_id != row.transaction_id:
        if order is not None:
            facts |= {"order_state": order.order_state.value}
            facts |= {"our_transaction_id": order.transaction_id or ""}
        return Difference(Kind.PAYMENT_UNKNOWN_HERE, row.out_trade_no, row.transaction_id, facts)
    if row.amount_fen == order.paid_fen and row.currency in YUAN:
        return None
    facts |= {"our_amount_fen": order.paid_fen, "currency": row.currency}
    return Difference(Kind.PAYMENT_AMOUNT_DIFFERS, row.out_trade_no, row.transaction_id, facts)


def compare_refund(row: TradeRow, refund: Refund | None, attempt: int) -> Difference | None:
    """Whether it is a refund of ours, of that amount, and stands as WeChat says it does. `attempt`:
    which of the refund's numbers the row is about.
    """
    facts = _facts(row) | {
        "out_trade_no": row.out_trade_no,
        "out_refund_no": row.out_refund_no,
        "refund_status": row.refund_status,
    }
    number = row.out_refund_no
    if refund is None or attempt > refund.attempt or refund.order_id != row.out_trade_no:
        return Difference(Kind.REFUND_UNKNOWN_HERE, number, row.wechat_refund_id, facts)
    facts |= {"our_state": refund.refund_state.value, "order_id": refund.order_id}
    if row.amount_fen != refund.amount_fen:
        facts |= {"our_amount_fen": refund.amount_fen}
        return Difference(Kind.REFUND_AMOUNT_DIFFERS, refund.refund_id, number, facts)
    if _stands_as(row, refund, is_current=attempt == refund.attempt):
        return None
    return Difference(Kind.REFUND_STATE_DIFFERS, refund.refund_id, number, facts)


def _stands_as(row: TradeRow, refund: Refund, *, is_current: bool) -> bool:
    """The row's status is that of the morning after; what was open then may have ended since."""
    paid_by_wechat = refund.refund_state is RefundState.SUCCEEDED and not refund.paid_by_hand
    if row.refund_status == _PAID:
        return is_current and (paid_by_wechat or refund.refund_state in UNDER_WAY)
    return not (row.refund_status == _FAILED and is_current and paid_by_wechat)


def compare_transfer(row: FlowRow, withdrawal: Withdrawal | None) -> Difference | None:
    """Whether it is a withdrawal of ours, of that amount. How it stands is not asked here."""
    facts = flow_facts(row)
    if withdrawal is None:
        about = row.voucher_no or row.business_no
        return Difference(Kind.TRANSFER_UNKNOWN_HERE, about, row.flow_no, facts)
    if row.amount_fen == withdrawal.net_fen:
        return None
    facts |= {"our_amount_fen": withdrawal.net_fen}
    about = withdrawal.withdrawal_id
    return Difference(Kind.TRANSFER_AMOUNT_DIFFERS, about, row.flow_no, facts)


def compare_movement(row: FlowRow) -> Difference | None:
    """A movement that is none of ours: fine, when its type has nothing to do with us."""
    if row.business_type in OTHER_KNOWN_TYPES or row.business_name in OTHER_KNOWN_TYPES:
        return None
    return Difference(Kind.MOVEMENT_UNKNOWN, row.flow_no, "", flow_facts(row))


def is_compared_by_the_trade_bill(row: FlowRow) -> bool:
    return row.business_type in PAYMENT_TYPES | REFUND_TYPES


def is_transfer(row: FlowRow) -> bool:
    return bool({row.business_type, row.business_name} & TRANSFER_TYPES)


def is_forgotten(withdrawal: Withdrawal | None, now: datetime) -> bool:
    """Whether it was submitted so long ago that WeChat no longer answers for it."""
    forgotten_at = withdrawal.forgotten_at if withdrawal is not None else None
    return forgotten_at is not None and now >= forgotten_at


def flow_facts(row: FlowRow) -> dict[str, Any]:
    """What a movement says, for a person."""
    return {
        "amount_fen": row.amount_fen,
        "is_income": row.is_income,
        "business_type": row.business_type,
        "business_name": row.business_name,
        "business_no": row.business_no,
        "voucher_no": row.voucher_no,
        "flow_no": row.flow_no,
        "happened_at": shown(row.happened_at),
    }


def _facts(row: TradeRow) -> dict[str, Any]:
    return {"amount_fen": row.amount_fen, "happened_at": shown(row.happened_at)}
