"""An order (订单): one purchase by one member, what it costs, and the states it can be in. Frozen
and pure.

The order id is also WeChat's order number, so a payment and its order can never be confused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.kit.clock import after
from chalicelib.kit.ids import derived_id

PAY_GRACE_SECONDS = 90
"""WeChat wants at least a minute between ordering and `time_expire`; closing, not this, is what
ends payability.
"""

REACTION_SECONDS = 60
"""How long the streams have to follow up a change before a sweep does it."""


class OrderState(StrEnum):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting_payment"
    """Placed; seat, stock and limit are held for it until its pay deadline."""
    PAID = "paid"
    """Paid, and waiting for its group."""
    TO_SHIP = "to_ship"
    """Paid, its group is complete or it needs none: the merchant may ship."""
    SHIPPED = "shipped"
    """On its way to the member."""
    RECEIVED = "received"
    """The member has it, and may still send it back."""
    SETTLED = "settled"
    """The time to send it back is over: what is left of its payment is the merchant's."""
    CANCELLED = "cancelled"
    """Never paid; what it held is given back. A payment after all is refunded by itself."""
    REFUNDING = "refunding"
    """A refund that ends the order is on its way and waits for nobody's decision."""
    REFUNDED = "refunded"
    """WeChat says that everything has been paid back."""


LIVE_STATES = frozenset(
    {
        OrderState.AWAITING_PAYMENT,
        OrderState.PAID,
        OrderState.TO_SHIP,
        OrderState.SHIPPED,
        OrderState.REFUNDING,
    }
)
"""States in which something is still to happen between the shop and the member."""

WITH_THE_MEMBER = frozenset({OrderState.SHIPPED, OrderState.RECEIVED, OrderState.SETTLED})
"""The goods have left the merchant: a refund is after-sale, and an operator decides."""

SOLD = frozenset({OrderState.TO_SHIP, *WITH_THE_MEMBER})
"""The sale stands: uplines earn on it, in proportion to what is not refunded."""


_LOOKED_AFTER_BY_VERBS = frozenset(
    {
        OrderState.AWAITING_PAYMENT,
        OrderState.CANCELLED,
        OrderState.SHIPPED,
        OrderState.RECEIVED,
    }
)
"""Whoever brings an order on from here also says when to look again."""


@dataclass(frozen=True)
class Upline:
    """Who earns on an order, and how much of the goods: fixed when the order is placed."""

    member_id: str
    rate_bp: int


@dataclass(frozen=True)
class LeaderBonus:
    """What the leader of an order's group earns on it, in fen, while none of it is refunded."""

    member_id: str
    amount_fen: int


PICKUP_CARRIER = "PICKUP"
"""Instead of a carrier: the goods are at the station that the tracking number names."""


@dataclass(frozen=True)
class Shipment:
    """Who carries the goods. `carrier` is a code of WeChat's delivery list, such as SF."""

    carrier: str
    tracking_no: str
    shipped_at: datetime

    @property
    def is_pickup(self) -> bool:
        """Whether nobody carries them any further: the member fetches them."""
        return self.carrier == PICKUP_CARRIER


class Upload(StrEnum):
    """Whether WeChat knows of an order's shipment, or that it ships late."""

    DUE = "due"
    """It is to be told."""
    DONE = "done"
    """It knows."""
    NOT_NEEDED = "not_needed"
    """It has no payment to tell of, or WeChat has given all of it back; or it has shipped."""
    REFUSED = "refused"
    """It does not take this; a person has been told."""


PRESALE_AFTER_SECONDS = 15 * 24 * 3600
"""WeChat wants to know of goods that ship later than this after their payment (预售)."""


@dataclass(frozen=True)
class Pickup:
    """The station where the goods are fetched, as it was when the order was placed, and who looks
    after it.
    """

    station_id: str
    name: str
    address: str
    leader_id: str


@dataclass(frozen=True)
class Order:
    """One purchase. Amounts in fen, times in UTC. `units_held` is what it holds of the stock, 0
    once given back; `undecided_fen` is what refunds that wait for an operator ask for.

    `price_cut_fen`, `marketing_fen`: what of the payment its group's rules gave back, because the
    price has fallen and at the shop's expense. `voucher_id`: what its member has instead of paying.
    `counts_as_first`: placed before its member had paid anything. `carries_others`: others of its
    group were given something because it counts.

    `receives_at`: received by itself then. `settles_at`: settled then, at the earliest.
    `settled_fen`: what was left of the payment when it was. `guide_counted_fen`: how much of it the
    guide's figures hold. `shipment_upload`: an `Upload`. `shipment_looks`: how often WeChat was not
    ready to hear of it. `ships_by`: when what is made to order ships at the latest, of which
    `presale_report` and `presale_looks` say the same.
    """

    order_id: str
    member_id: str
    app_id: str
    openid: str
    request_fingerprint: str
    sku_id: str
    product_id: str
    merchant_id: str
    title: str
    quantity: int
    unit_price_fen: int
    freight_fen: int
    discount_fen: int
    amount_fen: int
    address: Mapping[str, Any]
    placed_at: datetime
    pay_deadline: datetime
    order_state: OrderState = OrderState.AWAITING_PAYMENT
    units_held: int = 0
    image_url: str | None = None
    remark: str | None = None
    share_code: str | None = None
    group_id: str | None = None
    crowd_shard: int | None = None
    collects_until: datetime | None = None
    campaign_id: str | None = None
    stock_shard: int | None = None
    pickup: Pickup | None = None
    pickup_code: str | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    ships_by: datetime | None = None
    limit_ends_at: datetime | None = None
    uplines: tuple[Upline, ...] = ()
    commission_cap_bp: int = 0
    leader_bonus: LeaderBonus | None = None
    voucher_id: str | None = None
    counts_as_first: bool = False
    guide_share_code: str | None = None
    guide_counted_fen: int | None = None
    paid_at: datetime | None = None
    paid_fen: int = 0
    transaction_id: str | None = None
    refundable_fen: int = 0
    refunded_fen: int = 0
    carries_others: bool = False
    price_cut_fen: int = 0
    marketing_fen: int = 0
    undecided_fen: int = 0
    open_refund_count: int = 0
    refund_ids: list[str] = field(default_factory=list)
    cancel_reason: str | None = None
    cancelled_at: datetime | None = None
    shipment: Shipment | None = None
    shipment_upload: str | None = None
    shipment_looks: int = 0
    presale_report: str | None = None
    presale_looks: int = 0
    receives_at: datetime | None = None
    received_at: datetime | None = None
    settles_at: datetime | None = None
    settled_at: datetime | None = None
    settled_fen: int = 0
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def goods_fen(self) -> int:
        return self.unit_price_fen * self.quantity

    @property
    def seat_group_id(self) -> str | None:
        """Where its seat is kept and counted: its group, or its shard of a crowd."""
        if self.group_id is None or self.crowd_shard is None:
            return self.group_id
        return crowd_shard_id(self.group_id, self.crowd_shard)

    @property
    def seat_id(self) -> str:
        """Whose seat it is: one member has one, but for a round, where every order has its own."""
        return self.member_id if self.collects_until is None else self.order_id

    @property
    def is_free(self) -> bool:
        """Whether the shop bears all of it: nothing is left to be refunded, and it ships."""
        return self.voucher_id is not None or self.marketing_fen > 0

    @property
    def price_paid_fen(self) -> int:
        """What its member pays for it in the end, unless more is refunded than its group's rules
        give back.
        """
        return max(self.paid_fen - self.price_cut_fen - self.marketing_fen, 0)

    @property
    def sold_fen(self) -> int:
        """What the sale amounts to now: paid and not refunded, while the sale stands. What the
        rules give back does not count, whether it is back already or not.
        """
        if self.order_state not in SOLD:
            return 0
        return min(self.paid_fen - self.refunded_fen, self.price_paid_fen)

    @property
    def is_followed(self) -> bool:
        """Whether somebody earns on it or is credited with it."""
        earns = bool(self.uplines) or self.leader_bonus is not None
        return earns or self.guide_share_code is not None

    @property
    def next_due_at(self) -> datetime | None:
        """When a sweep has to look at it next, once what follows from its state is done. One that
        says by when it ships is looked at once more then.
        """
        by_verbs = self.order_state in _LOOKED_AFTER_BY_VERBS or self.is_to_be_told_of
        if by_verbs or self.is_to_be_reported:
            return self.due_at
        if self.order_state is not OrderState.TO_SHIP or not self.due_at or not self.ships_by:
            return None
        return self.ships_by if self.due_at < self.ships_by else None

    @property
    def is_to_be_told_of(self) -> bool:
        """Whether WeChat does not know yet that the goods have left."""
        return self.shipment_upload == Upload.DUE and self.order_state in WITH_THE_MEMBER

    @property
    def is_to_be_reported(self) -> bool:
        """Whether WeChat does not know yet that the goods leave late."""
        return self.presale_report == Upload.DUE and self.order_state is OrderState.TO_SHIP

    @property
    def is_made_to_order(self) -> bool:
        """Whether its merchant has promised to make it."""
        return self.ships_by is not None

    def is_presale(self, ships_by: datetime | None, left_fen: int) -> bool:
        """Whether WeChat has to know that it ships by then: it holds this much of its payment
        until that has happened.
        """
        if ships_by is None or self.paid_at is None or self.transaction_id is None:
            return False
        return left_fen > 0 and ships_by > after(self.paid_at, PRESALE_AFTER_SECONDS)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to happen between the shop and the member."""
        return (
            self.order_state in LIVE_STATES or self.open_refund_count > 0 or self.is_to_be_told_of
        )

    @property
    def rests_until(self) -> datetime | None:
        """When something happens to it by itself: once its goods are on their way, or late."""
        if self.order_state is OrderState.TO_SHIP:
            return self.ships_by
        return self.receives_at if self.order_state is OrderState.SHIPPED else self.settles_at

    @property
    def time_expire(self) -> datetime:
        """Until when WeChat lets the member pay."""
        return after(self.pay_deadline, PAY_GRACE_SECONDS)

    @property
    def limit_key(self) -> str | None:
        """The counter of units this member bought in this campaign; None when none is kept."""
        if self.campaign_id is None or self.limit_ends_at is None:
            return None
        return campaign_limit_key(self.campaign_id, self.member_id)


def crowd_shard_id(group_id: str, shard: int) -> str:
    """The id of one shard of a crowd: a group of its own that counts a part of the heads."""
    return f"{group_id}#{shard}"


def is_crowd_shard_id(group_id: str) -> bool:
    """Whether this names a shard of a crowd."""
    return "#" in group_id


def campaign_limit_key(campaign_id: str, member_id: str) -> str:
    return f"campaign#{campaign_id}#{member_id}"


def order_id_for(member_id: str, idempotency_key: str) -> str:
    """The id of what this member asked for under this key: a repeat finds the first."""
    return derived_id("ord", member_id, idempotency_key)


@dataclass(frozen=True)
class GivesBack:
    """What an order gives back when it ends in a certain way. Money has its own table, the
    refunds.
    """

    stock: bool
    seat: bool
    limit: bool
    voucher: bool = False
    first: bool = False
    """Whether it no longer stands in the way of being a newcomer, since no payment for it was
    honoured. Nor does one that gives its voucher back.
    """


UNPAID = GivesBack(stock=True, seat=True, limit=True, first=True)
"""Cancelled or expired before payment, or paid in another amount than asked for."""
NOTHING = GivesBack(stock=False, seat=False, limit=False)
"""A late payment: everything was already given back; or a refund that ends nothing."""
GROUP_FAILED = GivesBack(stock=True, seat=False, limit=True, voucher=True)
"""The seat stays on the group's record."""
MEMBER_LEFT = GivesBack(stock=True, seat=True, limit=True, voucher=True)
"""The member left a forming group that allows it."""
DRAW_LOST = GivesBack(stock=True, seat=False, limit=False)
"""Somebody else won: the seat stays on the record, and the chance was taken."""
FREE_ENDED = GivesBack(stock=True, seat=False, limit=False, voucher=True)
"""A free order that the shop does not ship after all."""
BEFORE_SHIPPING = GivesBack(stock=True, seat=False, limit=False)
"""A refund that ends an order waiting to be shipped: the goods stay, the purchase still counts."""
PRODUCTION_REJECTED = GivesBack(stock=True, seat=False, limit=True, voucher=True)
"""The merchant does not make what was ordered."""
AFTER_SALE_RETURNED = GivesBack(stock=True, seat=False, limit=False)
"""A refund that ends a shipped order, with its goods back at the merchant's."""
AFTER_SALE_KEPT = GivesBack(stock=False, seat=False, limit=False)
"""A refund that ends a shipped order whose goods stay with the member: they are gone for good."""


def given_back_at_end(order_state: OrderState, *, goods_return: bool) -> GivesBack:
    """What an order in that state gives back when a refund that was asked for ends it."""
    if order_state not in WITH_THE_MEMBER:
        return BEFORE_SHIPPING
    return AFTER_SALE_RETURNED if goods_return else AFTER_SALE_KEPT
