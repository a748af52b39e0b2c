"""WeChat Pay v3 (微信支付 APIv3) over HTTPS, for one merchant in public-key mode.

Signs the very bytes it sends, verifies before it reads, and never retries by itself: whoever asks
decides whether to ask again with the same number.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chalicelib.gateways.http import Answer, Http
from chalicelib.gateways.signatures import (
    MerchantSigner,
    Unverified,
    WechatVerifier,
    decrypt,
)
from chalicelib.gateways.wechat_pay import (
    NotAuthentic,
    Notification,
    OrderClosed,
    OtherNotification,
    Payment,
    PaymentNotification,
    PayParameters,
    PrepayRequest,
    RefundNotification,
    RefundReport,
    RefundRequest,
    TradeUnknown,
)
from chalicelib.gateways.wechat_pay_answers import (
    Malformed,
    read_object,
    read_part,
    read_payment,
    read_refund,
    read_text,
    refusal_of,
)
from chalicelib.kit.clock import SystemClock
from chalicelib.kit.errors import WechatUnavailable

if TYPE_CHECKING:
    from requests import PreparedRequest, Session

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"

CURRENCY = "CNY"
DESCRIPTION_BYTES = 127
ATTACH_BYTES = 128
REASON_BYTES = 80

_PREPAY_PATH = "/v3/pay/transactions/jsapi"
_TRADES_PATH = "/v3/pay/transactions"
_REFUNDS_PATH = "/v3/refund/domestic/refunds"

_SUCCESSES = range(200, 300)
_OK, _NO_CONTENT = 200, 204

_CHINA = timezone(timedelta(hours=8))
_REFUND_EVENTS = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})


def random_nonce() -> str:
    """32 characters, as WeChat recommends for nonce_str."""
    return secrets.token_hex(16).upper()


@dataclass(frozen=True, slots=True)
class WechatPayCredentials:
    """What a merchant holds. `public_keys` maps key id (or certificate serial) to PEM text.

    `active_key_id` names the key that WeChat is asked to sign its answers with; the others are
    for notifications while keys are being changed over. The repr shows ids only.
    """

    merchant_id: str
    merchant_serial: str
    merchant_private_key_pem: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    public_keys: Mapping[str, str] = field(repr=False)
    active_key_id: str


class WechatPayV3:
    """The real `WechatPay`; the Protocol says what each method does and raises.

    `clock` gives an aware time, `nonce` a fresh text for each signature. Nothing is parsed or
    connected before the first call.
    """

    def __init__(
        self,
        credentials: WechatPayCredentials,
        *,
        clock: Callable[[], datetime] = SystemClock().now,
        nonce: Callable[[], str] = random_nonce,
        base_url: str = DEFAULT_BASE_URL,
        session_factory: "Callable[[], Session] | None" = None,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._nonce = nonce
        self._http = Http(base_url, "WeChat Pay", session_factory)
        self._signer = MerchantSigner(
            credentials.merchant_id,
            credentials.merchant_serial,
            credentials.merchant_private_key_pem,
        )
        self._verifier = WechatVerifier(credentials.public_keys)

    def prepay(self, request: PrepayRequest) -> str:
        """See `WechatPay.prepay` (JSAPI/小程序下单)."""
        content = {
            "appid": request.app_id,
            "mchid": self._credentials.merchant_id,
            "description": sendable_text(request.description, DESCRIPTION_BYTES)
            or request.out_trade_no,
            "out_trade_no": request.out_trade_no,
            "time_expire": china_time(request.time_expire),
            "attach": sendable_text(request.attach, ATTACH_BYTES),
            "notify_url": request.notify_url,
            "amount": {"total": request.amount_fen, "currency": CURRENCY},
            "payer": {"openid": request.openid},
        }
        with _unusable_when_malformed():
            return read_text(self._ask("POST", _PREPAY_PATH, content), "prepay_id")

    def pay_parameters(self, prepay_id: str, app_id: str, now: datetime) -> PayParameters:
        """See `WechatPay.pay_parameters` (小程序调起支付). The app id is signed, not passed on."""
        timestamp, nonce, package = _seconds(now), self._nonce(), f"prepay_id={prepay_id}"
        lines = (app_id, timestamp, nonce, package)
        return {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._signer.sign(*(line.encode() for line in lines)),
        }

    def query(self, out_trade_no: str) -> Payment | None:
        """See `WechatPay.query` (商户订单号查询订单)."""
        payment = self._find_payment(f"out-trade-no/{_segment(out_trade_no)}")
        if payment is not None and payment.out_trade_no != out_trade_no:
            raise _unusable("it is about another order")
        return payment

    def query_by_transaction_id(self, transaction_id: str) -> Payment | None:
        """See `WechatPay.query_by_transaction_id` (微信支付订单号查询订单)."""
        payment = self._find_payment(f"id/{_segment(transaction_id)}")
        if payment is not None and payment.transaction_id != transaction_id:
            raise _unusable("it is about another trade")
        return payment

    def close(self, out_trade_no: str) -> None:
        """See `WechatPay.close` (关闭订单)."""
        path = f"{_TRADES_PATH}/out-trade-no/{_segment(out_trade_no)}/close"
        try:
            answer = self._call("POST", path, {"mchid": self._credentials.merchant_id})
        except OrderClosed:
            return
        if answer.status not in (_OK, _NO_CONTENT):
            raise _unusable(f"status {answer.status} does not say that the order is closed")

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `WechatPay.refund` (退款申请)."""
        content = {
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
        return self._refund_report(request.out_refund_no, "POST", _REFUNDS_PATH, content)

    def query_refund(self, out_refund_no: str) -> RefundReport | None:
        """See `WechatPay.query_refund` (查询单笔退款)."""
        path = f"{_REFUNDS_PATH}/{_segment(out_refund_no)}"
        try:
            return self._refund_report(out_refund_no, "GET", path)
        except TradeUnknown:
            return None

    def read_notification(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notification:
        """See `WechatPay.read_notification` (支付成功回调通知, 退款结果回调通知)."""
        try:
            self._verifier.verify(headers, body, now)
            return self._notification(read_object(body))
        except Unverified as error:
            reason = str(error)
        except Malformed as error:
            reason = f"The notification has no good {error}."
        raise NotAuthentic(reason)

    def _notification(self, envelope: Mapping[str, Any]) -> Notification:
        notification_id = read_text(envelope, "id")
        event_type = read_text(envelope, "event_type")
        if event_type == "TRANSACTION.SUCCESS":
            return PaymentNotification(notification_id, read_payment(self._decrypted(envelope)))
        if event_type in _REFUND_EVENTS:
            content = self._decrypted(envelope)
            report = read_refund(content, status_field="refund_status")
            return RefundNotification(notification_id, read_text(content, "mchid"), report)
        return OtherNotification(notification_id, event_type)

    def _decrypted(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        resource = read_part(envelope, "resource")
        associated_data = resource.get("associated_data")
        content = decrypt(
            self._credentials.api_v3_key,
            algorithm=read_text(resource, "algorithm"),
            nonce=read_text(resource, "nonce"),
            associated_data=read_text(resource, "associated_data") if associated_data else "",
            ciphertext=read_text(resource, "ciphertext"),
        )
        return read_object(content)

    def _find_payment(self, which: str) -> Payment | None:
        merchant_id = self._credentials.merchant_id
        path = f"{_TRADES_PATH}/{which}?mchid={quote(merchant_id, safe='')}"
        try:
            with _unusable_when_malformed():
                payment = read_payment(self._ask("GET", path))
        except TradeUnknown:
            return None
        if payment.merchant_id != merchant_id:
            raise _unusable("it is about another merchant")
        return payment

    def _refund_report(
        self, out_refund_no: str, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> RefundReport:
        with _unusable_when_malformed():
            report = read_refund(self._ask(method, path, content), status_field="status")
        if report.out_refund_no != out_refund_no:
            raise _unusable("it is about another refund")
        return report

    def _ask(
        self, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Call, and read the JSON object that a 200 must hold."""
        return read_object(self._call(method, path, content).body)

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Answer:
        """Sign, send, verify. Returns 2xx answers that are WeChat's; raises for all others.

        WeChat signs its 2xx answers only, the empty 204 included, so only those can be verified.
        """
        # Asked first: without this key no answer could be believed, whatever it had caused.
        self._verifier.require_key(self._credentials.active_key_id)
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Wechatpay-Serial": self._credentials.active_key_id,
        }
        body = None if content is None else serialise(content)
        answer = self._http.call(method, path, headers=headers, body=body, authorize=self._sign)
        if answer.status not in _SUCCESSES:
            raise refusal_of(answer)
        try:
            self._verifier.verify(answer.headers, answer.body, self._clock())
        except Unverified as error:
            reason = str(error)
        else:
            return answer
        raise _unusable(reason)

    def _sign(self, prepared: "PreparedRequest") -> "PreparedRequest":
        """Sign the request as it stands on the wire: its path, its query, its body bytes."""
        body = prepared.body or b""
        prepared.headers["Authorization"] = self._signer.authorization(
            str(prepared.method),
            prepared.path_url,
            body if isinstance(body, bytes) else body.encode(),
            timestamp=_seconds(self._clock()),
            nonce=self._nonce(),
        )
        return prepared


def serialise(content: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON without absent values: WeChat takes no null (WeChat Pay v3, 基本规则)."""
    present = {name: value for name, value in content.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode()


def sendable_text(text: str | None, limit_bytes: int) -> str | None:
    """What of a text WeChat takes: UTF-8 of one to three bytes, no control characters, cut.

    None when nothing is left. Whether WeChat counts characters or bytes is documented either way;
    a cut by bytes satisfies both.
    """
    if text is None:
        return None
    kept = "".join(character for character in text if _is_sendable(character))
    tidy = " ".join(kept.split())
    return tidy.encode()[:limit_bytes].decode(errors="ignore").strip() or None


def china_time(when: datetime) -> str:
    """RFC 3339 in whole seconds at +08:00, as in WeChat's examples. Naive times are refused."""
    if when.tzinfo is None:
        raise ValueError("a time without an offset cannot be sent")
    return when.astimezone(_CHINA).isoformat(timespec="seconds")


def _is_sendable(character: str) -> bool:
    is_surrogate = "\ud800" <= character <= "\udfff"
    is_emoji_joint = character in "\u200d\ufe0f"  # Left over once the emoji around it is gone.
    is_control = character < " " and not character.isspace()
    return character <= "\uffff" and not (is_surrogate or is_emoji_joint or is_control)


def _seconds(when: datetime) -> str:
    return str(int(when.timestamp()))


def _segment(number: str) -> str:
    """One path segment; a number made of dots would be read as a way up the path."""
    if not number.strip("."):
        raise ValueError("an order or refund number cannot be empty or only dots")
    return quote(number, safe="")


@contextmanager
def _unusable_when_malformed() -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        raise _unusable(f"it has no good {error}") from None


def _unusable(reason: str) -> WechatUnavailable:
    return WechatUnavailable(f"WeChat Pay's answer cannot be used: {reason}; outcome unknown.")
