"""Command: refund a paid order or a part of it, `{order_id, amount_fen?, request_id?}`.

Moves money and waits for no further decision. The same request id refunds once; without one,
the same amount does. The member reads the reason.
"""

from datetime import datetime
from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupForming, GroupOver
from chalicelib.groups.model import GroupState
from chalicelib.kit.money import PriceFen
from chalicelib.orders import store as orders
from chalicelib.orders.errors import IdempotencyConflict
from chalicelib.orders.model import WITH_THE_MEMBER, Order, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import NOTHING_PAID, OrderNotRefundable, RefundExceedsPayment
from chalicelib.refunds.model import (
    MOST_REFUNDS_PER_ORDER,
    Cause,
    new_refund,
    refund_id_for,
)
from chalicelib.refunds.request import RefundRequest, Requested, request
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Which order, and how much of it; all that is left when no amount is given."""

    order_id: Identifier
    amount_fen: PriceFen | None = None
    request_id: Identifier | None = None

    def to_request(self) -> RefundRequest:
        amount = "whole" if self.amount_fen is None else str(self.amount_fen)
        return RefundRequest(
            order_id=self.order_id,
            request_key=f"operator:{self.request_id or amount}",
            reason=self.reason,
            amount_fen=self.amount_fen,
            by_operator=True,
        )


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The refund in its present state (in a dry run: as it would be requested).

    Raises OrderNotRefundable, RefundExceedsPayment, GroupForming, IdempotencyConflict, NotFound.
    """
    asked = payload.to_request()
    if payload.dry_run:
        requested = _rehearse(asked, wiring.clock.now())
    else:
        requested = request(asked, clock=wiring.clock)
    return {
        **refund_in_full(requested.refund),
        "outcome": "unchanged" if requested.replayed else "requested",
        "dry_run": payload.dry_run,
    }


def _rehearse(asked: RefundRequest, now: datetime) -> Requested:
    """What `request` would give, from what can be read; its refusals too."""
    before = refunds.find(asked.refund_id)
    if before is not None:
        if before.request_fingerprint != asked.fingerprint:
            raise IdempotencyConflict()
        return Requested(before, replayed=True)
    order = orders.get(asked.order_id)
    left_id = refund_id_for(order.order_id, Cause.MEMBER_LEFT)
    if left_id in order.refund_ids:
        return Requested(refunds.get(left_id), replayed=True)
    amount_fen = order.refundable_fen if asked.amount_fen is None else asked.amount_fen
    _refuse_beyond_payment(order, amount_fen)
    takes_all = amount_fen == order.refundable_fen
    leaves = _leaves_group(order, takes_all, now)
    refund = new_refund(
        order,
        Cause.MEMBER_LEFT if leaves else Cause.ASKED,
        amount_fen=amount_fen,
        total_fen=order.paid_fen,
        now=now,
        ends_order=takes_all and order.undecided_fen == 0,
        request_key="" if leaves else asked.request_key,
        reason="" if leaves else asked.reason,
    )
    return Requested(refund, replayed=False)


def _refuse_beyond_payment(order: Order, amount_fen: int) -> None:
    if order.voucher_id is not None:
        raise OrderNotRefundable(NOTHING_PAID)
    if order.refundable_fen < 1 or len(order.refund_ids) >= MOST_REFUNDS_PER_ORDER:
        raise OrderNotRefundable()
    if amount_fen > order.refundable_fen:
        raise RefundExceedsPayment(context={"refundable_fen": order.refundable_fen})


def _leaves_group(order: Order, takes_all: bool, now: datetime) -> bool:
    """Whether the order waits for its group, and so is refunded by leaving it, if that is
    allowed.
    """
    if order.order_state in {OrderState.TO_SHIP, *WITH_THE_MEMBER}:
        return False
    if order.order_state is not OrderState.PAID:
        raise OrderNotRefundable()
    group = groups.get(str(order.group_id))
    if group.group_state is GroupState.COMPLETE:
        if not takes_all:
            raise GroupForming("A part cannot be refunded before the group is dealt with.")
        return False
    if not takes_all:
        raise GroupForming("A part cannot be refunded while the group is forming.")
    if group.group_state is not GroupState.FORMING or group.is_over(now):
        raise GroupOver()
    if not group.leave_allowed:
        raise GroupForming()
    return True
