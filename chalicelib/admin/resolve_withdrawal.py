"""Command: say how a withdrawal ended that WeChat remembers no more, `{withdrawal_id, resolution:
paid|not_paid}`.

Moves money. For those that `withdrawal_out_of_sight` names; look in the merchant platform first.
"""

from typing import Any, Literal

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import withdrawal_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.resolve import Resolution, needs_resolving, resolve


class Payload(MoneyCommand):
    """Which withdrawal, and what became of it."""

    withdrawal_id: Identifier
    resolution: Literal["paid", "not_paid"]


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The withdrawal as it is afterwards (in a dry run: as it is). Raises NotAllowed, NotFound,
    WechatUnavailable.
    """
    resolution = Resolution(
        withdrawal_id=payload.withdrawal_id,
        was_paid=payload.resolution == "paid",
        operator=payload.operator,
        reason=payload.reason,
    )
    withdrawal = withdrawals.get(payload.withdrawal_id)
    changes = needs_resolving(withdrawal, resolution, wiring.clock)
    if not payload.dry_run:
        withdrawal = resolve(resolution, clock=wiring.clock, wechat_pay=wiring.wechat_pay)
    return {
        **withdrawal_in_full(withdrawal),
        "outcome": "resolved" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }
