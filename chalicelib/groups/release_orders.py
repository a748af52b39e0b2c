"""Let a complete group's orders ship (成团): every paid order moves to `to_ship`, and the
campaign's sales figure grows once.

Follows from the group's completion, by the stream or, when that was lost, by the sweep. Safe to
run any number of times.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.store import CatalogRow
from chalicelib.groups import store as groups
from chalicelib.groups.model import GroupState, SeatState
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import store as orders


def release_orders(group_id: str) -> None:
    """Nothing happens unless the group is complete."""
    group, seats = groups.find_with_seats(group_id)
    if group is None or group.group_state is not GroupState.COMPLETE or group.due_at is None:
        return
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    for seat in taken:
        orders.mark_to_ship(seat.order_id)
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
