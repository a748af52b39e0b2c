"""Command: what is to be made for a group, `{group_id, cursor?, limit?}`: every order that still
stands with what its member filled in, and how many units of each kind. Nothing of who they are.

A group with seats comes whole, a crowd shard by shard in pages; the kinds are those of the page.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import production_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, Seat, SeatState
from chalicelib.groups.store import SEAT, GroupRow
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.paging import from_cursor, to_cursor
from chalicelib.orders import store as orders
from chalicelib.orders.model import SOLD, Order, OrderState
from chalicelib.wiring import Wiring

_STANDS = SOLD | {OrderState.PAID}


class Payload(Command):
    """Which group, and which page of a crowd. `limit` counts seats, standing or not."""

    group_id: Identifier
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound where nothing was asked of the merchant, InvalidRequest for a cursor of
    another list.
    """
    group = groups.get(payload.group_id)
    if group.production is None or group.crowd_id is not None:
        raise NotFound(f"Nothing is to be made for a group {payload.group_id}.")
    seats, following = _page(group, payload)
    taken = [seat.order_id for seat in seats if seat.seat_state is SeatState.PAID]
    standing = [each for each in orders.read_all(taken) if each.order_state in _STANDS]
    return {
        **production_in_full(group),
        "orders": [_order_answer(order) for order in standing],
        "kinds": _kinds(standing),
        "next_cursor": to_cursor(following),
    }


def _page(group: Group, payload: Payload) -> tuple[Sequence[Seat], dict[str, Any] | None]:
    """Seats, and where the next ones begin."""
    begins = {"group_id": group.group_id, "kind": SEAT}
    start = from_cursor(payload.cursor, names=frozenset(begins), begins=begins)
    if not group.is_crowd:
        _, seats = groups.find_with_seats(group.group_id)
        return seats, None
    shard_id = start["group_id"]["S"] if start is not None else group.shard_ids[0]
    after_kind: str | None = start["kind"]["S"] if start is not None else SEAT
    if shard_id not in group.shard_ids:
        raise InvalidRequest("Not a cursor of this list.")
    found: list[Seat] = []
    left = list(group.shard_ids[group.shard_ids.index(shard_id) :])
    while left and len(found) < payload.limit:
        most = payload.limit - len(found)
        seats, after_kind = crowds.page_of_seats(left[0], after_kind=after_kind, limit=most)
        found += seats
        if after_kind is None:
            left, after_kind = left[1:], SEAT
    return found, GroupRow.key(left[0], after_kind).to_item() if left else None


def _order_answer(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "sku_id": order.sku_id,
        "title": order.title,
        "quantity": order.quantity,
        "custom_fields": dict(order.custom_fields),
    }


def _kinds(standing: Sequence[Order]) -> list[dict[str, Any]]:
    """How often each is wanted, most first."""
    units: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for order in standing:
        kind = order.sku_id, tuple(sorted(order.custom_fields.items()))
        units[kind] = units.get(kind, 0) + order.quantity
    in_order = sorted(units.items(), key=lambda each: (-each[1], each[0]))
    return [
        {"sku_id": sku_id, "custom_fields": dict(wishes), "units": wanted}
        for (sku_id, wishes), wanted in in_order
    ]
