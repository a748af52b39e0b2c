"""Look for what we have booked in the day's bills.

What is not there was perhaps paid on another day than the one we booked it on, shortly before
midnight or, for a refund, when WeChat took it in. WeChat is asked, and its own time decides.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from chalicelib.gateways.wechat_bills import bill_day
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.reads import read
from chalicelib.ledger.store import TRANSFER, LedgerRow
from chalicelib.ledger.transfers import Account, Code, transfer_id_for
from chalicelib.orders.store import order_key, order_of
from chalicelib.reconciliation.compare import is_forgotten
from chalicelib.reconciliation.fetch_bills import DayBills
from chalicelib.reconciliation.model import Difference, Kind
from chalicelib.refunds.model import Refund
from chalicelib.refunds.store import refund_key, refund_of
from chalicelib.withdrawals.model import Withdrawal
from chalicelib.withdrawals.store import withdrawal_key, withdrawal_of

_ORDER, _WITHDRAWAL = "order:", "withdrawal:"


def look_for_booked(
    rows: Iterable[LedgerRow],
    day: str,
    bills: DayBills,
    wechat_pay: WechatPay,
    *,
    now: datetime,
) -> list[Difference]:
    """What of these transfers WeChat should have in that day's bills, and has not. Raises
    RefusedByWechat, WechatUnavailable where WeChat has to be asked.
    """
    with_wechat = [row for row in rows if is_with_wechat(row)]
    payments = [row for row in with_wechat if row.code == Code.PAYMENT]
    refunds = [row for row in with_wechat if row.code == Code.REFUND]
    paid_out = [row for row in with_wechat if row.code == Code.WITHDRAWAL_PAID]
    return [
        *_missing_payments(payments, day, bills, wechat_pay),
        *_missing_refunds(refunds, day, bills, wechat_pay),
        *_missing_transfers(paid_out, day, bills, wechat_pay, now),
    ]


def is_with_wechat(row: LedgerRow) -> bool:
    """Whether it moves what we have at WeChat."""
    return Account.WECHAT in (row.debit_account, row.credit_account)


def _missing_payments(
    rows: Sequence[LedgerRow], day: str, bills: DayBills, wechat_pay: WechatPay
) -> Iterator[Difference]:
    for row in rows:
        order_id = row.account_id.removeprefix(_ORDER)
        if order_id in bills.out_trade_nos:
            continue
        payment = wechat_pay.query(order_id)
        if payment is not None and payment.is_paid and _is_of_another(day, payment.success_time):
            continue
        state = payment.trade_state if payment is not None else ""
        facts = {"amount_fen": int(row.amount_fen), "trade_state": state}
        yield Difference(Kind.PAYMENT_NOT_IN_BILL, order_id, "", facts)


def _missing_refunds(
    rows: Sequence[LedgerRow], day: str, bills: DayBills, wechat_pay: WechatPay
) -> Iterator[Difference]:
    refunds = _refunds_of(rows)
    for row in rows:
        refund = refunds.get(row.entry)
        if refund is None:
            order_id = row.account_id.removeprefix(_ORDER)
            facts: dict[str, object] = {"amount_fen": int(row.amount_fen), "order_id": order_id}
            yield Difference(Kind.REFUND_NOT_IN_BILL, row.entry, "", facts)
            continue
        if refund.out_refund_no in bills.out_refund_nos:
            continue
        report = wechat_pay.query_refund(refund.out_refund_no)
        is_paid = report is not None and report.refund_status == "SUCCESS"
        if report is not None and is_paid and _is_of_another(day, report.created_at):
            continue
        facts = {
            "amount_fen": refund.amount_fen,
            "order_id": refund.order_id,
            "out_refund_no": refund.out_refund_no,
            "refund_status": report.refund_status if report is not None else "",
        }
        yield Difference(Kind.REFUND_NOT_IN_BILL, refund.refund_id, "", facts)


def _refunds_of(rows: Sequence[LedgerRow]) -> dict[str, Refund]:
    """Each row's refund, by the row's entry. A transfer's id derives from its refund's, which the
    order names.
    """
    entries = {row.entry for row in rows}
    keys = [order_key(row.account_id.removeprefix(_ORDER)) for row in rows]
    found = read(*keys)
    orders = [order for key in keys if (order := order_of(found.find(key))) is not None]
    refund_ids = {
        entry: refund_id
        for order in orders
        for refund_id in order.refund_ids
        if (entry := TRANSFER + transfer_id_for(Code.REFUND, refund_id)) in entries
    }
    refunds = read(*(refund_key(refund_id) for refund_id in refund_ids.values()))
    return {
        entry: refund
        for entry, refund_id in refund_ids.items()
        if (refund := refund_of(refunds.find(refund_key(refund_id)))) is not None
    }


def _missing_transfers(
    rows: Sequence[LedgerRow], day: str, bills: DayBills, wechat_pay: WechatPay, now: datetime
) -> Iterator[Difference]:
    """Where a fund flow was refused, what is not in the other says nothing about its day."""
    numbers = [(row, row.account_id.removeprefix(_WITHDRAWAL)) for row in rows]
    missing = [(row, number) for row, number in numbers if number not in bills.flow_numbers]
    found = read(*(withdrawal_key(number) for _, number in missing))
    for row, number in missing:
        withdrawal = withdrawal_of(found.find(withdrawal_key(number)))
        report = wechat_pay.query_transfer(number)
        state = report.transfer_state if report is not None else ""
        times = [report.created_at, report.updated_at] if report is not None else []
        is_believed = state == "SUCCESS" or (report is None and is_forgotten(withdrawal, now))
        may_be_elsewhere = bills.refused or _spans_another(day, times or _our_times(withdrawal))
        if is_believed and may_be_elsewhere:
            continue
        facts = {"amount_fen": int(row.amount_fen), "transfer_state": state}
        yield Difference(Kind.TRANSFER_NOT_IN_BILL, number, "", facts)


def _our_times(withdrawal: Withdrawal | None) -> list[datetime | None]:
    """For what WeChat no longer knows, after thirty days."""
    return [withdrawal.submitted_at, withdrawal.settled_at] if withdrawal is not None else []


def _spans_another(day: str, times: Sequence[datetime | None]) -> bool:
    """When money leaves the account, between the request and its end, WeChat does not say."""
    return any(_is_of_another(day, moment) for moment in times)


def _is_of_another(day: str, moment: datetime | None) -> bool:
    return moment is not None and bill_day(moment) != day
