"""What every way of buying has in common: who buys what for whom, the id that makes a repeat find
the first, the drafted order.

Writes nothing. Placing itself is the business of place.py, groups/open.py
and groups/join.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, Freight, Sku
from chalicelib.catalog.settings import Settings
from chalicelib.kit.errors import InvalidRequest, NotFound, Refusal
from chalicelib.kit.ids import fingerprint
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key
from chalicelib.kit.tokens import Caller, NotSignedIn
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.members.store import MemberRow
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AddressNotServed, IdempotencyConflict, WishesUnjudged
from chalicelib.orders.model import (
    Order,
    OrderState,
    Pickup,
    Upline,
    order_id_for,
)
from chalicelib.orders.price import is_served, price
from chalicelib.orders.schemas import Address
from chalicelib.referrals.model import Referral, guide_credited, is_member, uplines_of
from chalicelib.rules.allotment import takes_stock
from chalicelib.rules.custom import faults, filled_in, own_words
from chalicelib.rules.model import Rules
from chalicelib.stations import store as stations
from chalicelib.stations.errors import StationClosed
from chalicelib.stations.model import Station


@dataclass(frozen=True)
class Purchase:
    """One request to buy. `way` names the route and its target, so that a key cannot serve two
    routes. `judged_words`: what WeChat has let pass of what was filled in.
    """

    caller: Caller
    idempotency_key: str
    way: str
    sku_id: str
    quantity: int
    address: Address | None
    remark: str | None = None
    share_code: str | None = None
    voucher_id: str | None = None
    station_id: str | None = None
    custom_fields: Mapping[str, str] | None = None
    judged_words: frozenset[str] = frozenset()

    @property
    def order_id(self) -> str:
        return order_id_for(self.caller.member_id, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        content: Mapping[str, Any] = {
            "way": self.way,
            "sku_id": self.sku_id,
            "quantity": self.quantity,
            "address": self.address.model_dump(exclude_none=True) if self.address else None,
            "remark": self.remark,
            "share_code": self.share_code,
            "voucher_id": self.voucher_id,
            "station_id": self.station_id,
            "custom_fields": dict(self.custom_fields) if self.custom_fields else None,
        }
        # What is left out does not count, so that a field added later changes no old request.
        return fingerprint({name: value for name, value in content.items() if value is not None})


@dataclass(frozen=True)
class Placed:
    """An order in its present state, and whether it was there before this request."""

    order: Order
    replayed: bool


def replay(order: Order | None, purchase: Purchase) -> Placed | None:
    """The first answer, when this request was here before. Raises IdempotencyConflict on other
    content.
    """
    if order is None:
        return None
    if order.request_fingerprint != purchase.fingerprint:
        raise IdempotencyConflict()
    return Placed(order, replayed=True)


def twin_or(refusal: Refusal, purchase: Purchase) -> Placed:
    """The refusal, raised, but for a twin of this request: a batch is not one moment, and it may
    have committed in the middle of it.
    """
    twin = replay(orders.find(purchase.order_id), purchase)
    if twin is None:
        raise refusal
    return twin


def read_again(purchase: Purchase) -> Placed:
    """The order that another request under the same key placed while this one ran."""
    placed = replay(orders.get(purchase.order_id), purchase)
    if placed is None:
        raise NotFound()
    return placed


def price_in(campaign: Campaign, sku_id: str) -> int:
    """The campaign's price for one unit, in fen. Raises NotFound when the SKU is not part of it."""
    price_fen = campaign.price_fen(sku_id)
    if price_fen is None:
        raise NotFound("This SKU is not part of the campaign.")
    return price_fen


@dataclass(frozen=True)
class Reading:
    """What every way of buying reads first, in one batch with whatever it needs itself."""

    purchase: Purchase
    found: Found

    @cached_property
    def before(self) -> Placed | None:
        """The first answer, when this request was here before. Raises IdempotencyConflict."""
        key = orders.order_key(self.purchase.order_id)
        return replay(orders.order_of(self.found.find(key)), self.purchase)

    @cached_property
    def member(self) -> Member:
        """Raises NotSignedIn: a session may outlive its member."""
        member = members.member_of(self.profile_row)
        if member is None:
            raise NotSignedIn("This account no longer exists.")
        return member

    @cached_property
    def profile_row(self) -> MemberRow | None:
        return self.found.find(members.profile_key(self.purchase.caller.member_id))

    @cached_property
    def sku(self) -> Sku:
        """Raises NotFound."""
        sku = catalog.sku_of(self.found.find(catalog.sku_key(self.purchase.sku_id)))
        if sku is None:
            raise NotFound("There is no such SKU.")
        return sku

    @cached_property
    def settings(self) -> Settings:
        return catalog.settings_of(self.found.find(catalog.settings_key()))

    @cached_property
    def buyer_row(self) -> MemberRow | None:
        return self.found.find(members.buyer_key(self.purchase.caller.member_id))

    @cached_property
    def referral(self) -> Referral | None:
        key = members.referral_key(self.purchase.caller.member_id)
        return members.referral_of(self.found.find(key))

    @cached_property
    def station(self) -> Station | None:
        if self.purchase.station_id is None:
            return None
        return stations.station_of(self.found.find(stations.station_key(self.purchase.station_id)))


def read_first(purchase: Purchase, *more: Key[Any] | None) -> Reading:
    """One batched read: the order that may be there already, who buys what, and `more`."""
    member_id, station_id = purchase.caller.member_id, purchase.station_id
    found = read(
        orders.order_key(purchase.order_id),
        members.profile_key(member_id),
        members.referral_key(member_id),
        members.buyer_key(member_id),
        catalog.sku_key(purchase.sku_id),
        catalog.settings_key(),
        stations.station_key(station_id) if station_id is not None else None,
        *more,
    )
    return Reading(purchase, found)


def read_then(reading: Reading, *more: Key[Any] | None) -> Found:
    """What only the first read leads to: freight, the inviter's own inviter, and `more`."""
    freight_key = catalog.freight_key(reading.sku.merchant_id)
    return read(freight_key, _inviters_key(reading.referral), *more)


def _inviters_key(own: Referral | None) -> Key[MemberRow] | None:
    """Where the inviter's own relation is; None without an inviter who is a member."""
    if own is None or not is_member(own.inviter_id):
        return None
    return members.referral_key(own.inviter_id)


def draft(
    reading: Reading,
    found_too: Found,
    *,
    unit_price_fen: int,
    now: datetime,
    pay_deadline: datetime,
    group_id: str | None = None,
    campaign: Campaign | None = None,
) -> Order:
    """The order as it will be written: priced, with everything fixed that must not change later.
    With a voucher nothing is due, so that it counts as paid at once.

    Raises AddressNotServed, StationClosed, InvalidRequest when it says where it goes, or what is to
    be made, in another way than the campaign asks for, NotSignedIn when the member has no identity
    in the app they came through, and WishesUnjudged when it says what WeChat has not let pass.
    """
    purchase, member, sku = reading.purchase, reading.member, reading.sku
    freight = catalog.freight_of(
        found_too.find(catalog.freight_key(sku.merchant_id)), sku.merchant_id
    )
    rules = campaign.rules if campaign is not None else Rules()
    pickup = _pickup(reading, rules, freight)
    openid = member.openid_for(purchase.caller.app_id)
    if openid is None:
        raise NotSignedIn("Sign in through this app first.")
    is_free = purchase.voucher_id is not None
    priced = price(
        unit_price_fen,
        purchase.quantity,
        freight if pickup is None else Freight(merchant_id=sku.merchant_id),
        free=is_free,
    )
    counted = campaign is not None and campaign.per_member_limit is not None
    uplines = _uplines(reading, found_too, campaign, now)
    return Order(
        order_id=purchase.order_id,
        member_id=member.member_id,
        app_id=purchase.caller.app_id,
        openid=openid,
        request_fingerprint=purchase.fingerprint,
        sku_id=sku.sku_id,
        product_id=sku.product_id,
        merchant_id=sku.merchant_id,
        title=f"{sku.product_title} {sku.title}"[:60],
        image_url=sku.image_url,
        quantity=purchase.quantity,
        units_held=purchase.quantity if takes_stock(rules) else 0,
        unit_price_fen=priced.unit_price_fen,
        freight_fen=priced.freight_fen,
        discount_fen=priced.discount_fen,
        amount_fen=priced.amount_fen,
        address=purchase.address.model_dump(exclude_none=True) if purchase.address else {},
        pickup=pickup,
        custom_fields=_custom_fields(purchase, rules, openid),
        remark=purchase.remark,
        share_code=purchase.share_code,
        uplines=uplines,
        commission_cap_bp=reading.settings.commission.cap_bp if uplines else 0,
        guide_share_code=guide_credited(reading.referral, now),
        voucher_id=purchase.voucher_id,
        counts_as_first=not members.has_paid(reading.buyer_row),
        order_state=OrderState.PAID if is_free else OrderState.AWAITING_PAYMENT,
        paid_at=now if is_free else None,
        placed_at=now,
        pay_deadline=pay_deadline,
        group_id=group_id,
        campaign_id=campaign.campaign_id if campaign is not None else None,
        limit_ends_at=campaign.ends_at if counted and campaign is not None else None,
    )


def _pickup(reading: Reading, rules: Rules, freight: Freight) -> Pickup | None:
    """The station it goes to, where the campaign has stations; else its address is served."""
    purchase = reading.purchase
    refuse_wrong_place(rules, purchase.address, purchase.station_id)
    if not rules.stations:
        if purchase.address is None:
            raise wrong("address", "Say where it is to be sent.")
        if not is_served(freight, purchase.address.province):
            raise AddressNotServed()
        return None
    if purchase.station_id is None:
        raise wrong("station_id", "Choose one of the campaign's stations.")
    station = reading.station
    if station is None or station.closed:
        raise StationClosed()
    return Pickup(station.station_id, station.name, station.address, station.leader_id)


def refuse_wrong_place(rules: Rules, address: Address | None, station_id: str | None) -> None:
    """Raises InvalidRequest when it is to go where the campaign's goods do not."""
    if not rules.stations:
        if station_id is not None:
            raise wrong("station_id", "This is sent to an address, not to a station.")
    elif address is not None:
        raise wrong("address", "This is fetched at a station; give station_id instead.")
    elif station_id is not None and station_id not in rules.stations:
        raise wrong("station_id", "Choose one of the campaign's stations.")


def _custom_fields(purchase: Purchase, rules: Rules, openid: str) -> Mapping[str, str]:
    """What was filled in, if it is what the campaign asks for and WeChat has let it pass."""
    given = purchase.custom_fields or {}
    found = [
        {"field": f"custom_fields.{name}", "message": message}
        for name, message in faults(rules, given)
    ]
    if found:
        raise InvalidRequest(found[0]["message"], errors=found)
    wishes = filled_in(given)
    words = own_words(rules, wishes)
    if not purchase.judged_words.issuperset(words):
        raise WishesUnjudged(openid, words)
    return wishes


def wrong(field: str, message: str) -> InvalidRequest:
    """The refusal of one field of a purchase."""
    return InvalidRequest(message, errors=[{"field": field, "message": message}])


def _uplines(
    reading: Reading, found_too: Found, campaign: Campaign | None, now: datetime
) -> tuple[Upline, ...]:
    """Who earns on it, at the rates that apply now."""
    own = reading.referral
    key = _inviters_key(own)
    inviters = members.referral_of(found_too.find(key)) if key is not None else None
    campaigns_rates_bp = campaign.commission_rates_bp if campaign is not None else None
    rates_bp = reading.settings.commission.rates_for(
        campaigns_rates_bp, reading.sku.commission_rates_bp
    )
    member_id = reading.purchase.caller.member_id
    return uplines_of(member_id, own, inviters, rates_bp=rates_bp, now=now)
