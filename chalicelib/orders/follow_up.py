"""Look after an order that is due: expire it unpaid, close it once more at WeChat, tell of one that
should have been shipped, take it as received, or settle it.

Run by the sweep for every order whose due time has come; what it does is safe to do again.
"""

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, shown
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_at_wechat, close_unpaid
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.pay import pay
from chalicelib.orders.receive import receive
from chalicelib.orders.settle import settle


def follow_up(order_id: str, *, clock: Clock, wechat_pay: WechatPay) -> Order:
    """Bring one due order a step on. Raises WechatUnavailable (nothing changed), NotFound."""
    order = orders.get(order_id)
    now = clock.now()
    if order.due_at is None or order.due_at > now:
        return order
    if order.order_state is OrderState.AWAITING_PAYMENT:
        return close_unpaid(order_id, "pay_deadline", clock=clock, wechat_pay=wechat_pay)
    if order.order_state is OrderState.CANCELLED:
        _close_once_more(order, clock=clock, wechat_pay=wechat_pay)
    if order.order_state is OrderState.TO_SHIP and order.ships_by and order.ships_by <= now:
        facts = {"ships_by": shown(order.ships_by)}
        findings.record("shipping_late", order_id, facts, clock=clock)
    if order.order_state is OrderState.SHIPPED and order.receives_at and order.receives_at <= now:
        return receive(order_id, clock=clock)
    if order.order_state is OrderState.RECEIVED:
        return settle(order_id, clock=clock)
    return orders.get(order_id)


def _close_once_more(order: Order, *, clock: Clock, wechat_pay: WechatPay) -> None:
    """A prepay may have reached WeChat after we cancelled: nobody must be able to pay it."""
    payment, _ = close_at_wechat(order.order_id, wechat_pay)
    if payment is not None:
        pay(payment, clock=clock)
    else:
        orders.rest_until(order, None)
