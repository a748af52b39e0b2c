"""Open a group (开团): a pending group, its leader's seat, the order and its stock, in one commit.

The group forms when the leader's payment arrives; with a free-leader voucher there is none to wait
for. Calls nobody outside; the route asks WeChat for payment afterwards.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState
from chalicelib.draws.announce import announce_for_group
from chalicelib.draws.seeds import NO_SEEDS, Seeds
from chalicelib.groups import store as groups
from chalicelib.groups.enter_crowd import open_or_enter
from chalicelib.groups.errors import CampaignNotLive
from chalicelib.groups.model import Seat, SeatState, new_group
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotFound
from chalicelib.kit.ids import derived_id
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced, LimitReached, TooManyUnpaid
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
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.leader import is_too_much_to_be_free
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.model import Taking
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import refusal_to_use
from chalicelib.vouchers.store import VoucherRow


def open_group(
    campaign_id: str, purchase: Purchase, *, clock: Clock, seeds: Seeds = NO_SEEDS
) -> Placed:
    """Raises NotFound, CampaignNotLive, AddressNotServed, StationClosed, OutOfStock, LimitReached,
    TooManyUnpaid, VoucherNotValid, InvalidRequest, IdempotencyConflict; DrawsOff while draws are
    switched off. For a crowd also what joining raises. WishesUnjudged: see orders/judge_wishes.py.
    """
    return until_settled(lambda: _attempt(campaign_id, purchase, clock, seeds))


def _attempt(campaign_id: str, purchase: Purchase, clock: Clock, seeds: Seeds) -> Placed:
    voucher_key = _voucher_key(purchase)
    campaign_key = catalog.campaign_key(campaign_id)
    reading = read_first(purchase, campaign_key, voucher_key)
    if reading.before is not None:
        return reading.before
    now = clock.now()
    standing = catalog.standing_of(reading.found.find(campaign_key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    if standing.state(now) is not CampaignState.LIVE:
        raise CampaignNotLive()
    campaign = standing.campaign
    if voucher_key is not None:
        voucher = vouchers.voucher_of(reading.found.find(voucher_key))
        refusal = refusal_to_use(voucher, campaign, purchase.quantity, now=now)
        if refusal is not None:
            return twin_or(refusal, purchase)
    if crowd_of(campaign.rules) is not None:
        return open_or_enter(campaign, reading, now)
    if is_too_much_to_be_free(campaign, purchase.quantity):
        raise LimitReached("Without per_member_limit a free leader takes one unit.")
    return _open(campaign, reading, seeds, now)


def _open(campaign: Campaign, reading: Reading, seeds: Seeds, now: datetime) -> Placed:
    purchase, settings = reading.purchase, reading.settings
    unit_price_fen = price_in(campaign, purchase.sku_id)
    allotment = campaign.rules.allotment
    shards = allotment.shards if allotment is not None else None
    keys = allotment_keys(campaign.campaign_id, purchase.sku_id, shards)
    found_too = read_then(reading, *keys)
    order = draft(
        reading,
        found_too,
        unit_price_fen=unit_price_fen,
        now=now,
        pay_deadline=min(after(now, settings.pay_window_seconds), campaign.ends_at),
        group_id=derived_id("grp", purchase.order_id),
        campaign=campaign,
    )
    try:
        order, taking = find_units(order, keys, found_too)
    except OutOfStock as refusal:
        return twin_or(refusal, purchase)
    return _commit(order, taking, reading, campaign, seeds)


def _commit(
    order: Order, taking: Taking | None, reading: Reading, campaign: Campaign, seeds: Seeds
) -> Placed:
    purchase, leader = reading.purchase, reading.member
    group_id, now = str(order.group_id), order.placed_at
    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet -> AlreadyPlaced
    try:
        hold_unpaid(writes, order, reading)  # guard: not leaving -> NotSignedIn; few unpaid
    except TooManyUnpaid as refusal:
        return twin_or(refusal, purchase)
    draw_id = None
    if campaign.rules.draw is not None:
        draw_id = announce_for_group(
            writes, campaign.rules.draw, campaign.campaign_id, group_id, seeds=seeds, now=now
        )
    if order.voucher_id is not None:  # guard: not used or expired -> VoucherNotValid
        vouchers.use(writes, order.member_id, order.voucher_id, order.order_id, now=now)
    pays = order.voucher_id is None
    group = new_group(
        group_id, campaign, order.member_id, now=now, leader_pays=pays, draw_id=draw_id
    )
    groups.open_group(writes, group, seat_for(order, leader, is_leader=True))
    take_stock(writes, order, taking)  # guard: enough left -> OutOfStock, Changed
    if order.counts_as_first:
        members.count_first_order(writes, order.member_id, order.order_id)
    if campaign.per_member_limit is not None:
        count_against_limit(writes, order, campaign.per_member_limit)  # -> LimitReached
    try:
        writes.commit()
    except AlreadyPlaced:
        return read_again(purchase)
    return Placed(order, replayed=False)


def _voucher_key(purchase: Purchase) -> Key[VoucherRow] | None:
    if purchase.voucher_id is None:
        return None
    return vouchers.voucher_key(purchase.caller.member_id, purchase.voucher_id)


def seat_for(order: Order, member: Member, *, is_leader: bool) -> Seat:
    """The seat an order holds, with what others may see of the member."""
    return Seat(
        group_id=str(order.group_id),
        member_id=order.member_id,
        order_id=order.order_id,
        seat_state=SeatState.HELD if order.voucher_id is None else SeatState.PAID,
        is_leader=is_leader,
        joined_at=order.placed_at,
        pay_deadline=order.pay_deadline,
        units=order.quantity,
        nickname=member.nickname or "",
        avatar_url=member.avatar_url or "",
    )
