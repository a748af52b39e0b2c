"""Resolve a withdrawal that WeChat remembers no more, by an operator who has looked in the merchant
platform: it was paid, or it was not.

WeChat answers for thirty days. What it does not know after that may have been paid all the same,
so nothing here decides it by itself.
"""

from dataclasses import dataclass

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.gateways.wechat_transfers import TransferReport
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.end_unpaid import end_unpaid
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.send import ask
from chalicelib.withdrawals.settle import pay_out, settle


@dataclass(frozen=True)
class Resolution:
    """What an operator has found out about one withdrawal."""

    withdrawal_id: str
    was_paid: bool
    operator: str
    reason: str

    @property
    def becomes(self) -> WithdrawalState:
        return WithdrawalState.PAID if self.was_paid else WithdrawalState.FAILED


def resolve(resolution: Resolution, *, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    """The withdrawal as it is afterwards; twice is once. Raises NotAllowed while WeChat can still
    say, or when it has ended otherwise, WechatUnavailable, NotFound.
    """
    return until_settled(lambda: _resolve(resolution, clock, wechat_pay))


def needs_resolving(withdrawal: Withdrawal, resolution: Resolution, clock: Clock) -> bool:
    """Whether this changes anything; False: it has come true already. Raises NotAllowed."""
    if withdrawal.withdrawal_state is resolution.becomes:
        return False
    forgotten_at = withdrawal.forgotten_at
    is_with_wechat = withdrawal.is_open and not withdrawal.is_before_submitting
    if not is_with_wechat or forgotten_at is None or clock.now() < forgotten_at:
        raise NotAllowed(f"It is {withdrawal.withdrawal_state.value}, and not out of sight.")
    return True


def _resolve(resolution: Resolution, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    withdrawal = withdrawals.get(resolution.withdrawal_id)
    if not needs_resolving(withdrawal, resolution, clock):
        return withdrawal
    report: TransferReport | None = ask(withdrawal, wechat_pay)
    if report is not None:
        settle(report, clock=clock)
        raise NotAllowed("WeChat remembers it after all.")
    facts = {"operator": resolution.operator, "decision_reason": resolution.reason}
    if not resolution.was_paid:
        return end_unpaid(withdrawal, WithdrawalState.FAILED, clock=clock, **facts)
    pay_out(withdrawal, now=clock.now(), **facts)
    return withdrawals.get(withdrawal.withdrawal_id)
