"""Come to a crowd (超级团), or to the round of a daily cut-off: counted on one shard of it, with an
order and its stock, in one commit that writes nothing which all of the crowd would write.

Whoever opens a group of such a campaign comes to the crowd that is under way, or opens the next.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.errors import CampaignChanged, GroupOver
from chalicelib.groups.model import Group, Seat, SeatState, crowd_shard_of, new_crowd
from chalicelib.groups.not_new import not_new
from chalicelib.kit.clock import after
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced, TooManyUnpaid
from chalicelib.orders.give_back import count_against_limit
from chalicelib.orders.hold_unpaid import hold_unpaid
from chalicelib.orders.model import Order
from chalicelib.orders.purchase import (
    Placed,
    Reading,
    draft,
    price_in,
    read_again,
    read_then,
    twin_or,
    wrong,
)
from chalicelib.orders.take_stock import allotment_keys, find_units, take_stock
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.newcomers import must_be_new
from chalicelib.stock.errors import OutOfStock


def open_or_enter(campaign: Campaign, reading: Reading, now: datetime) -> Placed:
    """Raises whatever joining a group does; Changed when somebody opened one meanwhile."""
    crowd_rule = crowd_of(campaign.rules)
    assert crowd_rule is not None  # noqa: S101
    purchase = reading.purchase
    station_id = purchase.station_id if campaign.rules.stations else None
    new = new_crowd(campaign, crowd_rule, purchase.caller.member_id, station_id=station_id, now=now)
    round_key = crowds.round_key(campaign.campaign_id, station_id)
    keys = allotment_keys(campaign.campaign_id, purchase.sku_id, new.stock_shards)
    new_key = groups.group_key(new.group_id)
    found_too = read_then(reading, round_key, new_key, *keys)
    before = crowds.round_of(found_too.find(round_key))
    if before is None or before.is_over(now):
        if found_too.find(new_key) is not None:
            return twin_or(GroupOver(), purchase)  # it was called off before its cut-off
        return _enter(new, campaign, reading, found_too, now, before=before, is_new=True)
    if before.campaign_revision != campaign.revision:
        return enter(before, reading, now, offered=campaign)
    return _enter(before, campaign, reading, found_too, now)


def enter(
    crowd: Group, reading: Reading, now: datetime, *, offered: Campaign | None = None
) -> Placed:
    """Come to this crowd. Raises the same, and NotFound. `offered`: what the campaign says by now
    to whoever did not ask for this crowd; at another price they are told first: CampaignChanged.
    """
    purchase = reading.purchase
    refusal = groups.refusal_to_join(crowd, now=now)
    if refusal is not None:
        return twin_or(refusal, purchase)
    if crowd.station_id is not None and crowd.station_id != purchase.station_id:
        raise wrong("station_id", f"This group is fetched at station {crowd.station_id}.")
    revision_key = catalog.revision_key(crowd.campaign_id, crowd.campaign_revision)
    keys = allotment_keys(crowd.campaign_id, purchase.sku_id, crowd.stock_shards)
    found_too = read_then(reading, revision_key, *keys)
    campaign = catalog.revision_of(found_too.find(revision_key))
    if campaign is None:
        raise NotFound("The group's campaign is gone.")
    sku_id = purchase.sku_id
    if offered is not None and offered.price_fen(sku_id) != campaign.price_fen(sku_id):
        context = {"group_id": crowd.group_id, "group_price_fen": campaign.price_fen(sku_id)}
        return twin_or(CampaignChanged(context=context), purchase)
    return _enter(crowd, campaign, reading, found_too, now)


def _enter(
    crowd: Group,
    campaign: Campaign,
    reading: Reading,
    found_too: Found,
    now: datetime,
    *,
    before: Group | None = None,
    is_new: bool = False,
) -> Placed:
    purchase, member = reading.purchase, reading.member
    if must_be_new(campaign.rules, is_leader=False) and not members.is_new(reading.buyer_row):
        return twin_or(not_new(reading.buyer_row), purchase)
    window_ends = after(now, reading.settings.pay_window_seconds)
    assert crowd.expires_at is not None  # noqa: S101
    order = draft(
        reading,
        found_too,
        unit_price_fen=price_in(campaign, purchase.sku_id),
        now=now,
        pay_deadline=min(window_ends, crowd.expires_at),
        group_id=crowd.group_id,
        campaign=campaign,
    )
    number = crowd_shard_of(crowd, order.member_id, order.order_id)
    collects_until = crowd.expires_at if crowd.seats_by_order else None
    order = replace(order, crowd_shard=number, collects_until=collects_until)
    keys = allotment_keys(crowd.campaign_id, purchase.sku_id, crowd.stock_shards)
    try:
        order, taking = find_units(order, keys, found_too)
    except OutOfStock as refusal:
        return twin_or(refusal, purchase)

    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet -> AlreadyPlaced
    try:
        hold_unpaid(writes, order, reading)  # guard: not leaving -> NotSignedIn; few unpaid
    except TooManyUnpaid as refusal:
        return twin_or(refusal, purchase)
    seat = _seat(order, member)
    if is_new:
        crowds.open_crowd(writes, crowd, seat, number, before=before)
    else:  # guards: forming, not over, not seated -> GroupOver, AlreadyJoined
        shard = replace(crowd, group_id=str(order.seat_group_id))
        groups.claim_seat(writes, shard, seat, now=now)
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
        return read_again(purchase)
    return Placed(order, replayed=False)


def _seat(order: Order, member: Member) -> Seat:
    return Seat(
        group_id=str(order.seat_group_id),
        member_id=order.member_id,
        order_id=order.order_id,
        seat_state=SeatState.HELD,
        is_leader=False,
        joined_at=order.placed_at,
        pay_deadline=order.pay_deadline,
        units=order.quantity,
        sku_id=order.sku_id,
        nickname=member.nickname or "",
        avatar_url=member.avatar_url or "",
    )
