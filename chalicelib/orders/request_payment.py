"""Ask WeChat for a payment (预支付) and hand out what `wx.requestPayment` takes, while the order
awaits payment.

Parameters leave only after a conditional write that the order still awaits payment; if it does
not, the trade is closed again.
"""

from dataclasses import dataclass
from enum import StrEnum

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_pay import (
    AlreadyPaid,
    OrderClosed,
    PayParameters,
    PrepayRequest,
    RefusedByWechat,
    WechatPay,
)
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.kit.writes import Changed
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_at_wechat
from chalicelib.orders.errors import OrderNotPayable
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.pay import pay

logger = Logger()


class PaymentState(StrEnum):
    """What a client can do about paying."""

    READY = "ready"
    """`payment` goes into `wx.requestPayment`."""
    NOT_DUE = "not_due"
    """Nothing is to be paid, now or any more."""
    UNAVAILABLE = "unavailable"
    """The order stands, WeChat could not be reached: ask again."""


@dataclass(frozen=True)
class Prepared:
    """Pay parameters, or why there are none."""

    payment: PayParameters | None
    payment_state: PaymentState


def request_payment(
    order: Order, *, clock: Clock, wechat_pay: WechatPay, notify_url: str
) -> Prepared:
    """Fresh pay parameters. Raises OrderNotPayable when it is paid, cancelled or out of time."""
    if order.order_state is not OrderState.AWAITING_PAYMENT or clock.now() >= order.pay_deadline:
        raise OrderNotPayable()
    request = PrepayRequest(
        out_trade_no=order.order_id,
        description=order.title,
        amount_fen=order.amount_fen,
        openid=order.openid,
        app_id=order.app_id,
        notify_url=notify_url,
        time_expire=order.time_expire,
        attach=order.seat_group_id,
    )
    try:
        prepay_id = wechat_pay.prepay(request)
    except WechatUnavailable:
        return Prepared(None, PaymentState.UNAVAILABLE)
    except AlreadyPaid:
        _take_what_was_paid(order, clock=clock, wechat_pay=wechat_pay)
        raise OrderNotPayable("It is paid already.") from None
    except OrderClosed:
        raise OrderNotPayable() from None
    except RefusedByWechat as refused:
        logger.error(
            "prepay_refused", alarm="prepay_refused", order_id=order.order_id, code=refused.code
        )
        return Prepared(None, PaymentState.UNAVAILABLE)
    try:
        orders.mark_prepared(order.order_id, now=clock.now())
    except Changed:
        _close_again(order, clock=clock, wechat_pay=wechat_pay)
        raise OrderNotPayable() from None
    parameters = wechat_pay.pay_parameters(prepay_id, order.app_id, clock.now())
    return Prepared(parameters, PaymentState.READY)


def prepare(order: Order, *, clock: Clock, wechat_pay: WechatPay, notify_url: str) -> Prepared:
    """The same for an order just placed or found again: nothing due instead of a refusal."""
    try:
        return request_payment(order, clock=clock, wechat_pay=wechat_pay, notify_url=notify_url)
    except OrderNotPayable:
        return Prepared(None, PaymentState.NOT_DUE)


def _take_what_was_paid(order: Order, *, clock: Clock, wechat_pay: WechatPay) -> None:
    """If WeChat is silent just now, its notification or the sweep will tell."""
    try:
        payment = wechat_pay.query(order.order_id)
    except (WechatUnavailable, RefusedByWechat):
        return
    if payment is not None and payment.is_paid:
        pay(payment, clock=clock)


def _close_again(order: Order, *, clock: Clock, wechat_pay: WechatPay) -> None:
    """It ended while WeChat was preparing it. If even this fails, the cancelled order is still due
    for a look.
    """
    try:
        payment, _ = close_at_wechat(order.order_id, wechat_pay)
    except WechatUnavailable:
        return
    if payment is not None:
        pay(payment, clock=clock)
