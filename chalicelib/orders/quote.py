"""Quote a purchase (试算): what it would cost, and whether it would be refused now. Writes
nothing, promises nothing.

Placing decides again in its commit.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState, Freight
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.errors import (
    AlreadyJoined,
    CampaignChanged,
    CampaignNotLive,
    GroupOver,
    NewcomersOnly,
)
from chalicelib.groups.model import Group, crowd_shard_of, new_crowd
from chalicelib.kit.clock import Clock
from chalicelib.kit.counters import LimitRow, limit_row_key
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.errors import AccountBlocked
from chalicelib.orders.errors import AddressNotServed, LimitReached
from chalicelib.orders.model import campaign_limit_key, crowd_shard_id
from chalicelib.orders.price import Price, is_served, price
from chalicelib.orders.purchase import price_in, refuse_wrong_place, wrong
from chalicelib.orders.schemas import QuoteBody
from chalicelib.rules.allotment import takes_stock
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.leader import is_too_much_to_be_free
from chalicelib.rules.model import Rules
from chalicelib.rules.newcomers import must_be_new
from chalicelib.stations import store as stations
from chalicelib.stations.errors import StationClosed
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.store import StockRow, units_in, units_keys
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import refusal_to_use
from chalicelib.vouchers.store import VoucherRow


@dataclass(frozen=True)
class Quote:
    """The price, and the code of what stands in the way, if anything does."""

    price: Price
    refusal_code: str | None


@dataclass(frozen=True)
class _Offer:
    """The campaign whose price applies (a running group keeps its own; None: bought alone), why it
    cannot be had now, and where all of its group is fetched.
    """

    campaign: Campaign | None = None
    refusal: Refusal | None = None
    station_id: str | None = None

    @property
    def rules(self) -> Rules:
        return self.campaign.rules if self.campaign is not None else Rules()


def quote(asked: QuoteBody, member_id: str, *, clock: Clock) -> Quote:
    """Raises NotFound for unknown SKUs, campaigns and groups, InvalidRequest when it says where it
    goes in another way than the campaign asks for; every other refusal comes as its code.
    """
    sku_key = catalog.sku_key(asked.sku_id)
    voucher_key = _voucher_key(asked, member_id)
    member_key = members.profile_key(member_id)
    found = read(sku_key, voucher_key, member_key)
    sku = catalog.sku_of(found.find(sku_key))
    if sku is None:
        raise NotFound("There is no such SKU.")
    now = clock.now()
    offer = _offer(asked, member_id, now=now)
    _refuse_wrong_place(asked, offer)
    campaign = offer.campaign
    is_blocked = standing.is_blocked(found.find(member_key))
    refusal = AccountBlocked() if is_blocked else offer.refusal
    is_free = False
    if voucher_key is not None and campaign is not None:
        voucher = vouchers.voucher_of(found.find(voucher_key))
        not_valid = refusal_to_use(voucher, campaign, asked.quantity, now=now)
        is_free = not_valid is None
        refusal = refusal or not_valid
    freight_key = catalog.freight_key(sku.merchant_id)
    station_key = stations.station_key(asked.station_id) if asked.station_id is not None else None
    limit_key, stock_keys = _limit_key(campaign, member_id), _stock_keys(asked, campaign)
    found_too = read(freight_key, station_key, limit_key, *stock_keys)
    freight = catalog.freight_of(found_too.find(freight_key), sku.merchant_id)
    refusal = (
        refusal
        or _refusal_to_send(asked, freight, found_too)
        or _refusal_of_units(asked, stock_keys, found_too)
        or _refusal_of_limit(asked, campaign, limit_key, found_too)
    )
    unit_price_fen = price_in(campaign, asked.sku_id) if campaign else sku.solo_price_fen
    sent = freight if not offer.rules.stations else Freight(merchant_id=sku.merchant_id)
    priced = price(unit_price_fen, asked.quantity, sent, free=is_free)
    return Quote(priced, refusal.code if refusal is not None else None)


def _offer(asked: QuoteBody, member_id: str, *, now: datetime) -> _Offer:
    if asked.group_id is not None:
        return _offer_of_group(groups.find(asked.group_id), member_id, now=now)
    if asked.campaign_id is None:
        return _Offer()
    campaign_key = catalog.campaign_key(asked.campaign_id)
    standing = catalog.standing_of(read(campaign_key).find(campaign_key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    campaign = standing.campaign
    if standing.state(now) is not CampaignState.LIVE:
        return _Offer(campaign, CampaignNotLive())
    if crowd_of(campaign.rules) is not None:
        return _offer_of_crowd(campaign, asked, member_id, now=now)
    return _Offer(campaign)


def _offer_of_crowd(
    campaign: Campaign, asked: QuoteBody, member_id: str, *, now: datetime
) -> _Offer:
    """Of the crowd that whoever opens a group comes to, or of the next."""
    crowd_rule = crowd_of(campaign.rules)
    assert crowd_rule is not None  # noqa: S101
    station_id = asked.station_id if campaign.rules.stations else None
    round_key = crowds.round_key(campaign.campaign_id, station_id)
    new = new_crowd(campaign, crowd_rule, member_id, station_id=station_id, now=now)
    new_key = groups.group_key(new.group_id)
    found = read(round_key, new_key)
    under_way = crowds.round_of(found.find(round_key))
    if under_way is not None and not under_way.is_over(now):
        offer = _offer_of_group(under_way, member_id, now=now)
        its_price_fen = offer.campaign.price_fen(asked.sku_id) if offer.campaign else None
        if its_price_fen != campaign.price_fen(asked.sku_id):
            return replace(offer, refusal=offer.refusal or CampaignChanged())
        return offer
    if found.find(new_key) is not None:
        return _Offer(campaign, GroupOver())  # it was called off before its cut-off
    return _Offer(campaign, _refusal_to_member(campaign.rules, member_id))


def _offer_of_group(group: Group | None, member_id: str, *, now: datetime) -> _Offer:
    if group is None or group.crowd_id is not None:
        raise NotFound("There is no such group.")
    seat_key = groups.seat_key(_seat_group_id(group, member_id), member_id)
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    found = read(seat_key, revision_key)
    campaign = catalog.revision_of(found.find(revision_key))
    refusal: Refusal | None
    if found.find(seat_key) is not None:
        refusal = AlreadyJoined()
    else:
        has_room = replace(group, seats_free=1) if group.is_crowd else group
        refusal = groups.refusal_to_join(has_room, now=now)
    if refusal is None and campaign is not None:
        refusal = _refusal_to_member(campaign.rules, member_id)
    return _Offer(campaign, refusal, group.station_id)


def _seat_group_id(group: Group, member_id: str) -> str:
    """Where a member's only seat is; a round has one for every order, under the order's id."""
    if not group.is_crowd or group.seats_by_order:
        return group.group_id
    return crowd_shard_id(group.group_id, crowd_shard_of(group, member_id, ""))


def _refusal_to_member(rules: Rules, member_id: str) -> Refusal | None:
    """Read only where the rules ask for newcomers."""
    if not must_be_new(rules, is_leader=False):
        return None
    key = members.buyer_key(member_id)
    return None if members.is_new(read(key).find(key)) else NewcomersOnly()


def _refuse_wrong_place(asked: QuoteBody, offer: _Offer) -> None:
    refuse_wrong_place(offer.rules, asked.address, asked.station_id)
    if offer.station_id is not None and asked.station_id not in (None, offer.station_id):
        raise wrong("station_id", f"This group is fetched at station {offer.station_id}.")


def _refusal_to_send(asked: QuoteBody, freight: Freight, found: Found) -> Refusal | None:
    """Where it is to go, if that was said."""
    if asked.address is not None and not is_served(freight, asked.address.province):
        return AddressNotServed()
    if asked.station_id is None:
        return None
    station = stations.station_of(found.find(stations.station_key(asked.station_id)))
    return StationClosed() if station is None or station.closed else None


def _stock_keys(asked: QuoteBody, campaign: Campaign | None) -> list[Key[StockRow]]:
    """Where the units lie that it would take; nowhere if none need to be there."""
    if campaign is None:
        return units_keys(asked.sku_id, "", None)
    if not takes_stock(campaign.rules):
        return []
    return units_keys(asked.sku_id, campaign.campaign_id, campaign.stock_shards)


def _refusal_of_units(asked: QuoteBody, keys: list[Key[StockRow]], found: Found) -> Refusal | None:
    if keys and units_in(found, keys) < asked.quantity:
        return OutOfStock()
    return None


def _refusal_of_limit(
    asked: QuoteBody, campaign: Campaign | None, key: Key[LimitRow] | None, found: Found
) -> Refusal | None:
    if campaign is None:
        return None
    if asked.group_id is None and is_too_much_to_be_free(campaign, asked.quantity):
        return LimitReached()
    if campaign.per_member_limit is None or key is None:
        return None
    row = found.find(key)
    already = int(row.used or 0) if row is not None else 0
    return LimitReached() if already + asked.quantity > campaign.per_member_limit else None


def _voucher_key(asked: QuoteBody, member_id: str) -> Key[VoucherRow] | None:
    return vouchers.voucher_key(member_id, asked.voucher_id) if asked.voucher_id else None


def _limit_key(campaign: Campaign | None, member_id: str) -> Key[LimitRow] | None:
    if campaign is None or campaign.per_member_limit is None:
        return None
    return limit_row_key(campaign_limit_key(campaign.campaign_id, member_id))
