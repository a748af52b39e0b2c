"""Goods arrive at their station (到货): each order of a complete group that may ship is there to be
fetched from now on, and its member's code works.

Each order is a commit of its own. Safe to run any number of times: what has arrived stays so.
"""

from dataclasses import dataclass, replace

from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupForming
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest, NotAllowed, NotFound, Refusal
from chalicelib.orders.model import PICKUP_CARRIER, Order, OrderState
from chalicelib.orders.ship import is_shipped_so, refuse_to_ship, ship
from chalicelib.stations.seats import Start, orders_of, where_seats_are

MOST_ARRIVED = 200
"""In one run: each is a commit."""
_MOST_PAGES = 100


@dataclass(frozen=True)
class Arrived:
    """What a run did: how many orders have arrived, had before, are not shipped since their money
    goes back, and are left for the next run. `following`: where that goes on, should it not begin
    anew.
    """

    arrived: int = 0
    unchanged: int = 0
    left_out: int = 0
    left: int = 0
    following: Start | None = None


def arrive(
    group_id: str,
    *,
    clock: Clock,
    station_id: str | None = None,
    start: Start | None = None,
    most: int = MOST_ARRIVED,
    dry_run: bool = False,
) -> Arrived:
    """`station_id`: only what goes there. `most`: no more orders than so many. With `dry_run` only
    say what would be done.

    Raises GroupForming before the group is complete, NotAllowed when it never will be or goes to
    addresses, InvalidRequest for a station it does not go to, NotFound.
    """
    group = _complete(group_id, station_id)
    done = Arrived()
    for _, page, following in orders_of(
        where_seats_are(group), start=start, most_pages=_MOST_PAGES
    ):
        for order in page:
            if station_id in (None, _station_of(order)):
                may_go_on = done.arrived < most
                done = _count(done, order, clock, may_go_on=may_go_on, dry_run=dry_run)
        done = replace(done, following=following)
    return done


def arrive_one(order: Order, *, clock: Clock, dry_run: bool = False) -> Arrived:
    """The same for one order alone. Raises NotAllowed, GroupForming."""
    station_id = _station_of(order)
    if is_shipped_so(order, PICKUP_CARRIER, station_id):
        return Arrived(unchanged=1)
    refuse_to_ship(order)
    if not dry_run:
        ship(order.order_id, PICKUP_CARRIER, station_id, clock=clock)
    return Arrived(arrived=1)


def _complete(group_id: str, station_id: str | None) -> Group:
    group = groups.get(group_id)
    if group.crowd_id is not None:
        raise NotFound("There is no such group.")
    if group.group_state in (GroupState.FAILED, GroupState.ABANDONED):
        raise NotAllowed(f"The group is {group.group_state.value}: nothing of it is shipped.")
    if group.group_state is not GroupState.COMPLETE:
        raise GroupForming("Nothing arrives before its group is complete.")
    if station_id is not None and group.station_id not in (None, station_id):
        message = f"This group is fetched at station {group.station_id}."
        raise InvalidRequest(message, errors=[{"field": "station_id", "message": message}])
    return group


def _count(done: Arrived, order: Order, clock: Clock, *, may_go_on: bool, dry_run: bool) -> Arrived:
    """What was done before this order, and with it."""
    goes_to = _station_of(order)
    if is_shipped_so(order, PICKUP_CARRIER, goes_to):
        return replace(done, unchanged=done.unchanged + 1)
    is_dealt_with = order.order_state is not OrderState.PAID
    if is_dealt_with and not _may_ship(order):
        return replace(done, left_out=done.left_out + 1)
    if not is_dealt_with or not may_go_on:
        return replace(done, left=done.left + 1)
    if not dry_run:
        try:
            ship(order.order_id, PICKUP_CARRIER, goes_to, clock=clock)
        except NotAllowed:  # a refund has ended it meanwhile
            return replace(done, left_out=done.left_out + 1)
        except Refusal:
            return replace(done, left=done.left + 1)
    return replace(done, arrived=done.arrived + 1)


def _station_of(order: Order) -> str:
    if order.pickup is None:
        raise NotAllowed("It is sent to an address: use ship_order.")
    return order.pickup.station_id


def _may_ship(order: Order) -> bool:
    try:
        refuse_to_ship(order)
    except NotAllowed:
        return False
    return True
