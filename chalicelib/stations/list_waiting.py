"""What waits at a station, or is on its way there, and nobody has fetched yet: for whoever looks
after it. Of the member no more than the nickname.

What was received by its member's word, WeChat's or time's, is still there until its code is
redeemed; what is being refunded is nobody's to fetch.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import from_cursor
from chalicelib.kit.reads import Found, read
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.model import SOLD, Order
from chalicelib.stations import store as stations
from chalicelib.stations.redeem import refuse_stranger


@dataclass(frozen=True)
class Waiting:
    """One order whose goods are expected at the station, or are there; and who fetches them."""

    order: Order
    nickname: str | None


def list_waiting(
    station_id: str, *, by_member_id: str | None, limit: int, cursor: str | None
) -> tuple[list[Waiting], dict[str, Any] | None]:
    """A page, in no order that means anything, and where the next begins. `by_member_id` None: for
    an operator. Raises NotFound, NotAllowed, InvalidRequest for a cursor of another list.
    """
    start = from_cursor(
        cursor,
        names=frozenset({"station_id", "kind"}),
        fixed={"station_id": station_id},
        begins={"kind": stations.WAITS},
    )
    key = stations.station_key(station_id)
    station = stations.station_of(read(key).find(key))
    if station is None:
        raise NotFound("There is no such station.")
    if by_member_id is not None:
        refuse_stranger(station, by_member_id)
    order_ids, following = stations.page_of_waiting(station_id, limit=limit, start=start)
    found = [order for order in orders.read_all(order_ids) if order.order_state in SOLD]
    profiles = read(*(members.profile_key(order.member_id) for order in found))
    return [_waiting(order, profiles) for order in found], following


def _waiting(order: Order, profiles: Found) -> Waiting:
    member = members.member_of(profiles.find(members.profile_key(order.member_id)))
    return Waiting(order, member.nickname if member is not None else None)
