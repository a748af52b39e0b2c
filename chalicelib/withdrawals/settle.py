"""Write down what WeChat says of a transfer, from an answer, a query or a notification, in whatever
order they come.

Paid only when WeChat says so, and the money comes back only when WeChat says that it will not be
paid. Steps backwards are ignored.
"""

from datetime import datetime
from typing import Any

from chalicelib.gateways.wechat_transfers import TransferReport
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders.model import REACTION_SECONDS
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.end_unpaid import end_unpaid
from chalicelib.withdrawals.model import (
    ERASED,
    FIRST_LOOK_SECONDS,
    FIRST_RETRY_SECONDS,
    Withdrawal,
    WithdrawalState,
)

STILL_ALIVE = frozenset({"ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM", "TRANSFERING"})
"""WeChat may yet pay it out."""


def settle(report: TransferReport, *, clock: Clock, must: bool = False) -> Withdrawal | None:
    """The withdrawal as it is afterwards; None when it is none of ours, which is recorded for a
    person. `must`: raise TryAgain when that cannot be recorded, for what is told only once.
    """
    return until_settled(lambda: _settle(report, clock, must))


def _settle(report: TransferReport, clock: Clock, must: bool) -> Withdrawal | None:
    withdrawal = withdrawals.find(report.out_bill_no)
    problem = _problem(withdrawal, report)
    if problem is not None:
        about = report.out_bill_no
        findings.record(problem, about, _facts(report), clock=clock, must=must)
    if withdrawal is None or problem is not None or not withdrawal.is_open:
        return withdrawal
    now = clock.now()
    match report.transfer_state:
        case "SUCCESS":
            pay_out(withdrawal, now=now, transfer_bill_no=report.transfer_bill_no)
        case "FAIL" | "CANCELLED":
            failed = report.transfer_state == "FAIL"
            becomes = WithdrawalState.FAILED if failed else WithdrawalState.CANCELLED
            bill_no, reason = report.transfer_bill_no, report.fail_reason
            end_unpaid(
                withdrawal, becomes, clock=clock, transfer_bill_no=bill_no, fail_reason=reason
            )
        case "ACCEPTED" | "PROCESSING":
            _wait_for_wechat(withdrawal, report, now)
        case _:
            _wait_for_member(withdrawal, report, now)
    return withdrawals.get(withdrawal.withdrawal_id)


def _problem(withdrawal: Withdrawal | None, report: TransferReport) -> str | None:
    """What a person has to be told of, and what then is not believed: nothing of ours, another
    amount or payee under our number, or another end, or life, of what is over here.
    """
    if withdrawal is None:
        return "transfer_unknown"
    if not _is_about(withdrawal, report):
        return "transfer_mismatch"
    if withdrawal.is_open:
        return None
    paid = withdrawal.withdrawal_state is WithdrawalState.PAID
    others = {"FAIL", "CANCELLED"} if paid else {"SUCCESS", *STILL_ALIVE}
    return "transfer_differs" if report.transfer_state in others else None


def _is_about(withdrawal: Withdrawal, report: TransferReport) -> bool:
    """Whether amount and payee, where they are told and still known, are those we asked for."""
    payees = (None, withdrawal.openid)
    same_payee = report.openid in payees or withdrawal.openid == ERASED
    return report.amount_fen in (None, withdrawal.net_fen) and same_payee


def pay_out(withdrawal: Withdrawal, *, now: datetime, **facts: Any) -> None:
    """The member has the money. One commit: the row, their balance, and where the money went."""
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.PAID,
        due_at=after(now, REACTION_SECONDS),
        settled_at=now,
        **facts,
    )
    withdrawal_id, gross_fen = withdrawal.withdrawal_id, withdrawal.gross_fen
    ended = recipes.withdrawal_ended(
        withdrawal.member_id, withdrawal_id, gross_fen, paid=True, now=now
    )
    ledger.end_withdrawal(writes, withdrawal.member_id, ended, withdrawal_id, paid_fen=gross_fen)
    split = recipes.withdrawal_split(
        withdrawal_id,
        net_fen=withdrawal.net_fen,
        fee_fen=withdrawal.fee_fen,
        tax_fen=withdrawal.tax_fen,
        now=now,
    )
    for transfer in split:
        ledger.book(writes, f"withdrawal:{withdrawal_id}", transfer)
    writes.commit()


def _wait_for_wechat(withdrawal: Withdrawal, report: TransferReport, now: datetime) -> None:
    older = withdrawal.withdrawal_state is WithdrawalState.CONFIRMING
    known = (
        withdrawal.withdrawal_state is WithdrawalState.SUBMITTED
        and withdrawal.transfer_bill_no is not None
    )
    if older or known:
        return
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.SUBMITTED,
        due_at=after(now, FIRST_RETRY_SECONDS),
        transfer_bill_no=report.transfer_bill_no,
    )
    writes.commit()


def _wait_for_member(withdrawal: Withdrawal, report: TransferReport, now: datetime) -> None:
    """WeChat has taken it: the member is to confirm it, has done so, or it is being taken back."""
    waiting = report.transfer_state == "WAIT_USER_CONFIRM"
    confirmed = report.transfer_state == "TRANSFERING" and withdrawal.confirmed_at is None
    package_info = report.package_info if waiting and withdrawal.confirmed_at is None else None
    brings_package = package_info is not None and package_info != withdrawal.package_info
    stands = withdrawal.withdrawal_state is WithdrawalState.CONFIRMING
    if stands and not confirmed and not brings_package:
        return
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.CONFIRMING,
        due_at=after(now, FIRST_LOOK_SECONDS if waiting else FIRST_RETRY_SECONDS),
        transfer_bill_no=report.transfer_bill_no,
        package_info=package_info,
        confirmed_at=now if confirmed else None,
    )
    writes.commit()


def _facts(report: TransferReport) -> dict[str, object]:
    return {
        "transfer_bill_no": report.transfer_bill_no or "",
        "amount_fen": report.amount_fen if report.amount_fen is not None else -1,
        "transfer_state": report.transfer_state,
    }
