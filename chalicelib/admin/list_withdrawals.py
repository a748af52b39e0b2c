"""Command: withdrawals, `{status?, since?, cursor?, limit?}`; since: requested then or later.

Those that wait for an operator come from their index, oldest first; any others in no order.
"""

from typing import Any

from chalicelib.admin.lists import ListCommand, walk
from chalicelib.admin.shapes import withdrawal_in_full
from chalicelib.kit.paging import from_cursor, page
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.store import OPERATOR_QUEUE, WithdrawalRow, withdrawal_of

_CURSOR_NAMES = frozenset({"operator_queue", "requested_at", "withdrawal_id", "kind"})


class Payload(ListCommand):
    """Which withdrawals."""

    status: WithdrawalState | None = None


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    waiting = payload.status is WithdrawalState.REVIEWING
    found, following = _waiting(payload) if waiting else _any(payload)
    return page([withdrawal_in_full(withdrawal) for withdrawal in found], following)


def _waiting(payload: Payload) -> tuple[list[Withdrawal], dict[str, Any] | None]:
    start = from_cursor(
        payload.cursor, names=_CURSOR_NAMES, fixed={"operator_queue": OPERATOR_QUEUE}
    )
    found, following = withdrawals.review_page(limit=payload.limit, start=start)
    return [withdrawal for withdrawal in found if _fits(withdrawal, payload)], following


def _any(payload: Payload) -> tuple[list[Withdrawal], dict[str, Any] | None]:
    def pick(row: WithdrawalRow) -> Withdrawal | None:
        withdrawal = withdrawal_of(row)
        return withdrawal if withdrawal is not None and _fits(withdrawal, payload) else None

    return walk(WithdrawalRow, pick, limit=payload.limit, cursor=payload.cursor)


def _fits(withdrawal: Withdrawal, payload: Payload) -> bool:
    if payload.status is not None and withdrawal.withdrawal_state is not payload.status:
        return False
    return payload.since is None or withdrawal.requested_at >= payload.since
