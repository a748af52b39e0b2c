"""Open a group (开团): a pending group, its leader's seat, the order and its stock, in one commit.

The group forms when the leader's payment arrives; with a free-leader voucher there is none to wait
for. Calls nobody outside; the route asks WeChat for payment afterwards.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState
from chalicelib.draws.announce import announce_for_group
from chalicelib.draws.seeds import NO_SEEDS, Seeds
from chalicelib.groups import store as groups
from chalicelib.groups.errors import CampaignNotLive
from chalicelib.groups.model import Seat, SeatState, new_group
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotFound
from chalicelib.kit.ids import derived_id
from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AlreadyPlaced, LimitReached
from chalicelib.orders.give_back import count_against_limit
from chalicelib.orders.model import Order
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
from chalicelib.rules.leader import is_too_much_to_be_free
from chalicelib.stock import store as stock
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import refusal_to_use
from chalicelib.vouchers.store import VoucherRow


def open_group(
    campaign_id: str, purchase: Purchase, *, clock: Clock, seeds: Seeds = NO_SEEDS
) -> Placed:
    """Raises NotFound, CampaignNotLive, AddressNotServed, OutOfStock, LimitReached,
    VoucherNotValid, IdempotencyConflict; DrawsOff while draws are switched off.
    """
    order_key = orders.order_key(purchase.order_id)
    member_key = members.profile_key(purchase.caller.member_id)
    referral_key = members.referral_key(purchase.caller.member_id)
    buyer_key = members.buyer_key(purchase.caller.member_id)
    voucher_key = _voucher_key(purchase)
    sku_key = catalog.sku_key(purchase.sku_id)
    campaign_key = catalog.campaign_key(campaign_id)
    settings_key = catalog.settings_key()
    of_member = (member_key, referral_key, buyer_key, voucher_key)
    found = read(order_key, *of_member, sku_key, campaign_key, settings_key)
    before = replay(orders.order_of(found.find(order_key)), purchase)
    if before is not None:
        return before
    now = clock.now()
    standing = catalog.standing_of(found.find(campaign_key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    if standing.state(now) is not CampaignState.LIVE:
        raise CampaignNotLive()
    campaign = standing.campaign
    if voucher_key is not None:
        voucher = vouchers.voucher_of(found.find(voucher_key))
        refusal = refusal_to_use(voucher, campaign, purchase.quantity, now=now)
        if refusal is not None:
            return twin_or(refusal, purchase)
    if is_too_much_to_be_free(campaign, purchase.quantity):
        raise LimitReached("Without per_member_limit a free leader takes one unit.")
    unit_price_fen = price_in(campaign, purchase.sku_id)
    sku = sku_or_refuse(catalog.sku_of(found.find(sku_key)))
    settings = catalog.settings_of(found.find(settings_key))
    freight_key = catalog.freight_key(sku.merchant_id)
    referral = members.referral_of(found.find(referral_key))
    found_too = read(freight_key, inviters_key(referral))

    leader = buyer(members.member_of(found.find(member_key)))
    order = draft(
        purchase,
        member=leader,
        relations=relations(referral, found_too),
        sku=sku,
        freight=catalog.freight_of(found_too.find(freight_key), sku.merchant_id),
        settings=settings,
        unit_price_fen=unit_price_fen,
        now=now,
        pay_deadline=min(after(now, settings.pay_window_seconds), campaign.ends_at),
        has_paid_before=members.has_paid(found.find(buyer_key)),
        group_id=derived_id("grp", purchase.order_id),
        campaign=campaign,
    )
    return _commit(order, leader, campaign, purchase, seeds)


def _commit(
    order: Order, leader: Member, campaign: Campaign, purchase: Purchase, seeds: Seeds
) -> Placed:
    group_id, now = str(order.group_id), order.placed_at
    writes = WriteSet()
    orders.place(writes, order)  # guard: not placed yet -> AlreadyPlaced
    members.must_stay(writes, order.member_id)  # guard: not leaving -> NotSignedIn
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
    stock.reserve(writes, order.sku_id, order.quantity)  # guard: enough left -> OutOfStock
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
