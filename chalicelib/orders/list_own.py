"""The member's own orders, newest first, perhaps only those of one status."""

from typing import Any

from chalicelib.kit.paging import from_cursor
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.orders.schemas import OrdersQuery

_CURSOR = frozenset({"order_id", "member_id", "placed_at"})
_MOST_PAGES = 5


def list_own(member_id: str, query: OrdersQuery) -> tuple[list[Order], dict[str, Any] | None]:
    """A page and where the next begins. A narrowed page may be short while more follows.

    Raises InvalidRequest on a cursor that is not this member's.
    """
    start = from_cursor(query.cursor, names=_CURSOR, fixed={"member_id": member_id})
    kept: list[Order] = []
    for _ in range(_MOST_PAGES):
        wanted = query.limit - len(kept)
        found, start = orders.page_of_member(member_id, limit=wanted, start=start)
        kept += [order for order in found if query.status in (None, order.order_state.value)]
        if start is None or len(kept) == query.limit:
            break
    return kept, start
