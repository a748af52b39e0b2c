"""Take WeChat's word of a complaint (支付者投诉通知), once it is authentic: a person is told its
number and what happened, once for each notification, however often and for how long it is repeated.

Returning means durable: the caller answers 204 only after that. Nothing of what the payer says is
kept here; the merchant platform has it.
"""

from collections.abc import Mapping

from chalicelib.gateways.wechat_pay import ComplaintNotification, WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.counters import count, limit_row_key
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed, WriteSet

_REPEATED_FOR_SECONDS = 8 * 24 * 3600
"""WeChat repeats what is not acknowledged for a week."""


def take_complaint(
    headers: Mapping[str, str], body: bytes, *, clock: Clock, wechat_pay: WechatPay
) -> None:
    """Raises NotAuthentic (to be answered 401) and WechatUnavailable while WeChat Pay is switched
    off, TryAgain when it cannot be stored.
    """
    notification = wechat_pay.read_notification(headers, body, clock.now())
    if not isinstance(notification, ComplaintNotification):
        facts = {"at": "complaints"}
        findings.record("unexpected_notification", notification.id, facts, clock=clock, must=True)
        return
    told_key = f"complaint#{notification.id}"
    key = limit_row_key(told_key)
    if read(key).find(key) is not None:
        return
    facts = {"action": notification.action}
    findings.record(
        "complaint",
        notification.complaint_id,
        facts,
        clock=clock,
        must=True,
        same=(notification.id,),
    )
    ends_at = after(clock.now(), _REPEATED_FOR_SECONDS)
    writes = WriteSet()
    count(writes, told_key, 1, limit=1, ends_at=ends_at, refusal=Changed)
    try:
        writes.commit()
    except Changed:  # a copy that came at the same moment has told it too, as the same finding
        return
