"""What WeChat Pay says, read into our values: trades, refunds, transfers, refusals. Pure.

Never guesses: what lacks a field, or has one of another kind, is Malformed.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast, get_args
from urllib.parse import urlsplit, urlunsplit

from chalicelib.gateways.http import Answer
from chalicelib.gateways.malformed import Malformed
from chalicelib.gateways.wechat_pay import (
    AlreadyPaid,
    BillNotReady,
    NoBill,
    NotEnoughBalance,
    OrderClosed,
    Payment,
    RefundReport,
    RefundStatus,
    RefusedByWechat,
    RequestDiffers,
    TradeUnknown,
    normal_code,
)
from chalicelib.gateways.wechat_transfers import TransferReport, TransferState
from chalicelib.kit.errors import WechatUnavailable

MESSAGE_CHARACTERS = 200

_REFUSED_STATUSES = range(400, 500)
_TOO_MANY_REQUESTS = 429

_REFUSALS: Mapping[str, type[RefusedByWechat]] = {
    "ORDERPAID": AlreadyPaid,
    "ORDERCLOSED": OrderClosed,
    "OUTTRADENOUSED": RequestDiffers,
    "ORDERNOTEXIST": TradeUnknown,
    "RESOURCENOTEXISTS": TradeUnknown,
    "NOTFOUND": TradeUnknown,
    "NOTENOUGH": NotEnoughBalance,
    "NOSTATEMENTEXIST": NoBill,
    "STATEMENTCREATING": BillNotReady,
}

_REFUSALS_BY_NUMBER: Mapping[str, type[RefusedByWechat]] = {
    "268498688": RequestDiffers,
    "268498689": AlreadyPaid,
    "268449538": AlreadyPaid,
    "268447914": OrderClosed,
}
"""Several business refusals share INVALID_REQUEST; the number that ends Request-ID tells them
apart (WeChat Pay v3, 基本规则: the id of a request ends in its error code)."""

_OUTCOME_UNKNOWN = re.compile(
    "(FREQUENCY|RATE)LIMIT.*|SYSTEMERROR|BANKERROR|SERVICEUNAVAILABLE|BIZERRNEEDRETRY"
)
"""Whatever the status: to be asked again with the same values, so never a definite no."""


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in these bytes."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Malformed("JSON object")
    return content


def read_text(content: Mapping[str, Any], name: str) -> str:
    """A text that must be there and not be empty."""
    text = content.get(name)
    if not isinstance(text, str) or not text:
        raise Malformed(name)
    return text


def read_part(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within the object."""
    part = content.get(name)
    if not isinstance(part, dict):
        raise Malformed(name)
    return part


def read_payment(content: Mapping[str, Any]) -> Payment:
    """A trade, as a query answers and a notification carries it (商户订单号查询订单).

    Raises Malformed, also for a paid trade without transaction id or amount.
    """
    amount = read_part(content, "amount") if content.get("amount") is not None else {}
    payer = read_part(content, "payer") if content.get("payer") is not None else {}
    payment = Payment(
        merchant_id=read_text(content, "mchid"),
        app_id=read_text(content, "appid"),
        out_trade_no=read_text(content, "out_trade_no"),
        transaction_id=_find_text(content, "transaction_id"),
        trade_state=read_text(content, "trade_state"),
        amount_fen=_find_fen(amount, "total"),
        currency=_find_text(amount, "currency"),
        payer_openid=_find_text(payer, "openid"),
        success_time=_find_time(content, "success_time"),
        attach=_find_text(content, "attach"),
    )
    if payment.is_paid and None in (payment.transaction_id, payment.amount_fen):
        raise Malformed("transaction_id or amount of a paid trade")
    return payment


def read_refund(content: Mapping[str, Any], *, status_field: str) -> RefundReport:
    """A refund: `status_field` is "status" in answers and "refund_status" in notifications."""
    status = read_text(content, status_field)
    amount_fen = _find_fen(read_part(content, "amount"), "refund")
    if amount_fen is None:
        raise Malformed("amount.refund")
    return RefundReport(
        out_refund_no=read_text(content, "out_refund_no"),
        out_trade_no=read_text(content, "out_trade_no"),
        refund_id=read_text(content, "refund_id"),
        refund_status=_refund_status(status),
        amount_fen=amount_fen,
        success_time=_find_time(content, "success_time"),
        created_at=_find_time(content, "create_time"),
    )


def read_transfer(content: Mapping[str, Any]) -> TransferReport:
    """A transfer, as any answer about one has it, and a notification (商家转账回调通知)."""
    return TransferReport(
        out_bill_no=read_text(content, "out_bill_no"),
        transfer_bill_no=_find_text(content, "transfer_bill_no"),
        transfer_state=_transfer_state(read_text(content, "state")),
        amount_fen=_find_fen(content, "transfer_amount"),
        openid=_find_text(content, "openid"),
        package_info=_find_text(content, "package_info"),
        fail_reason=_find_text(content, "fail_reason"),
        created_at=_find_time(content, "create_time"),
        updated_at=_find_time(content, "update_time"),
    )


def read_bill_address(content: Mapping[str, Any]) -> tuple[str, str]:
    """Path with query, and SHA-1, of a bill's file (申请账单). The host is not looked at: a signed
    request goes to none but ours.
    """
    if read_text(content, "hash_type") != "SHA1":
        raise Malformed("hash_type")
    address = urlsplit(read_text(content, "download_url"))
    if not address.path.startswith("/v3/"):
        raise Malformed("download_url")
    path = urlunsplit(("", "", address.path, address.query, ""))
    return path, read_text(content, "hash_value").lower()


def refusal_of(answer: Answer) -> RefusedByWechat | WechatUnavailable:
    """What an answer outside 2xx means: a definite no, or an outcome that nobody knows.

    Decided by code and number, never by the message (WeChat Pay v3, 错误码). A 4xx that is not
    WeChat's JSON comes from something in between and says nothing about the request.
    """
    request_id = answer.headers.get("request-id", "")
    unknown = WechatUnavailable(
        f"WeChat Pay answered with status {answer.status} [{request_id}]; the outcome is unknown."
    )
    if answer.status not in _REFUSED_STATUSES or answer.status == _TOO_MANY_REQUESTS:
        return unknown
    try:
        content = read_object(answer.body)
        code = read_text(content, "code")
    except Malformed:
        return unknown
    if _OUTCOME_UNKNOWN.fullmatch(normal_code(code)):
        return unknown
    number = request_id.rpartition("-")[2]
    kind = _REFUSALS_BY_NUMBER.get(number) or _REFUSALS.get(normal_code(code), RefusedByWechat)
    message = str(content.get("message", ""))[:MESSAGE_CHARACTERS]
    return kind(code, message, answer.status, request_id)


def _refund_status(status: str) -> RefundStatus:
    if status not in get_args(RefundStatus):
        raise Malformed("refund status")
    return cast(RefundStatus, status)


def _transfer_state(state: str) -> TransferState:
    if state not in get_args(TransferState):
        raise Malformed("transfer state")
    return cast(TransferState, state)


def _find_text(content: Mapping[str, Any], name: str) -> str | None:
    text = content.get(name)
    if text is not None and not isinstance(text, str):
        raise Malformed(name)
    return text or None


def _find_fen(content: Mapping[str, Any], name: str) -> int | None:
    amount_fen = content.get(name)
    if amount_fen is None:
        return None
    if type(amount_fen) is not int or amount_fen < 0:
        raise Malformed(name)
    return amount_fen


def _find_time(content: Mapping[str, Any], name: str) -> datetime | None:
    text = _find_text(content, name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise Malformed(name)
    return time
