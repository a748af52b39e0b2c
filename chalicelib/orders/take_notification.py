"""Take WeChat's word of a payment (支付通知): believe it only once it is authentic and about our
merchant and app.

Returning means durable: the caller answers 204 only after that. Amounts and states are the
business of pay.py.
"""

from collections.abc import Mapping

from chalicelib.gateways.wechat_pay import PaymentNotification, WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.orders.pay import pay


def take_notification(
    headers: Mapping[str, str],
    body: bytes,
    *,
    merchant_id: str,
    app_ids: tuple[str, ...],
    clock: Clock,
    wechat_pay: WechatPay,
) -> None:
    """Raises NotAuthentic (to be answered 401) and WechatUnavailable while WeChat Pay is switched
    off.
    """
    notification = wechat_pay.read_notification(headers, body, clock.now())
    if not isinstance(notification, PaymentNotification):
        facts = {"at": "payments"}
        findings.record("unexpected_notification", notification.id, facts, clock=clock, must=True)
        return
    payment = notification.payment
    if payment.merchant_id != merchant_id or payment.app_id not in app_ids:
        facts = {"merchant_id": payment.merchant_id, "app_id": payment.app_id}
        findings.record("foreign_payment", payment.out_trade_no, facts, clock=clock, must=True)
        return
    if payment.is_paid:
        pay(payment, clock=clock)
