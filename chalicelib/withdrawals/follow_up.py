"""Look after a withdrawal that is due: submit it, ask WeChat how it stands, send it again under the
same number, or ask WeChat to take it back.

Run by the sweep for every withdrawal whose due time has come; also what repairs a lost stream
record. Money comes back on WeChat's word only, however long it takes.
"""

from datetime import datetime

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.gateways.wechat_transfers import TransferReport
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.ledger import store as ledger
from chalicelib.members import store as members
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.cancel import cancel_at_wechat
from chalicelib.withdrawals.model import (
    CALLS_ARE_OVER_SECONDS,
    REVIEW_LOOK_SECONDS,
    Withdrawal,
    WithdrawalState,
)
from chalicelib.withdrawals.reject import reject
from chalicelib.withdrawals.send import MEMBER_BLOCKED, PayeeKeys, ask, back_to_review, send
from chalicelib.withdrawals.settle import settle
from chalicelib.withdrawals.submit import submit
from chalicelib.withdrawals.take_decision import take_decision


def follow_up(
    withdrawal_id: str,
    *,
    clock: Clock,
    wechat_pay: WechatPay,
    notify_url: str,
    payee_keys: PayeeKeys,
) -> Withdrawal:
    """Bring one due withdrawal a step on; as it is afterwards. Raises WechatUnavailable when WeChat
    is silent, NotFound.
    """
    withdrawal = withdrawals.get(withdrawal_id)
    if withdrawal.due_at is None or withdrawal.due_at > clock.now():
        return withdrawal
    if withdrawal.cancel_requested_at is not None and withdrawal.is_before_submitting:
        withdrawals.look_again(withdrawal, due_at=after(clock.now(), REVIEW_LOOK_SECONDS))
        return cancel_at_wechat(withdrawal_id, clock=clock, wechat_pay=wechat_pay)
    match withdrawal.withdrawal_state:
        case WithdrawalState.REVIEWING:
            return _review(withdrawal, clock, wechat_pay)
        case WithdrawalState.APPROVED:
            return submit(
                withdrawal_id,
                clock=clock,
                wechat_pay=wechat_pay,
                notify_url=notify_url,
                payee_keys=payee_keys,
            )
        case WithdrawalState.SUBMITTED | WithdrawalState.CONFIRMING:
            return _ask_again(withdrawal, clock, wechat_pay, payee_keys)
    return withdrawal


def _review(withdrawal: Withdrawal, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    """A decision whose stream record was lost, or a debt that has come up, ends the waiting."""
    withdrawals.look_again(withdrawal, due_at=after(clock.now(), REVIEW_LOOK_SECONDS))
    take_decision(withdrawal.withdrawal_id, clock=clock, wechat_pay=wechat_pay)
    return until_settled(lambda: _reject_debtor(withdrawal.withdrawal_id, clock, wechat_pay))


def _reject_debtor(withdrawal_id: str, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    withdrawal = withdrawals.get(withdrawal_id)
    balance_key = ledger.balance_key(withdrawal.member_id)
    in_debt = ledger.balance_of(read(balance_key).find(balance_key)).available_fen < 0
    if in_debt and withdrawal.withdrawal_state is WithdrawalState.REVIEWING:
        return reject(withdrawal, clock=clock, wechat_pay=wechat_pay)
    return withdrawal


def _ask_again(
    withdrawal: Withdrawal, clock: Clock, wechat_pay: WechatPay, payee_keys: PayeeKeys
) -> Withdrawal:
    """Whoever puts the next look off first is the one who asks, so that no two send at once."""
    now = clock.now()
    withdrawal_id = withdrawal.withdrawal_id
    if not withdrawals.look_again(withdrawal, due_at=withdrawal.next_look(now)):
        return withdrawals.get(withdrawal_id)
    if withdrawal.cancel_requested_at is not None:
        asked = cancel_at_wechat(withdrawal_id, clock=clock, wechat_pay=wechat_pay)
        if asked.is_open:
            _is_forgotten(asked, clock)
        return asked
    report = ask(withdrawal, wechat_pay)
    if report is None and _is_forgotten(withdrawal, clock):
        return withdrawal
    if report is not None:
        settle(report, clock=clock)
    current = withdrawals.get(withdrawal_id)
    if report is None and current.withdrawal_state is WithdrawalState.SUBMITTED:
        blocked_at = _blocked_at(current.member_id)
        if blocked_at is not None:
            return _hold(current, blocked_at, clock)
    if _is_to_be_sent(current, report):
        return send(current, clock=clock, wechat_pay=wechat_pay, payee_keys=payee_keys)
    return current


def _blocked_at(member_id: str) -> datetime | None:
    key = members.profile_key(member_id)
    row = read(key).find(key)
    return row.blocked_at if row is not None else None


def _hold(withdrawal: Withdrawal, blocked_at: datetime, clock: Clock) -> Withdrawal:
    """WeChat knows nothing of it, and its member is blocked: it is not sent. Once no call from
    before can still be under way, an operator decides; let in sooner, it goes out by itself.
    """
    if clock.now() < after(blocked_at, CALLS_ARE_OVER_SECONDS):
        return withdrawal
    return back_to_review(withdrawal, MEMBER_BLOCKED, clock=clock)


def _is_to_be_sent(withdrawal: Withdrawal, report: TransferReport | None) -> bool:
    """Under the same number: when WeChat knows nothing of it, has only taken it in, or gave a
    package to a call whose answer was lost.
    """
    if withdrawal.withdrawal_state is WithdrawalState.SUBMITTED:
        return report is None or report.transfer_state == "ACCEPTED"
    if withdrawal.withdrawal_state is not WithdrawalState.CONFIRMING or report is None:
        return withdrawal.withdrawal_state is WithdrawalState.CONFIRMING
    waiting = report.transfer_state == "WAIT_USER_CONFIRM"
    return waiting and withdrawal.package_info is None and withdrawal.confirmed_at is None


def _is_forgotten(withdrawal: Withdrawal, clock: Clock) -> bool:
    """So old that WeChat's "not found" proves nothing: only a person can tell now."""
    forgotten_at = withdrawal.forgotten_at
    if forgotten_at is None or clock.now() < forgotten_at:
        return False
    facts = {"member_id": withdrawal.member_id, "amount_fen": withdrawal.net_fen}
    findings.record("withdrawal_out_of_sight", withdrawal.withdrawal_id, facts, clock=clock)
    return True
