"""Ask WeChat how an order stands that looks unpaid: a client is back from `wx.requestPayment`
before the notification is.

At most once per three seconds and order; in between, the order as it is.
"""

from chalicelib.gateways.wechat_pay import RefusedByWechat, WechatPay
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.pay import pay

SECONDS_BETWEEN_CHECKS = 3


def check_payment(order: Order, *, clock: Clock, wechat_pay: WechatPay) -> Order:
    """The order as it is afterwards. A silent WeChat changes nothing: the notification or the
    sweep will tell.
    """
    if order.order_state is not OrderState.AWAITING_PAYMENT:
        return order
    now = clock.now()
    not_since = after(now, -SECONDS_BETWEEN_CHECKS)
    if not orders.mark_checked(order.order_id, now=now, not_since=not_since):
        return orders.get(order.order_id)
    try:
        payment = wechat_pay.query(order.order_id)
    except (WechatUnavailable, RefusedByWechat):
        return order
    if payment is not None and payment.is_paid:
        pay(payment, clock=clock)
    return orders.get(order.order_id)
