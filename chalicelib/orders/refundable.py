"""What refunds do to an order: take from what is left of its payment, end it, let it ship with a
part of its payment given back, count what went back.

Only adds guarded writes (or makes one); refunds/ decides. `refundable_fen` is taken when a
refund is requested and given back only when it is rejected or withdrawn.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.due import due_then
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders.model import LeaderBonus, Order, OrderState, Upload
from chalicelib.orders.store import OrderRow, holds_no_units, in_state, order_key
from chalicelib.rules.party import Share


def begin_ending(
    writes: WriteSet,
    order: Order,
    refund_id: str,
    *,
    units_back_at: datetime | None,
    newly_paid: tuple[str, int, datetime] | None = None,
    due_at: datetime | None = None,
) -> None:
    """The order ends: everything that is left goes back. Guards: its state, and what is left of it,
    as read.

    `units_back_at`: now, where the commit gives its units back. `newly_paid`: (transaction id, fen,
    when) of a payment that cannot be honoured, and is refunded at once.
    """
    actions: list[Action] = [
        OrderRow.order_state.set(OrderState.REFUNDING.value),
        OrderRow.refundable_fen.set(0),
        *_more_refunds([refund_id]),
    ]
    guard = in_state(order.order_state)
    if newly_paid is not None:
        transaction_id, paid_fen, now = newly_paid
        actions += [
            OrderRow.transaction_id.set(transaction_id),
            OrderRow.paid_fen.set(paid_fen),
            OrderRow.paid_at.set(now),
        ]
        guard &= OrderRow.transaction_id.does_not_exist()
    else:
        guard &= _as_read(order)
    if units_back_at is not None:
        actions += holds_no_units(order, units_back_at)
    actions += due_then(OrderRow, order.order_id, due_at) if due_at is not None else []
    writes.update(order_key(order.order_id), actions, guard=guard)


def let_ship(
    writes: WriteSet,
    order: Order,
    share: Share,
    *,
    refund_ids: Collection[str],
    leader_bonus: LeaderBonus | None,
    pickup_code: str | None = None,
    ships_by: datetime | None = None,
    due_at: datetime,
) -> None:
    """Its group is complete: it goes to be shipped, and what the rules grant goes back by these
    refunds. When somebody earns on it, it is due until that is booked; what is made to order, also
    until WeChat knows when it ships. Guards: paid and waiting, and what is left of it as read.
    """
    granted_fen = sum(grant.amount_fen for grant in share.grants)
    actions: list[Action] = [OrderRow.order_state.set(OrderState.TO_SHIP.value)]
    guard = in_state(OrderState.PAID)
    if leader_bonus is not None:
        actions.append(OrderRow.leader_bonus.set(asdict(leader_bonus)))
    if pickup_code is not None:
        actions.append(OrderRow.pickup_code.set(pickup_code))
    if ships_by is not None:
        actions.append(OrderRow.ships_by.set(ships_by))
    if order.is_presale(ships_by, order.refundable_fen - granted_fen):
        actions.append(OrderRow.presale_report.set(Upload.DUE.value))
    if share.carries_others:
        actions.append(OrderRow.carries_others.set(True))
    if share.price_cut_fen:
        actions.append(OrderRow.price_cut_fen.set(share.price_cut_fen))
    if refund_ids:
        actions += [
            OrderRow.refundable_fen.set(OrderRow.refundable_fen - granted_fen),
            OrderRow.marketing_fen.set(share.marketing_fen),
            *_more_refunds(refund_ids),
        ]
        guard &= _as_read(order)
    if order.is_followed or leader_bonus is not None or ships_by is not None:
        actions += due_then(OrderRow, order.order_id, due_at)
    writes.update(order_key(order.order_id), actions, guard=guard)


def end_free(
    writes: WriteSet, order: Order, becomes: OrderState, *, reason: str, now: datetime
) -> None:
    """An order that costs its member nothing will not be shipped. Guards: its state, and what is
    left of it and on its way back, as read.
    """
    actions: list[Action] = [
        OrderRow.order_state.set(becomes.value),
        OrderRow.cancelled_at.set(now),
        OrderRow.cancel_reason.set(reason),
        *holds_no_units(order, now),
    ]
    guard = in_state(order.order_state) & _as_read(order)
    guard &= OrderRow.open_refund_count == order.open_refund_count
    writes.update(order_key(order.order_id), actions, guard=guard)


def reserve(
    writes: WriteSet, order: Order, refund_id: str, amount_fen: int, *, undecided: bool
) -> None:
    """Take an amount for a refund that does not (or not yet) end the order. Guards: its state, and
    what is left of it, as read.
    """
    actions: list[Action] = [
        OrderRow.refundable_fen.set(OrderRow.refundable_fen - amount_fen),
        *_more_refunds([refund_id]),
    ]
    if undecided:
        actions.append(OrderRow.undecided_fen.set(OrderRow.undecided_fen + amount_fen))
    guard = in_state(order.order_state) & _as_read(order)
    writes.update(order_key(order.order_id), actions, guard=guard)


def decide(
    writes: WriteSet,
    order: Order,
    asked_fen: int,
    approved_fen: int,
    *,
    ends_order: bool,
    units_back_at: datetime | None = None,
) -> None:
    """A refund that waited for an operator waits no more; what was not approved can be asked for
    again. `approved_fen` 0: rejected or withdrawn. `units_back_at`: now, where the commit gives its
    units back. Guards: its state, and what is left, as read.
    """
    actions: list[Action] = [
        OrderRow.undecided_fen.set(OrderRow.undecided_fen - asked_fen),
        OrderRow.refundable_fen.set(OrderRow.refundable_fen + (asked_fen - approved_fen)),
    ]
    if approved_fen == 0:
        actions.append(OrderRow.open_refund_count.set(OrderRow.open_refund_count - 1))
    if ends_order:
        actions.append(OrderRow.order_state.set(OrderState.REFUNDING.value))
    if units_back_at is not None:
        actions += holds_no_units(order, units_back_at)
    guard = in_state(order.order_state) & _as_read(order)
    writes.update(order_key(order.order_id), actions, guard=guard)


def ask_for_less(writes: WriteSet, order: Order, by_fen: int) -> None:
    """A refund still waits, for that much less, which can be asked for again. Guards: its state,
    and what is left, as read.
    """
    actions: list[Action] = [
        OrderRow.undecided_fen.set(OrderRow.undecided_fen - by_fen),
        OrderRow.refundable_fen.set(OrderRow.refundable_fen + by_fen),
    ]
    guard = in_state(order.order_state) & _as_read(order)
    writes.update(order_key(order.order_id), actions, guard=guard)


def finish(writes: WriteSet, order: Order, amount_fen: int) -> None:
    """WeChat says that this much has been paid back. An order that ends is refunded once all of it
    is back. Guards: its state, and what was back already, as read.
    """
    actions: list[Action] = [
        OrderRow.refunded_fen.set(OrderRow.refunded_fen + amount_fen),
        OrderRow.open_refund_count.set(OrderRow.open_refund_count - 1),
    ]
    all_back = order.refunded_fen + amount_fen >= order.paid_fen
    if order.order_state is OrderState.REFUNDING and all_back:
        actions.append(OrderRow.order_state.set(OrderState.REFUNDED.value))
    guard = in_state(order.order_state) & (OrderRow.refunded_fen == order.refunded_fen)
    writes.update(order_key(order.order_id), actions, guard=guard)


def claim_slot(order_id: str, out_refund_no: str, *, now: datetime, not_since: datetime) -> bool:
    """Refunds of one order go to WeChat at least a minute apart. False: another one went after
    `not_since`.
    """
    free = (
        OrderRow.last_refund_no.does_not_exist()
        | (OrderRow.last_refund_no == out_refund_no)
        | (OrderRow.last_refund_at <= not_since)
    )
    writes = WriteSet()
    actions = [OrderRow.last_refund_no.set(out_refund_no), OrderRow.last_refund_at.set(now)]
    writes.update(order_key(order_id), actions, guard=free)
    try:
        writes.commit()
    except Changed:
        return False
    return True


def _more_refunds(refund_ids: Collection[str]) -> list[Action]:
    return [
        OrderRow.refund_ids.set((OrderRow.refund_ids | []).append(list(refund_ids))),
        OrderRow.open_refund_count.set(OrderRow.open_refund_count + len(refund_ids)),
    ]


def _as_read(order: Order) -> Condition:
    """Nobody has asked for, decided or ended anything since: both amounts move with each of
    these.
    """
    same: Condition = (OrderRow.refundable_fen == order.refundable_fen) & (
        OrderRow.undecided_fen == order.undecided_fen
    )
    return same
