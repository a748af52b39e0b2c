"""Cancel one's order (取消订单 / 退团): before payment it is cancelled; after it, leaving a
forming group where that is allowed.
"""

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups.errors import GroupOver
from chalicelib.groups.leave import leave
from chalicelib.kit.clock import Clock
from chalicelib.orders.cancel import cancel
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.model import Order, OrderState
from chalicelib.refunds.model import Cause, refund_id_for


def cancel_order(order: Order, *, clock: Clock, wechat_pay: WechatPay) -> Order:
    """The order as it is afterwards; twice is once. Raises OrderNotCancellable,
    GroupForming, WechatUnavailable (nothing changed).
    """
    if refund_id_for(order.order_id, Cause.MEMBER_LEFT) in order.refund_ids:
        return order
    if order.voucher_id is not None and order.order_state is OrderState.CANCELLED:
        return order
    if order.order_state is not OrderState.PAID:
        return cancel(order.order_id, "member", clock=clock, wechat_pay=wechat_pay)
    try:
        return leave(order.order_id, clock=clock)
    except GroupOver as over:
        raise OrderNotCancellable(str(over)) from over
