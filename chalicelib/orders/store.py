"""The orders table: reads, and the writes that move an order on, each guarded by the state it
moves from.

Rows are updated, never saved whole. Personal data (recipient, phone, address, remark, what is to be
engraved) is in this table and nowhere else of ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.clock import from_stored, stored
from chalicelib.kit.due import StreamedRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, PlainMapAttribute, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders.errors import AlreadyPlaced
from chalicelib.orders.model import LeaderBonus, Order, OrderState, Pickup, Shipment, Upline

MEMBER_ORDERS = "by_member"
_MOST_ORDERS_WALKED = 2000


class OrderRow(StreamedRow):
    """One order, attributes named as in model.Order."""

    class Meta:
        table = "orders"

    order_id = UnicodeAttribute(hash_key=True)
    member_id = UnicodeAttribute()
    app_id = UnicodeAttribute()
    openid = UnicodeAttribute()
    request_fingerprint = UnicodeAttribute()
    sku_id = UnicodeAttribute()
    product_id = UnicodeAttribute()
    merchant_id = UnicodeAttribute()
    title = UnicodeAttribute()
    image_url = UnicodeAttribute(null=True)
    quantity = NumberAttribute()
    unit_price_fen = NumberAttribute()
    freight_fen = NumberAttribute()
    discount_fen = NumberAttribute()
    amount_fen = NumberAttribute()
    address = PlainMapAttribute()
    remark = UnicodeAttribute(null=True)
    share_code = UnicodeAttribute(null=True)
    placed_at = TimeAttribute()
    pay_deadline = TimeAttribute()
    order_state = UnicodeAttribute()
    units_held = NumberAttribute()
    units_back_at = TimeAttribute(null=True)
    group_id = UnicodeAttribute(null=True)
    crowd_shard = NumberAttribute(null=True)
    collects_until = TimeAttribute(null=True)
    campaign_id = UnicodeAttribute(null=True)
    stock_shard = NumberAttribute(null=True)
    pickup = PlainMapAttribute(null=True)
    pickup_code = UnicodeAttribute(null=True)
    custom_fields = PlainMapAttribute(null=True)
    ships_by = TimeAttribute(null=True)
    limit_ends_at = TimeAttribute(null=True)
    uplines = PlainMapAttribute(null=True)
    commission_cap_bp = NumberAttribute(null=True)
    leader_bonus = PlainMapAttribute(null=True)
    voucher_id = UnicodeAttribute(null=True)
    counts_as_first = BooleanAttribute(null=True)
    guide_share_code = UnicodeAttribute(null=True)
    guide_counted_fen = NumberAttribute(null=True)
    paid_at = TimeAttribute(null=True)
    paid_fen = NumberAttribute()
    transaction_id = UnicodeAttribute(null=True)
    refundable_fen = NumberAttribute()
    refunded_fen = NumberAttribute()
    carries_others = BooleanAttribute(null=True)
    price_cut_fen = NumberAttribute(null=True)
    marketing_fen = NumberAttribute(null=True)
    undecided_fen = NumberAttribute()
    open_refund_count = NumberAttribute()
    refund_ids: ListAttribute[Any] = ListAttribute(null=True)
    cancel_reason = UnicodeAttribute(null=True)
    cancelled_at = TimeAttribute(null=True)
    prepared_at = TimeAttribute(null=True)
    checked_at = TimeAttribute(null=True)
    last_refund_no = UnicodeAttribute(null=True)
    last_refund_at = TimeAttribute(null=True)
    shipment = PlainMapAttribute(null=True)
    shipment_upload = UnicodeAttribute(null=True)
    shipment_looks = NumberAttribute(null=True)
    presale_report = UnicodeAttribute(null=True)
    presale_looks = NumberAttribute(null=True)
    receives_at = TimeAttribute(null=True)
    received_at = TimeAttribute(null=True)
    settles_at = TimeAttribute(null=True)
    settled_at = TimeAttribute(null=True)
    settled_fen = NumberAttribute(null=True)


_NOT_WRITTEN: tuple[Any, ...] = (None, [], (), {}, "", 0)
_EVEN_IF_EMPTY = ("crowd_shard", "stock_shard", "address")
"""Numbers of which the first is 0; and what is there even where there is nothing to say."""
_ZERO_AT_FIRST = (
    "units_held",
    "freight_fen",
    "discount_fen",
    "amount_fen",
    "paid_fen",
    "refundable_fen",
    "refunded_fen",
    "undecided_fen",
    "open_refund_count",
)
"""Amounts that are there from the start, since guards compare them or nobody may do without."""

_MODEL_FIELDS = frozenset(Order.__dataclass_fields__)


def order_key(order_id: str) -> Key[OrderRow]:
    return OrderRow.key(order_id)


def order_of(row: OrderRow | None) -> Order | None:
    """The row as a value; attributes the row lacks take the value's defaults."""
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    given["order_state"] = OrderState(row.order_state)
    given["refund_ids"] = list(row.refund_ids or ())
    given["uplines"] = _uplines_of(row.uplines)
    given["leader_bonus"] = LeaderBonus(**row.leader_bonus) if row.leader_bonus else None
    given["pickup"] = Pickup(**row.pickup) if row.pickup else None
    given["shipment"] = _shipment_of(row.shipment)
    return Order(**given)


def _uplines_of(stored_uplines: Mapping[str, Any] | None) -> tuple[Upline, ...]:
    """By level: the map's keys are "1" and "2"."""
    by_level = stored_uplines or {}
    return tuple(Upline(**by_level[each]) for each in sorted(by_level))


def _uplines_stored(uplines: Sequence[Upline]) -> dict[str, Any] | None:
    return {str(number): asdict(each) for number, each in enumerate(uplines, start=1)} or None


def _shipment_of(shipment: Mapping[str, Any] | None) -> Shipment | None:
    if shipment is None:
        return None
    return Shipment(**{**shipment, "shipped_at": from_stored(shipment["shipped_at"])})


def shipment_stored(shipment: Shipment) -> dict[str, Any]:
    """The shipment as the row holds it."""
    return {**asdict(shipment), "shipped_at": stored(shipment.shipped_at)}


def find(order_id: str) -> Order | None:
    key = order_key(order_id)
    return order_of(reads.read(key).find(key))


def get(order_id: str) -> Order:
    """The order, read consistently. Raises NotFound."""
    order = find(order_id)
    if order is None:
        raise NotFound("There is no such order.")
    return order


def get_own(order_id: str, member_id: str) -> Order:
    """The member's own order. Raises NotFound, for somebody else's too."""
    order = get(order_id)
    if order.member_id != member_id:
        raise NotFound("There is no such order.")
    return order


def read_all(order_ids: list[str]) -> list[Order]:
    """These orders in the order asked for; unknown ids are passed over."""
    keys = [order_key(order_id) for order_id in order_ids]
    found = reads.read(*keys)
    orders = (order_of(found.find(key)) for key in keys)
    return [order for order in orders if order is not None]


def page_of_member(
    member_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Order], dict[str, Any] | None]:
    """The member's orders, newest first."""
    items, following = reads.query(
        OrderRow,
        OrderRow.member_id == member_id,
        index=MEMBER_ORDERS,
        limit=limit,
        start=start,
        backward=True,
    )
    return read_all([item["order_id"]["S"] for item in items]), following


def open_orders_of(member_id: str) -> bool:
    """Whether anything is still to happen between the shop and this member."""
    return any(order.is_open for order in _orders_of(member_id))


def erase_personal_data(member_id: str) -> list[str]:
    """Take the person out of their orders; what was sold and paid stays. Answers the refunds that
    these had.
    """
    orders = _orders_of(member_id)
    for order in orders:
        writes = WriteSet()
        actions: list[Action] = [
            OrderRow.address.set({}),
            OrderRow.openid.set("erased"),
            OrderRow.remark.remove(),
            OrderRow.custom_fields.remove(),
        ]
        writes.update(order_key(order.order_id), actions, guard=OrderRow.order_id.exists())
        writes.commit()
    return [refund_id for order in orders for refund_id in order.refund_ids]


def _orders_of(member_id: str) -> list[Order]:
    orders: list[Order] = []
    start: dict[str, Any] | None = None
    while len(orders) < _MOST_ORDERS_WALKED:
        page, start = page_of_member(member_id, limit=100, start=start)
        orders += page
        if start is None:
            break
    return orders


def place(writes: WriteSet, order: Order) -> None:
    """Write the new order, its amounts at zero, due at its pay deadline if there is anything to
    pay. Guard: the id is new -> AlreadyPlaced.
    """
    given = {name: value for name, value in asdict(order).items() if value not in _NOT_WRITTEN}
    given |= {name: getattr(order, name) for name in (*_ZERO_AT_FIRST, *_EVEN_IF_EMPTY)}
    if order.order_state is OrderState.AWAITING_PAYMENT:
        given |= {"due_shard": due_shard_of(order.order_id), "due_at": order.pay_deadline}
    if order.uplines:
        given["uplines"] = _uplines_stored(order.uplines)
    row = OrderRow(**given)
    writes.put(row, guard=OrderRow.order_id.does_not_exist(), refusal=lambda _row: AlreadyPlaced())


def mark_prepared(order_id: str, *, now: datetime) -> None:
    """Note that pay parameters are handed out. Raises Changed when the order no longer awaits
    payment.
    """
    writes = WriteSet()
    writes.update(
        order_key(order_id),
        [OrderRow.prepared_at.set(now)],
        guard=in_state(OrderState.AWAITING_PAYMENT),
    )
    writes.commit()


def mark_checked(order_id: str, *, now: datetime, not_since: datetime) -> bool:
    """Note that WeChat is being asked now; False when it was asked after `not_since` or need not
    be.
    """
    writes = WriteSet()
    never_or_long_ago = OrderRow.checked_at.does_not_exist() | (OrderRow.checked_at < not_since)
    writes.update(
        order_key(order_id),
        [OrderRow.checked_at.set(now)],
        guard=in_state(OrderState.AWAITING_PAYMENT) & never_or_long_ago,
    )
    try:
        writes.commit()
    except Changed:
        return False
    return True


def mark_paid(
    writes: WriteSet,
    order: Order,
    *,
    becomes: OrderState,
    transaction_id: str,
    now: datetime,
    due_at: datetime,
) -> None:
    """The payment is in, in full. Guard: it still awaits payment. Due until its reactions are
    done.
    """
    actions: list[Action] = [
        OrderRow.order_state.set(becomes.value),
        OrderRow.paid_at.set(now),
        OrderRow.paid_fen.set(order.amount_fen),
        OrderRow.refundable_fen.set(order.amount_fen),
        OrderRow.transaction_id.set(transaction_id),
        *due_then(OrderRow, order.order_id, due_at),
    ]
    writes.update(order_key(order.order_id), actions, guard=in_state(OrderState.AWAITING_PAYMENT))


def mark_cancelled(
    writes: WriteSet, order: Order, *, reason: str, now: datetime, due_at: datetime | None
) -> None:
    """It will not be paid. Guard: its state as read. `due_at`: look at WeChat once more then."""
    actions: list[Action] = [
        OrderRow.order_state.set(OrderState.CANCELLED.value),
        OrderRow.cancelled_at.set(now),
        OrderRow.cancel_reason.set(reason),
        *holds_no_units(order, now),
        *(due_then(OrderRow, order.order_id, due_at) if due_at else not_due(OrderRow)),
    ]
    writes.update(order_key(order.order_id), actions, guard=in_state(order.order_state))


def holds_no_units(order: Order, now: datetime) -> list[Action]:
    """Its units are given back in the same commit. Since when is for the audit alone, which counts
    who held what at one moment of the past.
    """
    actions: list[Action] = [OrderRow.units_held.set(0)]
    return [*actions, OrderRow.units_back_at.set(now)] if order.units_held > 0 else actions


def rest_until(order: Order, due_at: datetime | None) -> None:
    """Nothing more happens to it by itself before then, or at all; only if nobody gave it another
    due time since it was read.
    """
    if order.due_at is None or order.due_at == due_at:
        return
    writes = WriteSet()
    unmoved = (OrderRow.due_at == stored(order.due_at)) & in_state(order.order_state)
    actions = [OrderRow.due_at.set(due_at)] if due_at is not None else not_due(OrderRow)
    writes.update(order_key(order.order_id), actions, guard=unmoved)
    try:
        writes.commit()
    except Changed:
        return


def check_unmoved(writes: WriteSet, order: Order, *, without_open_refund: bool = False) -> None:
    """Let the commit fail with Changed unless state and refunded amount are as read."""
    guard = in_state(order.order_state) & (OrderRow.refunded_fen == order.refunded_fen)
    if without_open_refund:
        guard &= OrderRow.open_refund_count == 0
    writes.check(order_key(order.order_id), guard=guard)


def count_for_guide(writes: WriteSet, order: Order, counted_fen: int) -> None:
    """The guide's figures hold this much of the order from here on. Guard: state, refunded amount
    and what was counted are as read -> Changed.
    """
    counted = OrderRow.guide_counted_fen
    as_read: Condition = counted.does_not_exist()
    if order.guide_counted_fen is not None:
        as_read = counted == order.guide_counted_fen
    unmoved = in_state(order.order_state) & (OrderRow.refunded_fen == order.refunded_fen)
    actions = [counted.set(counted_fen)]
    writes.update(order_key(order.order_id), actions, guard=unmoved & as_read)


def in_state(state: OrderState) -> Condition:
    """The guard: the order is still in that state."""
    return OrderRow.order_state == state.value
