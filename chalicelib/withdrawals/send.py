"""Ask WeChat for a withdrawal's transfer (发起转账): the same number and the same values, however
often this runs.

Only ever called for a withdrawal that stands as submitted or confirming, so that a crash between
the call and its record is made up for by asking again.
"""

from collections.abc import Mapping
from contextlib import suppress

from aws_lambda_powertools import Logger

from chalicelib.gateways.http import not_set_up
from chalicelib.gateways.wechat_pay import RefusedByWechat, WechatPay
from chalicelib.gateways.wechat_transfers import TransferReport, TransferRequest
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.kit.reads import read
from chalicelib.kit.sealing import CannotOpen, unseal
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import store as members
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import REVIEW_LOOK_SECONDS, Withdrawal, WithdrawalState
from chalicelib.withdrawals.payee import real_name_of
from chalicelib.withdrawals.settle import STILL_ALIVE, settle

PayeeKeys = Mapping[str, str] | None

PAYEE_UNREADABLE = "payee_unreadable"
"""What keeps a withdrawal back whose payee cannot be read: the key it was sealed with is gone."""

MEMBER_BLOCKED = "member_blocked"
"""What keeps one back whose member was blocked before WeChat had it."""

logger = Logger()


def send(
    withdrawal: Withdrawal, *, clock: Clock, wechat_pay: WechatPay, payee_keys: PayeeKeys
) -> Withdrawal:
    """The withdrawal as it is after WeChat's answer. Nothing is sent once the row is due again:
    then it is the turn of whoever looks next.

    Raises WechatUnavailable when the outcome is unknown (the row stays due).
    """
    if withdrawal.due_at is None or clock.now() >= withdrawal.due_at:
        return withdrawals.get(withdrawal.withdrawal_id)
    request = _request(withdrawal, payee_keys)
    try:
        report = wechat_pay.transfer(request)
    except RefusedByWechat as refused:
        known = ask(withdrawal, wechat_pay)
        if known is None:
            _tell(withdrawal, refused, clock)
            return back_to_review(withdrawal, refused.code, clock=clock)
        report = known
    settled = settle(report, clock=clock) or withdrawals.get(withdrawal.withdrawal_id)
    if settled.is_ended_unpaid and report.transfer_state in STILL_ALIVE:
        with suppress(RefusedByWechat):  # its member was quicker: a person is told already
            wechat_pay.cancel_transfer(withdrawal.withdrawal_id)
    return settled


def ask(withdrawal: Withdrawal, wechat_pay: WechatPay) -> TransferReport | None:
    """How WeChat says that it stands; None when it knows nothing under the number. A query that is
    refused proves nothing: WechatUnavailable.
    """
    try:
        return wechat_pay.query_transfer(withdrawal.withdrawal_id)
    except RefusedByWechat as refused:
        raise WechatUnavailable(f"The query was refused: {refused.code}.") from refused


def _request(withdrawal: Withdrawal, payee_keys: PayeeKeys) -> TransferRequest:
    return TransferRequest(
        out_bill_no=withdrawal.withdrawal_id,
        app_id=withdrawal.app_id,
        openid=withdrawal.openid,
        amount_fen=withdrawal.net_fen,
        remark=withdrawal.remark,
        scene_id=withdrawal.scene_id,
        scene_report=withdrawal.scene_report,
        notify_url=withdrawal.notify_url or "",
        user_name=_payee_name(withdrawal, payee_keys) if withdrawal.names_payee else None,
    )


def _payee_name(withdrawal: Withdrawal, payee_keys: PayeeKeys) -> str | None:
    """Who is paid, as they were when it was asked for: a payee stays while a withdrawal is open."""
    if not payee_keys:
        raise not_set_up("Payee data", ("payee_keys",))
    key = members.payee_key(withdrawal.member_id)
    row = read(key).find(key)
    if row is None or row.sealed_payee is None:
        raise LookupError(f"the payee of {withdrawal.withdrawal_id} is gone")
    return real_name_of(unseal(row.sealed_payee, payee_keys, about=withdrawal.member_id))


def can_name_payee(withdrawal: Withdrawal, payee_keys: PayeeKeys) -> bool:
    """Whether the payee's name, where it is wanted, can be read. Raises WechatUnavailable while no
    key is set up.
    """
    try:
        return not withdrawal.names_payee or bool(_payee_name(withdrawal, payee_keys))
    except (CannotOpen, LookupError):
        return False


def _tell(withdrawal: Withdrawal, refused: RefusedByWechat, clock: Clock) -> None:
    facts = {"code": refused.code, "status": refused.status, "member_id": withdrawal.member_id}
    findings.record("withdrawal_refused", withdrawal.withdrawal_id, facts, clock=clock)


def back_to_review(withdrawal: Withdrawal, code: str, *, clock: Clock) -> Withdrawal:
    """A definite no, ours or WeChat's, and WeChat knows nothing under the number: an operator is to
    look.
    """
    if code == PAYEE_UNREADABLE:
        facts = {"member_id": withdrawal.member_id}
        findings.record(PAYEE_UNREADABLE, withdrawal.withdrawal_id, facts, clock=clock)
    if withdrawal.withdrawal_state not in (WithdrawalState.SUBMITTED, WithdrawalState.APPROVED):
        return withdrawal
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.REVIEWING,
        due_at=after(clock.now(), REVIEW_LOOK_SECONDS),
        refusal_code=code,
    )
    try:
        writes.commit()
    except Changed:  # WeChat has told more of it meanwhile
        logger.warning("withdrawal_moved_on", withdrawal_id=withdrawal.withdrawal_id)
    return withdrawals.get(withdrawal.withdrawal_id)
