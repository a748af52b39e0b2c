"""What a member earns (我的佣金), newest first, perhaps only what stands at one status."""

from typing import Any

from chalicelib.commissions import store as commissions
from chalicelib.commissions.model import Commission, CommissionState
from chalicelib.commissions.schemas import CommissionAnswer, CommissionsQuery
from chalicelib.kit.clock import shown
from chalicelib.kit.paging import from_cursor
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order

_CURSOR = frozenset({"commission_id", "beneficiary_id", "accrued_at"})
_MOST_PAGES = 5


def list_own(
    member_id: str, query: CommissionsQuery
) -> tuple[list[CommissionAnswer], dict[str, Any] | None]:
    """A page and where the next begins. A narrowed page may be short while more follows.

    Raises InvalidRequest on a cursor that is not this member's.
    """
    start = from_cursor(query.cursor, names=_CURSOR, fixed={"beneficiary_id": member_id})
    kept: list[Commission] = []
    for _ in range(_MOST_PAGES):
        wanted = query.limit - len(kept)
        found, start = commissions.page_of_member(member_id, limit=wanted, start=start)
        kept += [each for each in found if query.status in (None, each.commission_state)]
        if start is None or len(kept) == query.limit:
            break
    its_orders = {order.order_id: order for order in orders.read_all([c.order_id for c in kept])}
    return [_answer(each, its_orders.get(each.order_id)) for each in kept], start


def _answer(commission: Commission, order: Order | None) -> CommissionAnswer:
    """`release_at` is known once the order has been received."""
    settles_at = order.settles_at if order is not None else None
    pending = commission.commission_state is CommissionState.PENDING
    release_at = settles_at if pending else commission.released_at
    return {
        "commission_id": commission.commission_id,
        "order_id": commission.order_id,
        "kind": "leader_bonus" if commission.is_bonus else "referral",
        "level": commission.commission_level,
        "amount_fen": commission.amount_fen,
        "reversed_fen": commission.reversed_fen,
        "status": commission.commission_state,
        "accrued_at": shown(commission.accrued_at),
        "release_at": shown(release_at) if release_at is not None else None,
    }
