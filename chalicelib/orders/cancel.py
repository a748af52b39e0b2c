"""Cancel an order that has not been paid (取消订单), by its member or by an operator."""

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.clock import Clock
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.model import Order, OrderState


def cancel(order_id: str, reason: str, *, clock: Clock, wechat_pay: WechatPay) -> Order:
    """The cancelled order; cancelling twice is once. Raises OrderNotCancellable when it is paid
    (or turns out to be), WechatUnavailable when WeChat cannot be asked (nothing changed).

    """
    order = orders.get(order_id)
    if order.order_state is OrderState.AWAITING_PAYMENT:
        order = close_unpaid(order_id, reason, clock=clock, wechat_pay=wechat_pay)
    if order.order_state is not OrderState.CANCELLED:
        raise OrderNotCancellable()
    return order
