"""Join a group (参团): claim a seat, place the order, reserve stock, in one commit.

Calls WeChat only to expire an overdue hold when the group looks full; the route asks for payment
after this returns, so that a slow gateway cannot hold a seat half-taken.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups import store as groups
from chalicelib.groups.errors import AlreadyJoined, GroupFull, NewcomersOnly
from chalicelib.groups.model import Group, SeatState
from chalicelib.groups.open import seat_for
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.members.store import MemberRow
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.errors import AlreadyPlaced
from chalicelib.orders.give_back import count_against_limit
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.purchase import (
    Placed,
    Purchase,
    buyer,
    draft,
    inviters_key,
    price_in,
    read_again,
    relations,
    replay,
    sku_or_refuse,
    twin_or,
)
from chalicelib.rules.newcomers import must_be_new
from chalicelib.stock import store as stock

_OTHER_GROUPS = 3


def join(group_id: str, purchase: Purchase, *, clock: Clock, wechat_pay: WechatPay) -> Placed:
    """Raises NotFound, GroupNotOpen, GroupFull, GroupOver, AlreadyJoined, AddressNotServed,
    NewcomersOnly, OutOfStock, LimitReached, IdempotencyConflict.

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
    order_key = orders.order_key(purchase.order_id)
    member_key = members.profile_key(purchase.caller.member_id)
    referral_key = members.referral_key(purchase.caller.member_id)
    buyer_key = members.buyer_key(purchase.caller.member_id)
    sku_key = catalog.sku_key(purchase.sku_id)
    group_key = groups.group_key(group_id)
    seat_key = groups.seat_key(group_id, purchase.caller.member_id)
    settings_key = catalog.settings_key()
    of_member = (member_key, referral_key, buyer_key, seat_key)
    found = read(order_key, *of_member, sku_key, group_key, settings_key)
    before = replay(orders.order_of(found.find(order_key)), purchase)
    if before is not None:
        return before
    now = clock.now()
    group = groups.group_of(found.find(group_key))
    if group is None:
        raise NotFound("There is no such group.")
    seat = groups.seat_of(found.find(seat_key))
    refusal = groups.refusal_to_join(group, now=now)
    if seat is not None:
        refusal = AlreadyJoined(context={"order_id": seat.order_id})
    if refusal is not None:
        return twin_or(refusal, purchase)
    settings = catalog.settings_of(found.find(settings_key))
    sku = sku_or_refuse(catalog.sku_of(found.find(sku_key)))
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    freight_key = catalog.freight_key(sku.merchant_id)
    referral = members.referral_of(found.find(referral_key))
    found_too = read(revision_key, freight_key, inviters_key(referral))
    campaign = catalog.revision_of(found_too.find(revision_key))
    if campaign is None:
        raise NotFound("The group's campaign is gone.")

    is_for_newcomers = must_be_new(campaign.rules, is_leader=False)
    if is_for_newcomers and not members.is_new(found.find(buyer_key)):
        return twin_or(_not_new(found.find(buyer_key)), purchase)
    member = buyer(members.member_of(found.find(member_key)))
    order = draft(
        purchase,
        member=member,
        relations=relations(referral, found_too),
        sku=sku,
        freight=catalog.freight_of(found_too.find(freight_key), sku.merchant_id),
        settings=settings,
        unit_price_fen=price_in(campaign, purchase.sku_id),
        now=now,
        pay_deadline=_pay_deadline(group, now, settings.pay_window_seconds),
        has_paid_before=members.has_paid(found.find(buyer_key)),
        group_id=group_id,
        campaign=campaign,
    )
    return _commit(group, order, member, campaign, purchase)


def _commit(
    group: Group, order: Order, member: Member, campaign: Campaign, purchase: Purchase
) -> Placed:
    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet -> AlreadyPlaced
    members.must_stay(writes, order.member_id)  # guard: not leaving -> NotSignedIn
    # guards: forming, not over, a seat free, not seated -> GroupFull, GroupOver, AlreadyJoined
    seat = seat_for(order, member, is_leader=False)
    groups.claim_seat(writes, group, seat, now=order.placed_at)
    if must_be_new(campaign.rules, is_leader=False):
        # guard: never paid, and about to pay for nothing else -> NewcomersOnly
        members.claim_newcomer(writes, order.member_id, order.order_id, refusal=_not_new)
    elif order.counts_as_first:
        members.count_first_order(writes, order.member_id, order.order_id)
    stock.reserve(writes, order.sku_id, order.quantity)  # guard: enough left -> OutOfStock
    if campaign.per_member_limit is not None:
        count_against_limit(writes, order, campaign.per_member_limit)  # -> LimitReached
    try:
        writes.commit()
    except AlreadyPlaced:
        return read_again(purchase)
    return Placed(order, replayed=False)


def _not_new(row: MemberRow | None) -> NewcomersOnly:
    """The refusal. An order of theirs that is not paid yet can be cancelled, and is named."""
    last_id = row.counted_order_id if row is not None and not members.has_paid(row) else None
    last = orders.find(last_id) if last_id is not None else None
    if last is None or last.order_state is not OrderState.AWAITING_PAYMENT:
        return NewcomersOnly()
    return NewcomersOnly(
        "An order of yours waits for its payment; cancel it to join this group.",
        context={"order_id": last.order_id},
    )


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
    others, _ = groups.joinable(group.campaign_id, now=now, limit=_OTHER_GROUPS + 1)
    ids = [other.group_id for other in others if other.group_id != group_id]
    return GroupFull(context={"group_ids": ids[:_OTHER_GROUPS]})
