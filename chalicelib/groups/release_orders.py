"""Let a complete group's orders ship (成团): every paid order moves to `to_ship`, and the
campaign's sales figure grows once.

Follows from the group's completion, by the stream or, when that was lost, by the sweep. Safe to
run any number of times.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.store import CatalogRow
from chalicelib.groups import store as groups
from chalicelib.groups.model import GroupState, SeatState
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import store as orders
from chalicelib.orders.model import REACTION_SECONDS
from chalicelib.orders.store import OrderRow


def release_orders(group_id: str, *, clock: Clock) -> None:
    """Nothing happens unless the group is complete. Raises TryAgain, after trying all, when an
    order cannot be read: the group stays due.
    """
    group, seats = groups.find_with_seats(group_id)
    if group is None or group.group_state is not GroupState.COMPLETE or group.due_at is None:
        return
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    keys = [orders.order_key(seat.order_id) for seat in taken]
    found = read(*keys)
    stuck = sum(not _release(found.find(key), clock) for key in keys)
    if stuck:
        raise TryAgain(f"{stuck} orders of {group_id} could not be let go.")
    writes = WriteSet()
    groups.finish(
        writes, group_id, GroupState.COMPLETE
    )  # guard: not finished yet, so it counts once
    sold = CatalogRow.sold_count
    units = sum(seat.units for seat in taken)
    writes.update(catalog.figures_key(group.campaign_id), [sold.set((sold | 0) + units)])
    try:
        writes.commit()
    except Changed:
        return


def _release(row: OrderRow | None, clock: Clock) -> bool:
    try:
        order = orders.order_of(row)
    except (ValueError, TypeError, LookupError) as error:
        findings.poison(row.order_id if row is not None else "order", error, clock=clock)
        return False
    if order is not None:
        orders.mark_to_ship(order, due_at=after(clock.now(), REACTION_SECONDS))
    return True
