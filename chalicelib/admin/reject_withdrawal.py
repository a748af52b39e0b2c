"""Command: reject a withdrawal that waits for a decision, `{withdrawal_id}`; the money goes back.

Moves money. Again is once. One that was submitted before is looked up at WeChat first.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import withdrawal_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.decide import Decision, check_decidable, decide


class Payload(MoneyCommand):
    """Which withdrawal."""

    withdrawal_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The withdrawal as it is afterwards (in a dry run: as it is; WeChat is not asked).

    Raises NotAllowed when it was decided otherwise, has ended or WeChat has it, WechatUnavailable,
    NotFound.
    """
    withdrawal = withdrawals.get(payload.withdrawal_id)
    changes = check_decidable(withdrawal, approve=False)
    if not payload.dry_run:
        decision = Decision(
            withdrawal_id=payload.withdrawal_id,
            approve=False,
            operator=payload.operator,
            reason=payload.reason,
        )
        withdrawal = decide(decision, clock=wiring.clock, wechat_pay=wiring.wechat_pay)
    return {
        **withdrawal_in_full(withdrawal),
        "outcome": "decided" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }
