"""Decide a withdrawal that waits for an operator: approve it, or reject it and give the money back.

Deciding the same way twice is once. One that was ever submitted is rejected only when WeChat knows
nothing of it; a debtor's is rejected whatever the operator says.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import store as ledger
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.errors import InDebt
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.reject import reject


@dataclass(frozen=True)
class Decision:
    """An operator's word on one withdrawal."""

    withdrawal_id: str
    approve: bool
    operator: str
    reason: str


def decide(decision: Decision, *, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    """The withdrawal as it is afterwards: approving a debtor's leaves it rejected.

    Raises NotAllowed when it was decided otherwise or WeChat has it, or when it is to be approved
    and its member is blocked, WechatUnavailable, NotFound.
    """
    return until_settled(lambda: _decide(decision, clock, wechat_pay))


def check_decidable(withdrawal: Withdrawal, *, approve: bool) -> bool:
    """Whether deciding it so changes anything; False: it was decided so before. Raises
    NotAllowed.
    """
    if withdrawal.was_decided(approve=approve):
        return False
    if withdrawal.withdrawal_state is not WithdrawalState.REVIEWING:
        raise NotAllowed(f"It is {withdrawal.withdrawal_state.value} already.")
    return True


def refuse_blocked(withdrawal: Withdrawal) -> None:
    """What approving one refuses, told beforehand. Raises NotAllowed while its member is
    blocked.
    """
    key = members.profile_key(withdrawal.member_id)
    if standing.is_blocked(read(key).find(key)):
        raise _blocked(None)


def _blocked(_row: object) -> NotAllowed:
    return NotAllowed("Its member is blocked: unblock them first, or reject it.")


def _decide(decision: Decision, clock: Clock, wechat_pay: WechatPay) -> Withdrawal:
    withdrawal = withdrawals.get(decision.withdrawal_id)
    if not check_decidable(withdrawal, approve=decision.approve):
        return withdrawal
    if decision.approve:
        return _approve(withdrawal, decision, clock, wechat_pay)
    rejected = reject(
        withdrawal,
        clock=clock,
        wechat_pay=wechat_pay,
        reason=decision.reason,
        operator=decision.operator,
    )
    if rejected.withdrawal_state is not WithdrawalState.REJECTED:
        raise NotAllowed(f"WeChat has it after all: it is {rejected.withdrawal_state.value}.")
    return rejected


def _approve(
    withdrawal: Withdrawal, decision: Decision, clock: Clock, wechat_pay: WechatPay
) -> Withdrawal:
    writes = WriteSet()
    withdrawals.move(
        writes,
        withdrawal,
        WithdrawalState.APPROVED,
        due_at=clock.now(),
        operator=decision.operator,
        decision_reason=decision.reason,
        **(_told_anew() if withdrawal.refusal_code is not None else {}),
    )
    ledger.check_out_of_debt(
        writes, withdrawal.member_id, withdrawal.withdrawal_id, refusal=lambda _row: InDebt()
    )
    standing.must_not_be_blocked(writes, withdrawal.member_id, refusal=_blocked)
    try:
        writes.commit()
    except InDebt:
        return reject(withdrawal, clock=clock, wechat_pay=wechat_pay)
    return withdrawals.get(withdrawal.withdrawal_id)


def _told_anew() -> dict[str, Any]:
    """WeChat refused it and knows nothing of it: what it is told may be put right first."""
    key = catalog.settings_key()
    settings = catalog.settings_of(read(key).find(key)).withdrawal
    return {
        "scene_id": settings.scene_id,
        "scene_report": dict(settings.scene_report),
        "remark": settings.remark,
    }
