"""Command: revoke a voucher that is not used, `{member_id, voucher_id}`: it expires now; twice is
once. Moves money, as granting it does.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.catalog.model import Identifier
from chalicelib.vouchers.revoke import revoke
from chalicelib.vouchers.show import show
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Which voucher."""

    member_id: Identifier
    voucher_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The voucher as it is then (in a dry run: as it is). Raises NotAllowed while it stands for an
    order, NotFound.
    """
    voucher, outcome = revoke(
        payload.member_id, payload.voucher_id, clock=wiring.clock, dry_run=payload.dry_run
    )
    return {
        "member_id": voucher.member_id,
        **show(voucher, now=wiring.clock.now()),
        "outcome": outcome.value,
        "dry_run": payload.dry_run,
    }
