"""Take WeChat's word of a transfer (商家转账通知): believe it only once it is authentic and about
our merchant.

Returning means durable: the caller answers 204 only after that. States are the business of
settle.py.
"""

from collections.abc import Mapping

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.gateways.wechat_transfers import TransferNotification
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.withdrawals.settle import settle


def take_notification(
    headers: Mapping[str, str],
    body: bytes,
    *,
    merchant_id: str,
    clock: Clock,
    wechat_pay: WechatPay,
) -> None:
    """Raises NotAuthentic (to be answered 401) and WechatUnavailable while WeChat Pay is switched
    off.
    """
    notification = wechat_pay.read_notification(headers, body, clock.now())
    if not isinstance(notification, TransferNotification):
        facts = {"at": "transfers"}
        findings.record("unexpected_notification", notification.id, facts, clock=clock, must=True)
        return
    if notification.merchant_id != merchant_id:
        facts = {"merchant_id": notification.merchant_id}
        number = notification.report.out_bill_no
        findings.record("foreign_transfer", number, facts, clock=clock, must=True)
        return
    settle(notification.report, clock=clock, must=True)
