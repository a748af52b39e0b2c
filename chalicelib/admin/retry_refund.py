"""Command: send a refund to WeChat again, `{refund_id}`: one that WeChat closed, or one that hangs.

Moves money. The number changes only after WeChat closed one, so that nothing is refunded twice.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotAllowed
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import UNDER_WAY, RefundState
from chalicelib.refunds.retry import retry
from chalicelib.wiring import Wiring

_TO_RETRY = UNDER_WAY | {RefundState.CLOSED}


class Payload(MoneyCommand):
    """Which refund."""

    refund_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The refund as it is afterwards (in a dry run: as it is). Raises NotAllowed, NotFound."""
    if payload.dry_run:
        refund = refunds.get(payload.refund_id)
        if refund.refund_state not in _TO_RETRY:
            state = refund.refund_state.value
            raise NotAllowed(f"It is {state}: there is nothing to retry.")
    else:
        refund = retry(
            payload.refund_id,
            operator=payload.operator,
            reason=payload.reason,
            clock=wiring.clock,
        )
        wiring.refund_queue.send(refund.refund_id)  # one that hangs changes no state to follow
    return {**refund_in_full(refund), "outcome": "retried", "dry_run": payload.dry_run}
