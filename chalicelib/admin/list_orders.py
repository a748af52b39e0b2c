"""Command: orders, in no order, `{status?, since?, cursor?, limit?}`; since: placed then or
later.
"""

from typing import Any

from chalicelib.admin.lists import ListCommand, walk
from chalicelib.admin.shapes import order_in_brief
from chalicelib.kit.paging import page
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.store import OrderRow, order_of
from chalicelib.wiring import Wiring


class Payload(ListCommand):
    """Which orders."""

    status: OrderState | None = None


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    def pick(row: OrderRow) -> Order | None:
        order = order_of(row)
        return order if order is not None and _fits(order, payload) else None

    found, following = walk(OrderRow, pick, limit=payload.limit, cursor=payload.cursor)
    return page([order_in_brief(order) for order in found], following)


def _fits(order: Order, payload: Payload) -> bool:
    if payload.status is not None and order.order_state is not payload.status:
        return False
    return payload.since is None or order.placed_at >= payload.since
