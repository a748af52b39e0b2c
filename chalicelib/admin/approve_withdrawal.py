"""Command: approve a withdrawal that waits for it, `{withdrawal_id}`; the stream submits it.

Moves money. Again is once; a member who has come into debt meanwhile is not paid.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import withdrawal_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.decide import Decision, check_decidable, decide, refuse_blocked


class Payload(MoneyCommand):
    """Which withdrawal."""

    withdrawal_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The withdrawal as it is afterwards (in a dry run: as it is). Its status says whether it was
    approved, or rejected for debt.

    Raises NotAllowed when it was decided otherwise or has ended, or its member is blocked,
    NotFound.
    """
    withdrawal = withdrawals.get(payload.withdrawal_id)
    changes = check_decidable(withdrawal, approve=True)
    if changes:
        refuse_blocked(withdrawal)
    if not payload.dry_run:
        decision = Decision(
            withdrawal_id=payload.withdrawal_id,
            approve=True,
            operator=payload.operator,
            reason=payload.reason,
        )
        withdrawal = decide(decision, clock=wiring.clock, wechat_pay=wiring.wechat_pay)
    return {
        **withdrawal_in_full(withdrawal),
        "outcome": "decided" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }
