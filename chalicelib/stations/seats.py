"""The orders behind the paid seats of groups, page by page, for the demand sheet and for goods that
have arrived. Reads only.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.groups.model import Group, SeatState
from chalicelib.groups.store import SEAT, GroupRow, seat_key
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.paging import from_cursor
from chalicelib.kit.reads import query
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order

_PAGE_SEATS = 50

Start = dict[str, Any]
"""The seat after which to go on: whose group, or whose shard of a crowd, and which."""


def where_seats_are(group: Group) -> tuple[str, ...]:
    """The shards of a crowd; a group itself."""
    return group.shard_ids or (group.group_id,)


def orders_of(
    places: Sequence[str], *, start: Start | None, most_pages: int
) -> Iterator[tuple[str, list[Order], Start | None]]:
    """Each page: its place, the orders paid there, and where the next begins (None: that is all).
    Raises InvalidRequest for a start that is in none of these places.
    """
    number, after_kind = _beginning(places, start)
    for _ in range(most_pages):
        if number >= len(places):
            return
        place = places[number]
        order_ids, after_kind = _paid_seats(place, after_kind)
        if after_kind is None:
            number += 1
        following = _start(places[number], after_kind) if number < len(places) else None
        yield place, orders.read_all(order_ids), following


def start_of(cursor: str | None) -> Start | None:
    """Where a cursor says to go on. Raises InvalidRequest."""
    return from_cursor(cursor, names=frozenset({"group_id", "kind"}), begins={"kind": SEAT})


def _paid_seats(place: str, after_kind: str | None) -> tuple[list[str], str | None]:
    """The orders of a page of its seats, and the last seat there; None: no more follow."""
    items, following = query(
        GroupRow,
        (GroupRow.group_id == place) & GroupRow.kind.startswith(SEAT),
        limit=_PAGE_SEATS,
        start=_start(place, after_kind) if after_kind is not None else None,
        keep=GroupRow.seat_state == SeatState.PAID.value,
    )
    last = following["kind"]["S"] if following is not None else None
    return [item["order_id"]["S"] for item in items], last


def _start(place: str, after_kind: str | None) -> Start:
    """Before the first seat no seat's key comes but the beginning of them all."""
    if after_kind is None:
        return seat_key(place, "").to_item()
    return GroupRow.key(place, after_kind).to_item()


def _beginning(places: Sequence[str], start: Start | None) -> tuple[int, str | None]:
    if start is None:
        return 0, None
    place, kind = start["group_id"]["S"], start["kind"]["S"]
    if place not in places:
        message = "Not a cursor of this list."
        raise InvalidRequest(message, errors=[{"field": "cursor", "message": message}])
    return places.index(place), None if kind == SEAT else kind
