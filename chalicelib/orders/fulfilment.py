"""What shipping, receipt and settlement write to an order, each guarded by the state it moves from.

Only adds guarded writes (or makes one); ship.py and its neighbours decide. While the goods are on
their way the order is always due: at the next upload to WeChat, at its receipt, or when it settles.
"""

from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.clock import after
from chalicelib.kit.due import due_then
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders.model import REACTION_SECONDS, Order, OrderState, Shipment, Upload
from chalicelib.orders.store import OrderRow, in_state, order_key, shipment_stored


def ship(
    writes: WriteSet, order: Order, shipment: Shipment, *, now: datetime, receives_at: datetime
) -> None:
    """It is on its way. Guards: it may ship, and not all of it is on its way back."""
    actions: list[Action] = [
        OrderRow.order_state.set(OrderState.SHIPPED.value),
        OrderRow.receives_at.set(receives_at),
        *_tell_wechat(order, shipment, now=now, at_the_latest=receives_at),
    ]
    guard = in_state(OrderState.TO_SHIP)
    if not order.is_free:
        guard &= OrderRow.refundable_fen >= 1
    if order.is_to_be_reported:  # WeChat need not know any more that it ships late
        actions.append(OrderRow.presale_report.set(Upload.NOT_NEEDED.value))
        guard &= OrderRow.presale_report == Upload.DUE.value
    writes.update(order_key(order.order_id), actions, guard=guard)


def correct(writes: WriteSet, order: Order, shipment: Shipment, *, now: datetime) -> None:
    """Another carrier or number. Guards: its state and shipment as read."""
    actions = _tell_wechat(order, shipment, now=now, at_the_latest=order.rests_until)
    writes.update(order_key(order.order_id), actions, guard=_as_read(order))


def end_upload(order: Order, becomes: Upload) -> None:
    """WeChat has answered for good. Nothing happens when the order or its shipment has moved on."""
    actions = [OrderRow.shipment_upload.set(becomes.value), *_due(order, order.rests_until)]
    _unless_moved(order, actions)


def upload_again(order: Order, *, due_at: datetime) -> None:
    """WeChat is to be told then. Nothing happens when the order or its shipment has moved on."""
    looks = OrderRow.shipment_looks.set(order.shipment_looks + 1)
    _unless_moved(order, [looks, *_due(order, due_at)])


def end_report(order: Order, becomes: Upload) -> None:
    """WeChat has answered for good when it was told that this ships late. Nothing happens when the
    order has moved on.
    """
    actions = [OrderRow.presale_report.set(becomes.value), *_due(order, order.rests_until)]
    _unless_reported(order, actions)


def report_again(order: Order, *, due_at: datetime) -> None:
    """WeChat is to be told of it then. Nothing happens when the order has moved on."""
    looks = OrderRow.presale_looks.set(order.presale_looks + 1)
    _unless_reported(order, [looks, *_due(order, due_at)])


def receive(writes: WriteSet, order: Order, *, now: datetime, settles_at: datetime) -> None:
    """The member has it. Guards: its state and shipment as read, and whether WeChat knows of it. A
    WeChat that does not know yet is still told. What waits at a station waits on: only its code,
    redeemed, says that it was fetched.
    """
    due_at = settles_at
    if order.shipment_upload == Upload.DUE:
        due_at = min(settles_at, after(now, REACTION_SECONDS))
    actions: list[Action] = [
        OrderRow.order_state.set(OrderState.RECEIVED.value),
        OrderRow.received_at.set(now),
        OrderRow.settles_at.set(settles_at),
        *_due(order, due_at),
    ]
    guard = _as_read(order) & (OrderRow.shipment_upload == order.shipment_upload)
    writes.update(order_key(order.order_id), actions, guard=guard)


def settle(writes: WriteSet, order: Order, *, now: datetime) -> None:
    """What is left of its payment is the merchant's, and what went back at the shop's expense.
    Guards: received, no refund open, and what went back as read. Due until its reactions are done.
    """
    actions: list[Action] = [
        OrderRow.order_state.set(OrderState.SETTLED.value),
        OrderRow.settled_at.set(now),
        OrderRow.settled_fen.set(order.paid_fen - order.refunded_fen + order.marketing_fen),
        *_due(order, after(now, REACTION_SECONDS)),
    ]
    guard = (
        in_state(OrderState.RECEIVED)
        & (OrderRow.open_refund_count == 0)
        & (OrderRow.refunded_fen == order.refunded_fen)
    )
    writes.update(order_key(order.order_id), actions, guard=guard)


def _tell_wechat(
    order: Order, shipment: Shipment, *, now: datetime, at_the_latest: datetime | None
) -> list[Action]:
    given = [OrderRow.shipment.set(shipment_stored(shipment)), OrderRow.shipment_looks.set(0)]
    if order.transaction_id is None:
        upload = OrderRow.shipment_upload.set(Upload.NOT_NEEDED.value)
        return [*given, upload, *_due(order, at_the_latest)]
    due_at = after(now, REACTION_SECONDS)
    return [
        *given,
        OrderRow.shipment_upload.set(Upload.DUE.value),
        *_due(order, min(due_at, at_the_latest) if at_the_latest is not None else due_at),
    ]


def _due(order: Order, due_at: datetime | None) -> list[Action]:
    return due_then(OrderRow, order.order_id, due_at) if due_at is not None else []


def _unless_reported(order: Order, actions: list[Action]) -> None:
    guard = in_state(OrderState.TO_SHIP) & (OrderRow.presale_report == Upload.DUE.value)
    _unless(order, actions, guard)


def _unless_moved(order: Order, actions: list[Action]) -> None:
    _unless(order, actions, _as_read(order) & (OrderRow.shipment_upload == Upload.DUE.value))


def _unless(order: Order, actions: list[Action], guard: Condition) -> None:
    """Nothing happens when the guard does not hold any more."""
    writes = WriteSet()
    writes.update(order_key(order.order_id), actions, guard=guard)
    try:
        writes.commit()
    except Changed:
        return


def _as_read(order: Order) -> Condition:
    """Its state and shipment are as read."""
    assert order.shipment is not None  # noqa: S101
    same: Condition = in_state(order.order_state) & (
        OrderRow.shipment == shipment_stored(order.shipment)
    )
    return same
