"""What WeChat Pay tells a merchant: the envelope, sealed and signed, and the ways to spoil it.

Owns one notification's bytes and headers. When it is sent, and how often, is `outbox`'s.
"""

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.ids import Ids, beijing_time
from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.signing import (
    CLOCK_TOLERANCE_SECONDS,
    broken_signature,
    seal,
    signature_headers,
)
from infra.local.wechat.validation import Json

SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
    "MCHTRANSFER.BILL.FINISHED": "商家转账单据终态通知",
    "COMPLAINT.CREATE": "产生新投诉",
    "COMPLAINT.STATE_CHANGE": "投诉状态变化",
    "SECURITY_ECHO.SUCCESS": "回显成功",
}

MESSAGE = "message"
"""The original type of what is about the mini-program: `messages` composes it."""

FORGERIES = ("signature", "signtest", "timestamp", "serial", "body", "key")
"""Not to be believed. `key` is well signed but sealed with another APIv3 key."""

SIGNTEST_PREFIX = "WECHATPAY/SIGNTEST/"
STRANGE_KEY_ID = "PUB_KEY_ID_0114" + "9" * 26


@dataclass(frozen=True)
class Notification:
    """Something that happened once. Every copy of it carries the same id and content."""

    event_id: str
    event_type: str
    original_type: str
    content: Json
    created_at: datetime


@dataclass(frozen=True)
class Message:
    """`query` belongs to the URL, with its question mark."""

    headers: dict[str, str]
    body: bytes
    query: str = ""


def compose(
    notification: Notification,
    corrupt: str | None,
    credentials: Credentials,
    ids: Ids,
    now: datetime,
) -> Message:
    """One copy, signed at `now` in real time; spoiled when `corrupt` names a kind."""
    content = notification.content
    if corrupt in DISTORTIONS:
        content = distorted(content, corrupt)
    api_v3_key = credentials.api_v3_key
    if corrupt == "key":
        api_v3_key = api_v3_key[::-1] if api_v3_key != api_v3_key[::-1] else "0" * 32
    body = _envelope(notification, content, api_v3_key, ids.hexadecimal(12))
    seconds = int(now.timestamp())
    if corrupt == "timestamp":
        seconds -= CLOCK_TOLERANCE_SECONDS
    headers = signature_headers(credentials.active_key, str(seconds), ids.nonce(), body)
    headers["Content-Type"] = "application/json"
    headers["Accept"] = "*/*"
    headers["User-Agent"] = "Mozilla/4.0"
    headers["Request-ID"] = ids.request_id(0)
    if corrupt == "signature":
        headers["Wechatpay-Signature"] = broken_signature(headers["Wechatpay-Signature"])
    elif corrupt == "signtest":
        probe = base64.b64encode(bytes.fromhex(ids.hexadecimal(472))).decode("ascii")
        headers["Wechatpay-Signature"] = SIGNTEST_PREFIX + probe
    elif corrupt == "serial":
        headers["Wechatpay-Serial"] = STRANGE_KEY_ID
    elif corrupt == "body":
        body = body.replace(notification.event_id.encode(), ids.event_id().encode())
    return Message(headers, body)


def _envelope(notification: Notification, content: Json, api_v3_key: str, nonce: str) -> bytes:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    envelope = {
        "id": notification.event_id,
        "create_time": beijing_time(notification.created_at),
        "resource_type": "encrypt-resource",
        "event_type": notification.event_type,
        "summary": SUMMARIES[notification.event_type],
        "resource": {
            "original_type": notification.original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": seal(api_v3_key, nonce, notification.original_type, plain),
            "associated_data": notification.original_type,
            "nonce": nonce,
        },
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def distorted(content: Json, kind: str) -> Json:
    """The content with one thing wrong in it. Raises KeyError where it has no such thing."""
    wrong = copy.deepcopy(content)
    DISTORTIONS[kind](wrong)
    return wrong


def refuse_senseless(corrupt: str | None, content: Json) -> None:
    """A refund's notification has no currency to get wrong, a transfer's no app id either."""
    if corrupt not in DISTORTIONS:
        return
    try:
        distorted(content, corrupt)
    except KeyError:
        message = f"this notification has no {corrupt} to get wrong"
        raise ControlRefusal(422, "invalid_request", message) from None


def _distort_amount(content: Json) -> None:
    if "transfer_amount" in content:
        content["transfer_amount"] += 1
        return
    for name in ("refund", "payer_refund") if "refund_id" in content else ("total", "payer_total"):
        content["amount"][name] += 1


def _distort_currency(content: Json) -> None:
    for name in ("currency", "payer_currency"):
        content["amount"][name] = {"CNY": "USD"}[content["amount"][name]]


def _distort_merchant(content: Json) -> None:
    name = "mch_id" if "mch_id" in content else "mchid"
    content[name] = _other_digit(content[name])


def _distort_app(content: Json) -> None:
    content["appid"] = content["appid"][:-1] + ("1" if content["appid"][-1] == "0" else "0")


def _distort_order(content: Json) -> None:
    name = "out_bill_no" if "out_bill_no" in content else "out_trade_no"
    content[name] = _other_digit(content[name])


def _other_digit(number: str) -> str:
    return number[:-1] + ("1" if number[-1] == "0" else "0")


DISTORTIONS: dict[str, Callable[[Json], None]] = {
    "amount": _distort_amount,
    "currency": _distort_currency,
    "merchant": _distort_merchant,
    "appid": _distort_app,
    "order": _distort_order,
}
"""Authentic, that is signed and sealed as it should be, but the content is off. `order` names
an order nobody placed, or a transfer nobody asked for."""

CORRUPT_KINDS = (*FORGERIES, *DISTORTIONS)
