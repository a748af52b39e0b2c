"""Reject a withdrawal (驳回): the money is the member's again. One that was ever submitted only
when WeChat knows nothing of it.
"""

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.clock import Clock
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.end_unpaid import end_unpaid
from chalicelib.withdrawals.model import IN_DEBT, Withdrawal, WithdrawalState
from chalicelib.withdrawals.send import ask
from chalicelib.withdrawals.settle import settle


def reject(
    withdrawal: Withdrawal,
    *,
    clock: Clock,
    wechat_pay: WechatPay,
    reason: str = IN_DEBT,
    operator: str | None = None,
) -> Withdrawal:
    """The withdrawal as it is afterwards: rejected, or as WeChat says when WeChat has it after all.

    Raises WechatUnavailable when that cannot be found out, Changed.
    """
    if withdrawal.submitted_at is not None:
        report = ask(withdrawal, wechat_pay)
        if report is not None:
            settle(report, clock=clock)
            return withdrawals.get(withdrawal.withdrawal_id)
    return end_unpaid(
        withdrawal,
        WithdrawalState.REJECTED,
        clock=clock,
        operator=operator,
        decision_reason=reason,
    )
