"""What every way of buying has in common: who buys what for whom, the id that makes a repeat find
the first, the drafted order.

Pure but for `twin_or` and `read_again`. Placing itself is the business of place.py, groups/open.py
and groups/join.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.catalog.model import Campaign, Freight, Sku
from chalicelib.catalog.settings import Settings
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.ids import fingerprint
from chalicelib.kit.reads import Found
from chalicelib.kit.tables import Key
from chalicelib.kit.tokens import Caller, NotSignedIn
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.members.store import MemberRow
from chalicelib.orders import store as orders
from chalicelib.orders.errors import AddressNotServed, IdempotencyConflict
from chalicelib.orders.model import Order, OrderState, Upline, is_served, order_id_for, price
from chalicelib.orders.schemas import Address
from chalicelib.referrals.model import Referral, guide_credited, is_member, uplines_of


@dataclass(frozen=True)
class Purchase:
    """One request to buy. `way` names the route and its target, so that a key cannot serve two
    routes.
    """

    caller: Caller
    idempotency_key: str
    way: str
    sku_id: str
    quantity: int
    address: Address
    remark: str | None = None
    share_code: str | None = None
    voucher_id: str | None = None

    @property
    def order_id(self) -> str:
        return order_id_for(self.caller.member_id, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        content: Mapping[str, Any] = {
            "way": self.way,
            "sku_id": self.sku_id,
            "quantity": self.quantity,
            "address": self.address.model_dump(exclude_none=True),
            "remark": self.remark,
            "share_code": self.share_code,
            "voucher_id": self.voucher_id,
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


def buyer(member: Member | None) -> Member:
    """The member as read; a session may outlive its member."""
    if member is None:
        raise NotSignedIn("This account no longer exists.")
    return member


def sku_or_refuse(sku: Sku | None) -> Sku:
    if sku is None:
        raise NotFound("There is no such SKU.")
    return sku


def price_in(campaign: Campaign, sku_id: str) -> int:
    """The campaign's price for one unit, in fen. Raises NotFound when the SKU is not part of it."""
    price_fen = campaign.price_fen(sku_id)
    if price_fen is None:
        raise NotFound("This SKU is not part of the campaign.")
    return price_fen


@dataclass(frozen=True)
class Relations:
    """The buyer's relation to their inviter, and the inviter's to theirs, as they were read."""

    own: Referral | None = None
    inviters: Referral | None = None


def inviters_key(own: Referral | None) -> Key[MemberRow] | None:
    """Where the inviter's own relation is; None without an inviter who is a member."""
    if own is None or not is_member(own.inviter_id):
        return None
    return members.referral_key(own.inviter_id)


def relations(own: Referral | None, found: Found) -> Relations:
    """The buyer's relation, and their inviter's as found under `inviters_key`."""
    key = inviters_key(own)
    return Relations(own, members.referral_of(found.find(key)) if key is not None else None)


def draft(
    purchase: Purchase,
    *,
    member: Member,
    relations: Relations,
    sku: Sku,
    freight: Freight,
    settings: Settings,
    unit_price_fen: int,
    now: datetime,
    pay_deadline: datetime,
    has_paid_before: bool,
    group_id: str | None = None,
    campaign: Campaign | None = None,
) -> Order:
    """The order as it will be written: priced, with everything fixed that must not change later.
    With a voucher nothing is due, so that it counts as paid at once.

    Raises AddressNotServed, and NotSignedIn when the member has no identity in the app they came
    through.

    """
    if not is_served(freight, purchase.address.province):
        raise AddressNotServed()
    openid = member.openid_for(purchase.caller.app_id)
    if openid is None:
        raise NotSignedIn("Sign in through this app first.")
    is_free = purchase.voucher_id is not None
    priced = price(unit_price_fen, purchase.quantity, freight, free=is_free)
    counted = campaign is not None and campaign.per_member_limit is not None
    uplines = _uplines(member, relations, settings, sku, campaign, now)
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
        units_held=purchase.quantity,
        unit_price_fen=priced.unit_price_fen,
        freight_fen=priced.freight_fen,
        discount_fen=priced.discount_fen,
        amount_fen=priced.amount_fen,
        address=purchase.address.model_dump(exclude_none=True),
        remark=purchase.remark,
        share_code=purchase.share_code,
        uplines=uplines,
        commission_cap_bp=settings.commission.cap_bp if uplines else 0,
        guide_share_code=guide_credited(relations.own, now),
        voucher_id=purchase.voucher_id,
        counts_as_first=not has_paid_before,
        order_state=OrderState.PAID if is_free else OrderState.AWAITING_PAYMENT,
        paid_at=now if is_free else None,
        placed_at=now,
        pay_deadline=pay_deadline,
        group_id=group_id,
        campaign_id=campaign.campaign_id if campaign is not None else None,
        limit_ends_at=campaign.ends_at if counted and campaign is not None else None,
    )


def _uplines(
    member: Member,
    relations: Relations,
    settings: Settings,
    sku: Sku,
    campaign: Campaign | None,
    now: datetime,
) -> tuple[Upline, ...]:
    """Who earns on it, at the rates that apply now."""
    campaigns_rates_bp = campaign.commission_rates_bp if campaign is not None else None
    rates_bp = settings.commission.rates_for(campaigns_rates_bp, sku.commission_rates_bp)
    return uplines_of(
        member.member_id, relations.own, relations.inviters, rates_bp=rates_bp, now=now
    )
