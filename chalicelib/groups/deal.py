"""Deal with the orders of a complete group (成团): draw where something is drawn, then let each
order ship with what the rules give back of it, or give all of it back to who has lost. What is made
to order waits for its merchant's word first.

Follows from the group's completion, or from its campaign's draw, by the stream or, when that was
lost, by the sweep. Each order is a commit of its own. Safe to run any number of times.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.draws.enter import enter
from chalicelib.draws.hold import hold
from chalicelib.draws.model import Draw, DrawState
from chalicelib.draws.seeds import Seeds
from chalicelib.groups import crowds, ending
from chalicelib.groups import store as groups
from chalicelib.groups.ask_production import may_be_dealt
from chalicelib.groups.model import Group, GroupState, Seat, SeatState
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import Refusal, TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import DRAW_LOST, REACTION_SECONDS, LeaderBonus, Order, OrderState
from chalicelib.orders.store import OrderRow
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund
from chalicelib.rules.compose import hangs_on_all, shares
from chalicelib.rules.model import DrawScope
from chalicelib.rules.party import Entrant, Share
from chalicelib.stations import store as stations
from chalicelib.stations.errors import CodeTaken
from chalicelib.stations.model import pickup_code

_MOST_CODES = 5


def deal(group_id: str, *, clock: Clock, seeds: Seeds) -> None:
    """Nothing happens unless the group is complete and not dealt with. Raises TryAgain, after
    trying all, when an order cannot be read or written, or while its draw is being held: the group
    stays due. CannotOpen: see draws/hold.py.
    """
    until_settled(lambda: _deal(group_id, clock, seeds))


def _deal(group_id: str, clock: Clock, seeds: Seeds) -> None:
    group, seats, through = crowds.find_undealt(group_id)
    if group is None or group.group_state is not GroupState.COMPLETE or group.due_at is None:
        return
    campaign = _campaign(group)
    if not may_be_dealt(group, campaign, clock=clock):
        return
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    its_orders = _read(taken, clock)
    unreadable = len(taken) - len(its_orders)
    if unreadable and hangs_on_all(campaign.rules):
        raise TryAgain(f"{unreadable} orders of {group_id} cannot be read; all hangs on them.")
    winners = None
    if group.draw_id is not None:
        draw = _draw(group, group.draw_id, its_orders, clock=clock, seeds=seeds)
        if draw is None:
            ending.await_draw(group_id)  # guard: it was not told of the winners meanwhile
            return
        winners = draw.winners
    entrants = [_entrant(order, taken) for order in its_orders]
    headcount = len(taken) if group.headcount is None else group.headcount
    given = shares(campaign, entrants, winners, headcount=headcount)
    stuck = unreadable + _each(group, its_orders, given, clock)
    units = sum(each.quantity for each in its_orders if given[each.order_id].gets_goods)
    if through is not None:
        ending.note_dealt(group, through, units, stuck=stuck > 0)
    elif stuck or group.dealt_stuck:
        ending.deal_again(group)
        raise TryAgain(f"Some orders of {group_id} could not be dealt with just now.")
    else:
        _finish(group, group.dealt_units + units, now=clock.now())


def _read(taken: Sequence[Seat], clock: Clock) -> list[Order]:
    """The orders of these seats, in their order. One that makes no sense is set aside."""
    keys = [orders.order_key(seat.order_id) for seat in taken]
    found = read(*keys)
    its_orders = [_readable(found.find(key), clock) for key in keys]
    return [order for order in its_orders if order is not None]


def _readable(row: OrderRow | None, clock: Clock) -> Order | None:
    try:
        return orders.order_of(row)
    except (ValueError, TypeError, LookupError) as error:
        findings.poison(row.order_id if row is not None else "order", error, clock=clock)
        return None


def _draw(
    group: Group, draw_id: str, its_orders: Collection[Order], *, clock: Clock, seeds: Seeds
) -> Draw | None:
    """The group's draw once it is drawn; None while its campaign's is to come."""
    draw = enter(draw_id, group.group_id, its_orders)
    if draw.scope is DrawScope.GROUP:
        return hold(draw_id, clock=clock, seeds=seeds)
    if draw.draw_state is DrawState.CLOSED:
        raise TryAgain(f"The draw of {group.campaign_id} is being held.")
    return draw if draw.is_drawn else None


def _campaign(group: Group) -> Campaign:
    """The campaign as it was when the group began."""
    key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    campaign = catalog.revision_of(read(key).find(key))
    if campaign is None:
        raise LookupError(f"revision {group.campaign_revision} of {group.campaign_id} is gone")
    return campaign


def _entrant(order: Order, taken: Sequence[Seat]) -> Entrant:
    leads = {seat.order_id for seat in taken if seat.is_leader}
    return Entrant(
        order_id=order.order_id,
        is_leader=order.order_id in leads,
        sku_id=order.sku_id,
        quantity=order.quantity,
        unit_price_fen=order.unit_price_fen,
        left_fen=order.refundable_fen,
        has_voucher=order.voucher_id is not None,
    )


def _each(
    group: Group, its_orders: Sequence[Order], given: Mapping[str, Share], clock: Clock
) -> int:
    """How many could not be dealt with, after trying all."""
    return sum(not _one(group, each, given[each.order_id], clock) for each in its_orders)


def _one(group: Group, order: Order, share: Share, clock: Clock) -> bool:
    """Whether the order is dealt with. One that no longer waits was so before, or is by now."""
    if order.order_state is not OrderState.PAID:
        return True
    try:
        if share.gets_goods:
            _let_ship(group, order, share, clock)
        else:
            _give_all_back(order, clock)
    except Changed:  # a refund was asked for, or decided, meanwhile; or another run was quicker
        return orders.get(order.order_id).order_state is not OrderState.PAID
    except Refusal:
        return False
    return True


def _let_ship(group: Group, order: Order, share: Share, clock: Clock) -> None:
    now = clock.now()
    granted = [
        new_refund(order, Cause(grant.why), now=now, amount_fen=grant.amount_fen, ends_order=False)
        for grant in share.grants
    ]
    leader_id = group.leader_id if order.pickup is None else order.pickup.leader_id
    earns = share.bonus_fen > 0 and leader_id != order.member_id
    for attempt in range(_MOST_CODES):
        code = None
        if order.pickup is not None:
            code = pickup_code(order.order_id, order.member_id, attempt)
        writes = WriteSet()
        refundable.let_ship(
            writes,
            order,
            share,
            refund_ids=[refund.refund_id for refund in granted],
            leader_bonus=LeaderBonus(leader_id, share.bonus_fen) if earns else None,
            pickup_code=code,
            ships_by=group.ships_by,
            due_at=after(now, REACTION_SECONDS),
        )
        for refund in granted:
            refunds.request(writes, refund)
        if code is not None and order.pickup is not None:
            stations.issue_code(writes, order.pickup.station_id, code, order.order_id)
        with suppress(CodeTaken):  # another order at the station has these digits
            return writes.commit()
    raise TryAgain(f"No pick-up code is free for {order.order_id}.")


def _give_all_back(order: Order, clock: Clock) -> None:
    now = clock.now()
    refund = new_refund(order, Cause.DRAW_LOST, now=now)
    writes = WriteSet()
    refundable.begin_ending(writes, order, refund.refund_id, units_back_at=now)
    refunds.request(writes, refund)
    give_back(writes, order, DRAW_LOST, now=now)
    writes.commit()


def _finish(group: Group, units_sold: int, *, now: datetime) -> None:
    """The group is dealt with, and the campaign's sales figure grows once. Who has dealt need not
    be told of the draw any more.
    """
    writes = WriteSet()
    drawn_at = now if group.draw_id is not None else None
    groups.finish(writes, group.group_id, GroupState.COMPLETE, drawn_at=drawn_at)  # guard: not yet
    figures_key = catalog.figures_key(group.campaign_id, group.crowded_part)
    catalog.count_sold(writes, figures_key, units_sold)
    try:
        writes.commit()
    except Changed:
        return
