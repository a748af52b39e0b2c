"""Take a withdrawal back (取消提现): at once while WeChat has not been asked; later by asking
WeChat, which alone knows whether it was confirmed first.
"""

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_pay import RefusedByWechat, WechatPay
from chalicelib.kit.clock import Clock
from chalicelib.kit.repeat import until_settled
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.end_unpaid import end_unpaid
from chalicelib.withdrawals.errors import WithdrawalNotCancellable
from chalicelib.withdrawals.model import BEFORE_SUBMITTING, Withdrawal, WithdrawalState
from chalicelib.withdrawals.send import ask
from chalicelib.withdrawals.settle import settle

_ASKS_WECHAT = frozenset({*BEFORE_SUBMITTING, WithdrawalState.CONFIRMING})
"""Where WeChat was asked once, even if it refused, only WeChat can say that nothing is paid."""

logger = Logger()


def cancel(withdrawal_id: str, member_id: str, *, clock: Clock) -> Withdrawal:
    """The withdrawal as it is afterwards: cancelled, or still confirming while WeChat is asked.

    Twice is once. Raises WithdrawalNotCancellable, NotFound.
    """
    return until_settled(lambda: _cancel(withdrawal_id, member_id, clock))


def _cancel(withdrawal_id: str, member_id: str, clock: Clock) -> Withdrawal:
    withdrawal = withdrawals.get_own(withdrawal_id, member_id)
    state = withdrawal.withdrawal_state
    if state is WithdrawalState.CANCELLED:
        return withdrawal
    if state in BEFORE_SUBMITTING and withdrawal.submitted_at is None:
        return end_unpaid(withdrawal, WithdrawalState.CANCELLED, clock=clock)
    if state not in _ASKS_WECHAT or withdrawal.confirmed_at is not None:
        raise WithdrawalNotCancellable()
    if withdrawal.cancel_requested_at is None:
        withdrawals.ask_to_cancel(withdrawal, now=clock.now())
    return withdrawals.get(withdrawal_id)


def cancel_at_wechat(withdrawal_id: str, *, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    """Ask WeChat to take back what its member no longer wants; may be repeated.

    WeChat's no means that the member has confirmed it, which a query then tells. Raises
    WechatUnavailable, NotFound.
    """
    return until_settled(lambda: _cancel_at_wechat(withdrawal_id, clock, wechat_pay))


def _cancel_at_wechat(withdrawal_id: str, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    withdrawal = withdrawals.get(withdrawal_id)
    wanted_back = withdrawal.cancel_requested_at is not None
    if not wanted_back or withdrawal.withdrawal_state not in _ASKS_WECHAT:
        return withdrawal
    if withdrawal.withdrawal_state in BEFORE_SUBMITTING:
        return _end_unless_known(withdrawal, clock, wechat_pay)
    try:
        report = wechat_pay.cancel_transfer(withdrawal_id)
    except RefusedByWechat as refused:
        logger.info("not_taken_back", withdrawal_id=withdrawal_id, code=refused.code)
        known = ask(withdrawal, wechat_pay)
        if known is None:
            return withdrawal
        report = known
    return settle(report, clock=clock) or withdrawal


def _end_unless_known(withdrawal: Withdrawal, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    """It came back from WeChat refused: ended here, unless WeChat knows of it after all."""
    known = ask(withdrawal, wechat_pay)
    if known is None:
        return end_unpaid(withdrawal, WithdrawalState.CANCELLED, clock=clock)
    return settle(known, clock=clock) or withdrawal
