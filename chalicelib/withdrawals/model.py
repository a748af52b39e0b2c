"""A withdrawal (提现): what a member has earned, on its way into their WeChat wallet. Frozen and
pure.

Its id is WeChat's number for the transfer, for ever: whatever is in doubt is asked for under it,
and nothing is paid under another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.kit.clock import after
from chalicelib.kit.ids import derived_id, fingerprint

SMALLEST_TRANSFER_FEN = 10
NAME_ALLOWED_FROM_FEN = 30
NAME_REQUIRED_FROM_FEN = 200_000
"""WeChat's rules: the least it transfers, from where it takes the payee's name, and from where it
wants it.
"""

REVIEW_LOOK_SECONDS = 600
FIRST_RETRY_SECONDS = 30
LONGEST_RETRY_SECONDS = 600
CALLS_ARE_OVER_SECONDS = 2 * LONGEST_RETRY_SECONDS
"""Whoever may send has the turn for ten minutes at most: after twice that, whatever was sent before
has arrived or never will.
"""
FIRST_LOOK_SECONDS = 60
LONGEST_LOOK_SECONDS = 3600

WECHAT_REMEMBERS_SECONDS = 29 * 24 * 3600
"""WeChat answers for thirty days; what it no longer knows then may have been paid all the same."""


class WithdrawalState(StrEnum):
    """Where a withdrawal stands. Its money is set aside until it is paid or has ended otherwise."""

    REVIEWING = "reviewing"
    """An operator has to decide."""
    APPROVED = "approved"
    """It may go out, and has not yet."""
    SUBMITTED = "submitted"
    """WeChat has been asked, or is being asked right now: it may have taken it."""
    CONFIRMING = "confirming"
    """WeChat has taken it; the member is to confirm it on their phone, or has just done so."""
    PAID = "paid"
    """The member has the money."""
    REJECTED = "rejected"
    """An operator said no, or a debt came up."""
    FAILED = "failed"
    """WeChat says that it will not happen."""
    CANCELLED = "cancelled"
    """The member took it back."""


BEFORE_SUBMITTING = frozenset({WithdrawalState.REVIEWING, WithdrawalState.APPROVED})
"""WeChat is not being asked, so it can be ended here."""

OPEN = frozenset({*BEFORE_SUBMITTING, WithdrawalState.SUBMITTED, WithdrawalState.CONFIRMING})
"""Its money is set aside, and what WeChat says of it is believed."""

_GOES_OUT = frozenset(
    {
        WithdrawalState.APPROVED,
        WithdrawalState.SUBMITTED,
        WithdrawalState.CONFIRMING,
        WithdrawalState.PAID,
    }
)

ERASED = "erased"
"""Whose openid it was, once the member has left."""

IN_DEBT = "in_debt"
"""The reason of a rejection that no operator gave."""


@dataclass(frozen=True)
class Withdrawal:
    """One withdrawal of `gross_fen` = `net_fen` + `fee_fen` + `tax_fen`; `net_fen` is transferred.

    All that WeChat is told is fixed here once, since a repeat must tell the same. `charged_day` is
    the business day whose limits it counts against. `looks`: how often WeChat was asked since the
    state changed. `refusal_code`: WeChat's, when it last would not take it.
    """

    withdrawal_id: str
    member_id: str
    app_id: str
    openid: str = field(repr=False)
    request_fingerprint: str
    gross_fen: int
    fee_fen: int
    tax_fen: int
    net_fen: int
    tax_regime: str
    names_payee: bool
    scene_id: str
    scene_report: Mapping[str, str]
    remark: str
    charged_day: str
    requested_at: datetime
    withdrawal_state: WithdrawalState
    looks: int = 0
    notify_url: str | None = None
    submitted_at: datetime | None = None
    transfer_bill_no: str | None = None
    package_info: str | None = field(default=None, repr=False)
    confirmed_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    settled_at: datetime | None = None
    fail_reason: str | None = None
    refusal_code: str | None = None
    operator: str | None = None
    decision_reason: str | None = None
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.withdrawal_state in OPEN

    @property
    def is_before_submitting(self) -> bool:
        return self.withdrawal_state in BEFORE_SUBMITTING

    @property
    def is_ended_unpaid(self) -> bool:
        return not self.is_open and self.withdrawal_state is not WithdrawalState.PAID

    @property
    def forgotten_at(self) -> datetime | None:
        """From when on WeChat's "not found" says nothing any more."""
        if self.submitted_at is None:
            return None
        return after(self.submitted_at, WECHAT_REMEMBERS_SECONDS)

    def was_decided(self, *, approve: bool) -> bool:
        """Whether an operator's word has come true already, so that saying it again is once."""
        if approve:
            return self.withdrawal_state in _GOES_OUT
        return self.withdrawal_state is WithdrawalState.REJECTED

    def next_look(self, now: datetime) -> datetime:
        """When to ask WeChat again after asking once more: twice as long as before, up to ten
        minutes while it has not answered, up to an hour while the member has not confirmed.
        """
        first, longest = FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS
        if self.withdrawal_state is WithdrawalState.CONFIRMING:
            first, longest = FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS
        return after(now, min(first << min(self.looks + 1, 10), longest))


def withdrawal_id_for(member_id: str, idempotency_key: str) -> str:
    """Letters and digits only, 32 at most: WeChat takes nothing else for a transfer's number."""
    return derived_id("wdr", member_id, idempotency_key).replace("_", "")


def fingerprint_of_decision(decision: Mapping[str, Any]) -> str:
    """What tells an operator's decision from the one written over it."""
    named = ("withdrawal_id", "decision", "operator", "reason")
    return fingerprint([decision.get(name) for name in named])
