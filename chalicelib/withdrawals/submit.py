"""Submit an approved withdrawal to WeChat (提交转账): written down first, then asked.

The row stands as submitted before the call goes out, so that whatever happens to the call, the
sweep asks WeChat under the same number before anything else is done.
"""

from dataclasses import dataclass

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import store as ledger
from chalicelib.members import standing
from chalicelib.members.errors import AccountBlocked
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.errors import InDebt
from chalicelib.withdrawals.model import FIRST_RETRY_SECONDS, Withdrawal, WithdrawalState
from chalicelib.withdrawals.reject import reject
from chalicelib.withdrawals.send import (
    MEMBER_BLOCKED,
    PAYEE_UNREADABLE,
    PayeeKeys,
    back_to_review,
    can_name_payee,
    send,
)


@dataclass(frozen=True)
class _Begun:
    """The withdrawal, and whether this call is the one that is to ask WeChat."""

    withdrawal: Withdrawal
    is_ours: bool


def submit(
    withdrawal_id: str,
    *,
    clock: Clock,
    wechat_pay: WechatPay,
    notify_url: str,
    payee_keys: PayeeKeys,
) -> Withdrawal:
    """The withdrawal as it is afterwards; one that is not approved stays as it is.

    Raises WechatUnavailable when the outcome is unknown (the row is due again), NotFound.
    """
    begun = until_settled(lambda: _begin(withdrawal_id, notify_url, payee_keys, clock, wechat_pay))
    if not begun.is_ours:
        return begun.withdrawal
    return send(begun.withdrawal, clock=clock, wechat_pay=wechat_pay, payee_keys=payee_keys)


def _begin(
    withdrawal_id: str,
    notify_url: str,
    payee_keys: PayeeKeys,
    clock: Clock,
    wechat_pay: WechatPay,
) -> _Begun:
    """Only one caller brings it from approved to submitted; a debtor's is rejected instead, that of
    a blocked member goes back to an operator.
    """
    withdrawal = withdrawals.get(withdrawal_id)
    wanted_back = withdrawal.cancel_requested_at is not None
    if withdrawal.withdrawal_state is not WithdrawalState.APPROVED or wanted_back:
        return _Begun(withdrawal, is_ours=False)
    if not can_name_payee(withdrawal, payee_keys):
        return _Begun(back_to_review(withdrawal, PAYEE_UNREADABLE, clock=clock), is_ours=False)
    now = clock.now()
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.SUBMITTED,
        due_at=after(now, FIRST_RETRY_SECONDS),
        submitted_at=now,
        notify_url=_address(withdrawal, notify_url),
    )
    ledger.check_out_of_debt(
        writes, withdrawal.member_id, withdrawal_id, refusal=lambda _row: InDebt()
    )
    standing.must_not_be_blocked(
        writes, withdrawal.member_id, refusal=lambda _row: AccountBlocked()
    )
    try:
        writes.commit()
    except AccountBlocked:
        return _Begun(back_to_review(withdrawal, MEMBER_BLOCKED, clock=clock), is_ours=False)
    except InDebt:
        rejected = reject(withdrawal, clock=clock, wechat_pay=wechat_pay)
        return _Begun(rejected, is_ours=False)
    return _Begun(withdrawals.get(withdrawal_id), is_ours=True)


def _address(withdrawal: Withdrawal, notify_url: str) -> str:
    """Where WeChat is to tell us: the same as before, unless WeChat knows of nothing before."""
    is_new = withdrawal.notify_url is None or withdrawal.refusal_code is not None
    return notify_url if is_new else str(withdrawal.notify_url)
