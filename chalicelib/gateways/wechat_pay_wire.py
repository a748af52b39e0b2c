"""How our values look on WeChat Pay's wire: bodies, texts, times, path segments. Pure.

Also the one way to say that an answer cannot be used.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from chalicelib.gateways.malformed import Malformed
from chalicelib.gateways.wechat_bills import BillKind
from chalicelib.gateways.wechat_pay import PrepayRequest, RefundRequest
from chalicelib.gateways.wechat_transfers import TransferRequest
from chalicelib.kit.errors import WechatUnavailable

CURRENCY = "CNY"
DESCRIPTION_BYTES = 127
ATTACH_BYTES = 128
REASON_BYTES = 80
REMARK_CHARACTERS = 32
REPORT_CHARACTERS = 32

_CHINA = timezone(timedelta(hours=8))


def prepay_content(request: PrepayRequest, merchant_id: str) -> dict[str, Any]:
    """The body of JSAPI/小程序下单."""
    return {
        "appid": request.app_id,
        "mchid": merchant_id,
        "description": sendable_text(request.description, DESCRIPTION_BYTES)
        or request.out_trade_no,
        "out_trade_no": request.out_trade_no,
        "time_expire": china_time(request.time_expire),
        "attach": sendable_text(request.attach, ATTACH_BYTES),
        "notify_url": request.notify_url,
        "amount": {"total": request.amount_fen, "currency": CURRENCY},
        "payer": {"openid": request.openid},
    }


def refund_content(request: RefundRequest) -> dict[str, Any]:
    """The body of 退款申请."""
    return {
        "out_trade_no": request.out_trade_no,
        "out_refund_no": request.out_refund_no,
        "reason": sendable_text(request.reason, REASON_BYTES),
        "notify_url": request.notify_url,
        "amount": {
            "refund": request.amount_fen,
            "total": request.total_fen,
            "currency": CURRENCY,
        },
    }


def transfer_content(request: TransferRequest, sealed_user_name: str | None) -> dict[str, Any]:
    """The body of 发起转账. The scene's report goes out in one order, however it was given."""
    return {
        "appid": request.app_id,
        "out_bill_no": request.out_bill_no,
        "transfer_scene_id": request.scene_id,
        "openid": request.openid,
        "user_name": sealed_user_name,
        "transfer_amount": request.amount_fen,
        "transfer_remark": sendable_characters(request.remark, REMARK_CHARACTERS)
        or request.out_bill_no,
        "notify_url": request.notify_url,
        "transfer_scene_report_infos": [
            {
                "info_type": info_type,
                "info_content": sendable_characters(info_content, REPORT_CHARACTERS) or "",
            }
            for info_type, info_content in sorted(request.scene_report.items())
        ],
    }


def bill_path(kind: BillKind, day: str) -> str:
    """申请交易账单, 申请资金账单: packed, since a bill is mostly repetition."""
    if kind is BillKind.TRADE:
        return f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"
    account = "BASIC" if kind is BillKind.BASIC else "OPERATION"
    return f"/v3/bill/fundflowbill?bill_date={day}&account_type={account}&tar_type=GZIP"


def serialise(content: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON without absent values: WeChat takes no null (WeChat Pay v3, 基本规则)."""
    present = {name: value for name, value in content.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode()


def sendable_text(text: str | None, limit_bytes: int) -> str | None:
    """What of a text WeChat takes: UTF-8 of one to three bytes, no control characters, cut.

    None when nothing is left. Whether WeChat counts characters or bytes is documented either way;
    a cut by bytes satisfies both.
    """
    return _tidy(text).encode()[:limit_bytes].decode(errors="ignore").strip() or None


def sendable_characters(text: str | None, limit_characters: int) -> str | None:
    """The same for a text whose limit WeChat documents in characters, as transfers' are."""
    return _tidy(text)[:limit_characters].strip() or None


def china_time(when: datetime) -> str:
    """RFC 3339 in whole seconds at +08:00, as in WeChat's examples. Naive times are refused."""
    if when.tzinfo is None:
        raise ValueError("a time without an offset cannot be sent")
    return when.astimezone(_CHINA).isoformat(timespec="seconds")


def unix_seconds(when: datetime) -> str:
    """Whole seconds since 1970, in decimal."""
    return str(int(when.timestamp()))


def path_segment(number: str) -> str:
    """One path segment; a number made of dots would be read as a way up the path."""
    if not number.strip("."):
        raise ValueError("a number in a path cannot be empty or only dots")
    return quote(number, safe="")


@contextmanager
def unusable_when_malformed() -> Iterator[None]:
    """Turn Malformed into WechatUnavailable: an answer that is not legible says nothing."""
    try:
        yield
    except Malformed as error:
        raise unusable(f"it has no good {error}") from None


def unusable(reason: str) -> WechatUnavailable:
    """What to raise when an answer came and cannot be believed or read."""
    return WechatUnavailable(f"WeChat Pay's answer cannot be used: {reason}; outcome unknown.")


def _tidy(text: str | None) -> str:
    kept = "".join(character for character in text or "" if _is_sendable(character))
    return " ".join(kept.split())


def _is_sendable(character: str) -> bool:
    is_surrogate = "\ud800" <= character <= "\udfff"
    is_emoji_joint = character in "\u200d\ufe0f"  # Left over once the emoji around it is gone.
    is_control = character < " " and not character.isspace()
    return character <= "\uffff" and not (is_surrogate or is_emoji_joint or is_control)
