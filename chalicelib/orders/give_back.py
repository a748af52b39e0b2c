"""Give back what an order held: its units of stock, its seat, its share of the member's limit, its
voucher, its place at a station, within the commit that ends it.

What goes back when is the table in model.py. The order's own state change in the same commit makes
each happen once.
"""

from datetime import datetime, timedelta

from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit import counters
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders.errors import LimitReached
from chalicelib.orders.model import GivesBack, Order, OrderState
from chalicelib.stations import store as stations
from chalicelib.stock import store as stock
from chalicelib.vouchers import store as vouchers

LIMITS_KEPT = timedelta(days=90)
"""How long a campaign's counters outlive it: longer than any of its orders can still be given
back.
"""


def give_back(
    writes: WriteSet,
    order: Order,
    back: GivesBack,
    *,
    group: Group | None = None,
    now: datetime,
    minimum_payers: int | None = None,
) -> None:
    """Add the writes. `group` is the order's, as read; a seat can only be freed where it is given.
    `minimum_payers`: how many are enough for the group then, where that changes.
    """
    if back.stock and order.units_held > 0:
        _give_back_units(writes, order)
    if back.seat and group is not None:
        _free_seat(writes, order, group, now, minimum_payers)
    if back.limit and order.limit_key is not None and order.limit_ends_at is not None:
        ends_at = order.limit_ends_at + LIMITS_KEPT
        counters.give_back(writes, order.limit_key, order.quantity, ends_at=ends_at)
    voucher_back = back.voucher and order.voucher_id is not None
    if voucher_back:
        vouchers.give_back(writes, order.member_id, str(order.voucher_id), order.order_id)
    if (back.first or voucher_back) and order.counts_as_first:
        members.uncount_first_order(writes, order.member_id)
    if order.pickup is not None and order.pickup_code is not None:
        stations.waits_no_more(writes, order.pickup.station_id, order.order_id)


def _give_back_units(writes: WriteSet, order: Order) -> None:
    """To where they came from: the SKU, or its campaign's allotment."""
    if order.stock_shard is None:
        stock.release(writes, order.sku_id, order.units_held)
        return
    campaign_id = str(order.campaign_id)
    stock.give_back(writes, order.sku_id, campaign_id, order.stock_shard, order.units_held)


def _free_seat(
    writes: WriteSet, order: Order, group: Group, now: datetime, minimum_payers: int | None
) -> None:
    """A group whose leader never pays is abandoned; a forming one gets the seat back; one that
    ended keeps its record.
    """
    if order.order_state is OrderState.PAID:
        groups.free_paid_seat(
            writes,
            group,
            order.seat_id,
            order.order_id,
            now=now,
            minimum_payers=minimum_payers,
        )
    elif group.group_state is GroupState.PENDING:
        groups.abandon(writes, group.group_id, order.seat_id, order.order_id, now=now)
    elif group.group_state is GroupState.FORMING:
        groups.free_held_seat(writes, group.group_id, order.seat_id, order.order_id)


def count_against_limit(writes: WriteSet, order: Order, limit: int) -> None:
    """Count the order's units against the campaign's limit per member. Guard: enough left ->
    LimitReached.
    """
    if order.limit_key is None or order.limit_ends_at is None:
        return
    counters.count(
        writes,
        order.limit_key,
        order.quantity,
        limit=limit,
        ends_at=order.limit_ends_at + LIMITS_KEPT,
        refusal=LimitReached,
    )
