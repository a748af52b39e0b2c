"""Join a group (参团): claim a seat, place the order, reserve stock, in one commit.

Calls WeChat only to expire an overdue hold when the group looks full; the route asks for payment
after this returns, so that a slow gateway cannot hold a seat half-taken.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups import joinable
from chalicelib.groups import store as groups
from chalicelib.groups.enter_crowd import enter
from chalicelib.groups.errors import AlreadyJoined, GroupFull
from chalicelib.groups.model import Group, SeatState
from chalicelib.groups.not_new import not_new
from chalicelib.groups.open import seat_for
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.errors import AlreadyPlaced, TooManyUnpaid
from chalicelib.orders.give_back import count_against_limit
from chalicelib.orders.hold_unpaid import hold_unpaid
from chalicelib.orders.model import Order
from chalicelib.orders.purchase import (
    Placed,
    Purchase,
    Reading,
    draft,
    price_in,
    read_again,
    read_first,
    read_then,
    twin_or,
)
from chalicelib.orders.take_stock import allotment_keys, find_units, take_stock
from chalicelib.rules.newcomers import must_be_new
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.model import Taking

_OTHER_GROUPS = 3


def join(group_id: str, purchase: Purchase, *, clock: Clock, wechat_pay: WechatPay) -> Placed:
    """Raises NotFound, GroupNotOpen, GroupFull, GroupOver, AlreadyJoined, AddressNotServed,
    StationClosed, NewcomersOnly, OutOfStock, LimitReached, TooManyUnpaid, InvalidRequest,
    IdempotencyConflict. WishesUnjudged: see orders/judge_wishes.py.
    """
    try:
        return _join(group_id, purchase, clock=clock)
    except GroupFull as full:
        if not _expire_one_hold(group_id, clock=clock, wechat_pay=wechat_pay):
            raise _with_other_groups(group_id, now=clock.now()) from full
    try:
        return _join(group_id, purchase, clock=clock)
    except GroupFull as full:
        raise _with_other_groups(group_id, now=clock.now()) from full


def _join(group_id: str, purchase: Purchase, *, clock: Clock) -> Placed:
    return until_settled(lambda: _attempt(group_id, purchase, clock))


def _attempt(group_id: str, purchase: Purchase, clock: Clock) -> Placed:
    group_key = groups.group_key(group_id)
    seat_key = groups.seat_key(group_id, purchase.caller.member_id)
    reading = read_first(purchase, group_key, seat_key)
    if reading.before is not None:
        return reading.before
    now = clock.now()
    group = groups.group_of(reading.found.find(group_key))
    if group is None or group.crowd_id is not None:
        raise NotFound("There is no such group.")
    if group.is_crowd:
        return enter(group, reading, now)
    seat = groups.seat_of(reading.found.find(seat_key))
    refusal = groups.refusal_to_join(group, now=now)
    if seat is not None:
        refusal = AlreadyJoined(context={"order_id": seat.order_id})
    if refusal is not None:
        return twin_or(refusal, purchase)
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    keys = allotment_keys(group.campaign_id, purchase.sku_id, group.stock_shards)
    found_too = read_then(reading, revision_key, *keys)
    campaign = catalog.revision_of(found_too.find(revision_key))
    if campaign is None:
        raise NotFound("The group's campaign is gone.")
    if must_be_new(campaign.rules, is_leader=False) and not members.is_new(reading.buyer_row):
        return twin_or(not_new(reading.buyer_row), purchase)
    order = draft(
        reading,
        found_too,
        unit_price_fen=price_in(campaign, purchase.sku_id),
        now=now,
        pay_deadline=_pay_deadline(group, now, reading.settings.pay_window_seconds),
        group_id=group_id,
        campaign=campaign,
    )
    try:
        order, taking = find_units(order, keys, found_too)
    except OutOfStock as out_of_stock:
        return twin_or(out_of_stock, purchase)
    return _commit(group, order, taking, campaign, reading)


def _commit(
    group: Group, order: Order, taking: Taking | None, campaign: Campaign, reading: Reading
) -> Placed:
    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet -> AlreadyPlaced
    try:
        hold_unpaid(writes, order, reading)  # guard: not leaving -> NotSignedIn; few unpaid
    except TooManyUnpaid as refusal:
        return twin_or(refusal, reading.purchase)
    # guards: forming, not over, a seat free, not seated -> GroupFull, GroupOver, AlreadyJoined
    seat = seat_for(order, reading.member, is_leader=False)
    groups.claim_seat(writes, group, seat, now=order.placed_at)
    if must_be_new(campaign.rules, is_leader=False):
        # guard: never paid, and about to pay for nothing else -> NewcomersOnly
        members.claim_newcomer(writes, order.member_id, order.order_id, refusal=not_new)
    elif order.counts_as_first:
        members.count_first_order(writes, order.member_id, order.order_id)
    take_stock(writes, order, taking)  # guard: enough left -> OutOfStock, Changed
    if campaign.per_member_limit is not None:
        count_against_limit(writes, order, campaign.per_member_limit)  # -> LimitReached
    try:
        writes.commit()
    except AlreadyPlaced:
        return read_again(reading.purchase)
    return Placed(order, replayed=False)


def _pay_deadline(group: Group, now: datetime, pay_window_seconds: int) -> datetime:
    """The usual window, never past the group's own end."""
    window_ends = after(now, pay_window_seconds)
    return window_ends if group.expires_at is None else min(window_ends, group.expires_at)


def _expire_one_hold(group_id: str, *, clock: Clock, wechat_pay: WechatPay) -> bool:
    """Free one seat whose time to pay is over, as a commit of its own. False: there is none, or
    WeChat is silent.
    """
    now = clock.now()
    _, seats = groups.find_with_seats(group_id)
    for seat in seats:
        if seat.seat_state is SeatState.HELD and seat.pay_deadline <= now:
            try:
                close_unpaid(seat.order_id, "pay_deadline", clock=clock, wechat_pay=wechat_pay)
            except Refusal:
                continue
            return True
    return False


def _with_other_groups(group_id: str, *, now: datetime) -> GroupFull:
    """The refusal, with other groups of the campaign that can be joined instead."""
    group = groups.get(group_id)
    is_crowded = group.stock_shards is not None
    others, _ = joinable.page(
        group.campaign_id, is_crowded=is_crowded, now=now, limit=_OTHER_GROUPS + 1
    )
    ids = [other.group_id for other in others if other.group_id != group_id]
    return GroupFull(context={"group_ids": ids[:_OTHER_GROUPS]})
