"""Command: end an abnormal refund, `{refund_id, resolution: retry|paid_by_hand}`, once somebody
looked.

Moves money. `paid_by_hand` says that the member has it, outside WeChat: nothing is sent any
more.
"""

from typing import Any, Literal

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import RefundState
from chalicelib.refunds.retry import needs_resolving, resolve_abnormal
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Which refund, and what became of it."""

    refund_id: Identifier
    resolution: Literal["retry", "paid_by_hand"]


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The refund as it is afterwards (in a dry run: as it is); `paid_by_wechat` when WeChat had
    paid it meanwhile. Raises NotAllowed, NotFound, WechatUnavailable.
    """
    before = refunds.get(payload.refund_id)
    by_hand = payload.resolution == "paid_by_hand"
    changes = needs_resolving(before, paid_by_hand=by_hand)
    if payload.dry_run:
        refund = before
    else:
        refund = resolve_abnormal(
            payload.refund_id,
            paid_by_hand=by_hand,
            operator=payload.operator,
            reason=payload.reason,
            clock=wiring.clock,
            wechat_pay=wiring.wechat_pay,
        )
    by_wechat = refund.refund_state is RefundState.SUCCEEDED and not refund.paid_by_hand
    outcome = "paid_by_wechat" if by_wechat else "paid_by_hand" if by_hand else "retried"
    return {
        **refund_in_full(refund),
        "outcome": outcome if changes else "unchanged",
        "dry_run": payload.dry_run,
    }
