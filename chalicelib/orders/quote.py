"""Quote a purchase (试算): what it would cost, and whether it would be refused now. Writes
nothing, promises nothing.

Placing decides again in its commit.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState
from chalicelib.groups import store as groups
from chalicelib.groups.errors import AlreadyJoined, CampaignNotLive, NewcomersOnly
from chalicelib.kit.clock import Clock
from chalicelib.kit.counters import LimitRow, limit_row_key
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key
from chalicelib.members import store as members
from chalicelib.orders.errors import AddressNotServed, LimitReached
from chalicelib.orders.model import campaign_limit_key
from chalicelib.orders.price import Price, is_served, price
from chalicelib.orders.purchase import price_in
from chalicelib.orders.schemas import QuoteBody
from chalicelib.rules.leader import is_too_much_to_be_free
from chalicelib.rules.newcomers import must_be_new
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.store import stock_key
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import refusal_to_use
from chalicelib.vouchers.store import VoucherRow


@dataclass(frozen=True)
class Quote:
    """The price, and the code of what stands in the way, if anything does."""

    price: Price
    refusal_code: str | None


def quote(asked: QuoteBody, member_id: str, *, clock: Clock) -> Quote:
    """Raises NotFound for unknown SKUs, campaigns and groups; every other refusal comes as its
    code.
    """
    sku_key = catalog.sku_key(asked.sku_id)
    units_key = stock_key(asked.sku_id)
    voucher_key = _voucher_key(asked, member_id)
    found = read(sku_key, units_key, voucher_key)
    sku = catalog.sku_of(found.find(sku_key))
    if sku is None:
        raise NotFound("There is no such SKU.")
    now = clock.now()
    campaign, refusal = _offer(asked, member_id, now=now)
    freight_key = catalog.freight_key(sku.merchant_id)
    limit_key = _limit_key(campaign, member_id)
    found_too = read(freight_key, limit_key)
    freight = catalog.freight_of(found_too.find(freight_key), sku.merchant_id)
    units = found.find(units_key)
    used = found_too.find(limit_key) if limit_key is not None else None
    is_free = False
    if voucher_key is not None and campaign is not None:
        voucher = vouchers.voucher_of(found.find(voucher_key))
        not_valid = refusal_to_use(voucher, campaign, asked.quantity, now=now)
        is_free = not_valid is None
        refusal = refusal or not_valid
    if refusal is None and asked.address and not is_served(freight, asked.address.province):
        refusal = AddressNotServed()
    if refusal is None and (units is None or units.units_left < asked.quantity):
        refusal = OutOfStock()
    opens = asked.group_id is None
    if refusal is None and campaign is not None and opens:
        too_much = is_too_much_to_be_free(campaign, asked.quantity)
        refusal = LimitReached() if too_much else None
    if refusal is None and campaign is not None and campaign.per_member_limit is not None:
        already = int(used.used or 0) if used is not None else 0
        if already + asked.quantity > campaign.per_member_limit:
            refusal = LimitReached()
    unit_price_fen = price_in(campaign, asked.sku_id) if campaign else sku.solo_price_fen
    priced = price(unit_price_fen, asked.quantity, freight, free=is_free)
    return Quote(priced, refusal.code if refusal is not None else None)


def _offer(
    asked: QuoteBody, member_id: str, *, now: datetime
) -> tuple[Campaign | None, Refusal | None]:
    """The campaign whose price applies (a running group keeps its own), and why it cannot be had
    now.
    """
    if asked.group_id is not None:
        return _offer_of_group(asked.group_id, member_id, now=now)
    if asked.campaign_id is None:
        return None, None
    campaign_key = catalog.campaign_key(asked.campaign_id)
    standing = catalog.standing_of(read(campaign_key).find(campaign_key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    live = standing.state(now) is CampaignState.LIVE
    return standing.campaign, None if live else CampaignNotLive()


def _offer_of_group(
    group_id: str, member_id: str, *, now: datetime
) -> tuple[Campaign | None, Refusal | None]:
    group_key, seat_key = groups.group_key(group_id), groups.seat_key(group_id, member_id)
    found = read(group_key, seat_key)
    group = groups.group_of(found.find(group_key))
    if group is None:
        raise NotFound("There is no such group.")
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    buyer_key = members.buyer_key(member_id)
    found_too = read(revision_key, buyer_key)
    campaign = catalog.revision_of(found_too.find(revision_key))
    refusal = groups.refusal_to_join(group, now=now)
    if found.find(seat_key) is not None:
        refusal = AlreadyJoined()
    if refusal is None and campaign is not None and must_be_new(campaign.rules, is_leader=False):
        refusal = None if members.is_new(found_too.find(buyer_key)) else NewcomersOnly()
    return campaign, refusal


def _voucher_key(asked: QuoteBody, member_id: str) -> Key[VoucherRow] | None:
    return vouchers.voucher_key(member_id, asked.voucher_id) if asked.voucher_id else None


def _limit_key(campaign: Campaign | None, member_id: str) -> Key[LimitRow] | None:
    if campaign is None or campaign.per_member_limit is None:
        return None
    return limit_row_key(campaign_limit_key(campaign.campaign_id, member_id))
