"""End an order that has not been paid: ask WeChat, close it there, and only then give its seat,
stock and limit away.

If WeChat says it is paid after all, it is treated as paid. If WeChat cannot be reached, nothing
changes and WechatUnavailable is raised.
"""

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_pay import (
    AlreadyPaid,
    Payment,
    RefusedByWechat,
    TradeUnknown,
    WechatPay,
)
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain, WechatUnavailable
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import UNPAID, Order, OrderState
from chalicelib.orders.pay import pay, require_group

logger = Logger()

CLOSED_TRADE_STATES = frozenset({"CLOSED", "REVOKED", "PAYERROR"})
"""Nobody can pay such a trade any more, and closing it again says nothing new."""

CLOSE_AGAIN_SECONDS = 120
"""After this, a prepay that was under way while we closed has long ended: API Gateway gives up
after 30 s.
"""


def close_unpaid(order_id: str, reason: str, *, clock: Clock, wechat_pay: WechatPay) -> Order:
    """The order as it is afterwards: cancelled, paid after all, or as it was when it no longer
    awaits payment.

    Raises WechatUnavailable (nothing changed), NotFound.

    """
    order = orders.get(order_id)
    if order.order_state is not OrderState.AWAITING_PAYMENT:
        return order
    payment, known = close_at_wechat(order_id, wechat_pay)
    if payment is not None:
        pay(payment, clock=clock)
    else:
        until_settled(lambda: _release(order_id, reason, known=known, clock=clock))
    return orders.get(order_id)


def close_at_wechat(order_id: str, wechat_pay: WechatPay) -> tuple[Payment | None, bool]:
    """Make sure it cannot be paid any more. The payment when it is paid already; whether WeChat
    knew it at all. Raises WechatUnavailable, also when WeChat refuses to close what is unpaid.
    """
    try:
        return _close(order_id, wechat_pay)
    except RefusedByWechat as refused:
        logger.error("close_refused", alarm="close_refused", order_id=order_id, code=refused.code)
        raise WechatUnavailable(f"WeChat refuses to close {order_id}: {refused.code}.") from refused


def _close(order_id: str, wechat_pay: WechatPay) -> tuple[Payment | None, bool]:
    payment = wechat_pay.query(order_id)
    if payment is None:
        return None, False
    if payment.is_paid:
        return payment, True
    if payment.trade_state in CLOSED_TRADE_STATES:
        return None, True
    try:
        wechat_pay.close(order_id)
    except AlreadyPaid:
        payment = wechat_pay.query(order_id)
        if payment is None or not payment.is_paid:
            raise TryAgain("WeChat says paid and unpaid at once.") from None
        return payment, True
    except TradeUnknown:
        return None, False
    return None, True


def _release(order_id: str, reason: str, *, known: bool, clock: Clock) -> None:
    order, group = _read(order_id)
    if order.order_state is not OrderState.AWAITING_PAYMENT:
        return
    require_group(order, group)
    now = clock.now()
    due_at = None if known else after(now, CLOSE_AGAIN_SECONDS)
    writes = WriteSet()
    orders.mark_cancelled(writes, order, reason=reason, now=now, due_at=due_at)
    give_back(writes, order, UNPAID, group=group, now=now)
    writes.commit()


def _read(order_id: str) -> tuple[Order, Group | None]:
    order = orders.get(order_id)
    if order.seat_group_id is None:
        return order, None
    key = groups.group_key(order.seat_group_id)
    return order, groups.group_of(read(key).find(key))
