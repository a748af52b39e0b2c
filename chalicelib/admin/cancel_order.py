"""Command: cancel an order that has not been paid, `{order_id, reason}`; twice is once. Also one
that costs its member nothing and is not shipped yet, such as a free leader's.

Whatever WeChat already took is kept as paid, and the command refused.
"""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.orders import store as orders
from chalicelib.orders.cancel import cancel
from chalicelib.orders.end_free import end_free, refuse_to_end
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.model import Order, OrderState
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which order, and why; the reason stays on the order."""

    order_id: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=200)]


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises OrderNotCancellable, WechatUnavailable (nothing changed), NotFound."""
    before = orders.get(payload.order_id)
    is_free = before.is_free and before.order_state is not OrderState.AWAITING_PAYMENT
    ends_free = is_free and before.order_state is OrderState.TO_SHIP
    changes = before.order_state is OrderState.AWAITING_PAYMENT or ends_free
    if payload.dry_run:
        order = _check(before)
    elif is_free:
        order = end_free(payload.order_id, payload.reason, clock=wiring.clock)
    else:
        order = cancel(
            payload.order_id, payload.reason, clock=wiring.clock, wechat_pay=wiring.wechat_pay
        )
    return {
        "order_id": order.order_id,
        "status": order.order_state.value,
        "cancel_reason": order.cancel_reason,
        "outcome": "cancelled" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }


def _check(order: Order) -> Order:
    """The order as it is. WeChat is not asked, so it may turn out to be paid after all."""
    if order.is_free and order.order_state is OrderState.TO_SHIP:
        refuse_to_end(order)
        return order
    if order.is_free and order.order_state in (OrderState.REFUNDING, OrderState.REFUNDED):
        return order
    if order.order_state not in (OrderState.AWAITING_PAYMENT, OrderState.CANCELLED):
        raise OrderNotCancellable()
    return order
