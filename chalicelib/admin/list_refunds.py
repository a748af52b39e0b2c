"""Command: refunds, `{status?, since?, cursor?, limit?}`; since: requested then or later.

Those that wait for an operator come from their index, oldest first; any others in no order.
"""

from typing import Any

from chalicelib.admin.lists import ListCommand, walk
from chalicelib.admin.shapes import refund_in_full
from chalicelib.kit.paging import from_cursor, page
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Refund, RefundState
from chalicelib.refunds.store import OPERATOR_QUEUE, RefundRow, refund_of
from chalicelib.wiring import Wiring

_WAITING = frozenset({RefundState.AWAITING_OPERATOR, RefundState.ABNORMAL, RefundState.CLOSED})
_CURSOR_NAMES = frozenset({"operator_queue", "requested_at", "refund_id"})


class Payload(ListCommand):
    """Which refunds."""

    status: RefundState | None = None


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    found, following = _waiting(payload) if payload.status in _WAITING else _any(payload)
    return page([refund_in_full(refund) for refund in found], following)


def _waiting(payload: Payload) -> tuple[list[Refund], dict[str, Any] | None]:
    start = from_cursor(
        payload.cursor, names=_CURSOR_NAMES, fixed={"operator_queue": OPERATOR_QUEUE}
    )
    found, following = refunds.waiting_page(limit=payload.limit, start=start)
    return [refund for refund in found if _fits(refund, payload)], following


def _any(payload: Payload) -> tuple[list[Refund], dict[str, Any] | None]:
    def pick(row: RefundRow) -> Refund | None:
        refund = refund_of(row)
        return refund if refund is not None and _fits(refund, payload) else None

    return walk(RefundRow, pick, limit=payload.limit, cursor=payload.cursor)


def _fits(refund: Refund, payload: Payload) -> bool:
    if payload.status is not None and refund.refund_state is not payload.status:
        return False
    return payload.since is None or refund.requested_at >= payload.since
