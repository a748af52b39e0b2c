"""Compare some rows of a bill with our orders, refunds and withdrawals: one batched read for all of
them.

WeChat is asked about one thing only: a transfer that ended otherwise here than its bill says.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib.gateways.wechat_bills import BillKind, BillRow, FlowRow, TradeRow, UnreadableRow
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.reads import Found, read
from chalicelib.orders.store import order_key, order_of
from chalicelib.reconciliation.compare import (
    compare_movement,
    compare_payment,
    compare_refund,
    compare_transfer,
    flow_facts,
    is_compared_by_the_trade_bill,
    is_forgotten,
    is_transfer,
)
from chalicelib.reconciliation.model import Difference, Kind
from chalicelib.refunds.model import attempt_of
from chalicelib.refunds.store import refund_key, refund_of
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.store import withdrawal_key, withdrawal_of


def compare_rows(
    kind: BillKind, rows: Sequence[BillRow], wechat_pay: WechatPay, *, now: datetime
) -> list[Difference]:
    """What differs. Raises RefusedByWechat, WechatUnavailable where WeChat has to be asked."""
    trades = [row for row in rows if isinstance(row, TradeRow)]
    movements = [row for row in rows if isinstance(row, FlowRow)]
    unreadable = [row for row in rows if isinstance(row, UnreadableRow)]
    return [
        *_compare_trades(trades),
        *_compare_movements(movements, wechat_pay, now),
        *(
            Difference(Kind.ROW_UNREADABLE, kind.value, str(row.row), {"column": row.column})
            for row in unreadable
        ),
    ]


def _compare_trades(rows: Sequence[TradeRow]) -> Iterator[Difference]:
    payments = [row for row in rows if not row.is_refund]
    refunds = [(row, *_refund_number(row)) for row in rows if row.is_refund]
    found = read(
        *(order_key(row.out_trade_no) for row in payments),
        *(refund_key(refund_id) for _, refund_id, _ in refunds),
    )
    for row in payments:
        order = order_of(found.find(order_key(row.out_trade_no)))
        yield from _if_any(compare_payment(row, order))
    for row, refund_id, attempt in refunds:
        refund = refund_of(found.find(refund_key(refund_id)))
        yield from _if_any(compare_refund(row, refund, attempt))


def _refund_number(row: TradeRow) -> tuple[str, int]:
    """The refund and attempt; for a number that is not made as ours are, one there is none of."""
    try:
        return attempt_of(row.out_refund_no)
    except ValueError:
        return row.out_refund_no, 0


def _compare_movements(
    rows: Sequence[FlowRow], wechat_pay: WechatPay, now: datetime
) -> Iterator[Difference]:
    rest = [row for row in rows if not is_compared_by_the_trade_bill(row)]
    numbers = {row.voucher_no for row in rest} | {row.business_no for row in rest}
    found = read(*(withdrawal_key(number) for number in sorted(numbers) if number))
    for row in rest:
        withdrawal = _withdrawal_of(row, found)
        if withdrawal is None and not is_transfer(row):
            yield from _if_any(compare_movement(row))
            continue
        difference = compare_transfer(row, withdrawal)
        if difference is None and withdrawal is not None:
            difference = _compare_end(row, withdrawal, wechat_pay, now)
        yield from _if_any(difference)


def _withdrawal_of(row: FlowRow, found: Found) -> Withdrawal | None:
    for number in filter(None, (row.voucher_no, row.business_no)):
        withdrawal = withdrawal_of(found.find(withdrawal_key(number)))
        if withdrawal is not None:
            return withdrawal
    return None


def _compare_end(
    row: FlowRow, withdrawal: Withdrawal, wechat_pay: WechatPay, now: datetime
) -> Difference | None:
    """Money that went out for a withdrawal that ended unpaid here may have come back on another
    day, and the other way round: what WeChat says of it now counts. What it has forgotten ended
    while it still knew; money back of one that is paid here is told all the same.
    """
    is_paid = withdrawal.withdrawal_state is WithdrawalState.PAID
    if not (withdrawal.is_ended_unpaid if not row.is_income else is_paid):
        return None
    report = wechat_pay.query_transfer(withdrawal.withdrawal_id)
    state = report.transfer_state if report is not None else ""
    agrees = state == "SUCCESS" if is_paid else state in ("FAIL", "CANCELLED")
    if agrees or (not is_paid and report is None and is_forgotten(withdrawal, now)):
        return None
    facts = flow_facts(row)
    facts |= {"our_state": withdrawal.withdrawal_state.value, "transfer_state": state}
    return Difference(Kind.TRANSFER_STATE_DIFFERS, withdrawal.withdrawal_id, row.flow_no, facts)


def _if_any(difference: Difference | None) -> Iterator[Difference]:
    if difference is not None:
        yield difference
