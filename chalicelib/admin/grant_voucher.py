"""Command: grant a member a free-leader voucher, `{member_id, voucher_id, expires_at,
campaign_id?}`.

Moves money: what it opens is at the shop's expense. The same voucher id is one voucher of that
member; without a campaign it is good for any.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.catalog.model import Identifier, Moment
from chalicelib.vouchers.grant import grant
from chalicelib.vouchers.model import Voucher
from chalicelib.vouchers.show import show
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Whose, what for and until when."""

    member_id: Identifier
    voucher_id: Identifier
    expires_at: Moment
    campaign_id: Identifier | None = None


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The voucher as it is then. Raises NotFound, IdempotencyConflict, InvalidRequest."""
    now = wiring.clock.now()
    wanted = Voucher(
        voucher_id=payload.voucher_id,
        member_id=payload.member_id,
        granted_at=now,
        expires_at=payload.expires_at,
        campaign_id=payload.campaign_id,
    )
    voucher, outcome = grant(wanted, dry_run=payload.dry_run)
    return {
        "member_id": voucher.member_id,
        **show(voucher, now=now),
        "outcome": outcome.value,
        "dry_run": payload.dry_run,
    }
