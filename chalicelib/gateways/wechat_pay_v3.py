"""WeChat Pay v3 (微信支付 APIv3) over HTTPS, for one merchant in public-key mode.

Signs the very bytes it sends, verifies before it reads, and never retries by itself: whoever asks
decides whether to ask again with the same number.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chalicelib.gateways.http import Answer, Http
from chalicelib.gateways.malformed import Malformed
from chalicelib.gateways.signatures import (
    MerchantSigner,
    Unverified,
    WechatVerifier,
    decrypt,
)
from chalicelib.gateways.wechat_bills import Bill, BillKind, read_bill, unpacked
from chalicelib.gateways.wechat_pay import (
    ComplaintNotification,
    NoBill,
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
    RefusedByWechat,
    TradeUnknown,
)
from chalicelib.gateways.wechat_pay_answers import (
    read_bill_address,
    read_object,
    read_part,
    read_payment,
    read_refund,
    read_text,
    read_transfer,
    refusal_of,
)
from chalicelib.gateways.wechat_pay_wire import (
    bill_path,
    path_segment,
    prepay_content,
    refund_content,
    serialise,
    transfer_content,
    unix_seconds,
    unusable,
    unusable_when_malformed,
)
from chalicelib.gateways.wechat_transfers import (
    TransferNotification,
    TransferReport,
    TransferRequest,
)
from chalicelib.kit.clock import SystemClock

if TYPE_CHECKING:
    from requests import PreparedRequest, Session

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"

_PREPAY_PATH = "/v3/pay/transactions/jsapi"
_TRADES_PATH = "/v3/pay/transactions"
_REFUNDS_PATH = "/v3/refund/domestic/refunds"
_TRANSFERS_PATH = "/v3/fund-app/mch-transfer/transfer-bills"

_SUCCESSES = range(200, 300)
_OK, _NO_CONTENT = 200, 204
_NOT_FOUND = 404

_REFUND_EVENTS = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})
_TRANSFER_EVENT = "MCHTRANSFER.BILL.FINISHED"
_COMPLAINT_EVENTS = frozenset({"COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE"})


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
        content = prepay_content(request, self._credentials.merchant_id)
        with unusable_when_malformed():
            return read_text(self._ask("POST", _PREPAY_PATH, content), "prepay_id")

    def pay_parameters(self, prepay_id: str, app_id: str, now: datetime) -> PayParameters:
        """See `WechatPay.pay_parameters` (小程序调起支付). The app id is signed, not passed on."""
        timestamp, nonce, package = unix_seconds(now), self._nonce(), f"prepay_id={prepay_id}"
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
        payment = self._find_payment(f"out-trade-no/{path_segment(out_trade_no)}")
        if payment is not None and payment.out_trade_no != out_trade_no:
            raise unusable("it is about another order")
        return payment

    def query_by_transaction_id(self, transaction_id: str) -> Payment | None:
        """See `WechatPay.query_by_transaction_id` (微信支付订单号查询订单)."""
        payment = self._find_payment(f"id/{path_segment(transaction_id)}")
        if payment is not None and payment.transaction_id != transaction_id:
            raise unusable("it is about another trade")
        return payment

    def close(self, out_trade_no: str) -> None:
        """See `WechatPay.close` (关闭订单)."""
        path = f"{_TRADES_PATH}/out-trade-no/{path_segment(out_trade_no)}/close"
        try:
            answer = self._call("POST", path, {"mchid": self._credentials.merchant_id})
        except OrderClosed:
            return
        if answer.status not in (_OK, _NO_CONTENT):
            raise unusable(f"status {answer.status} does not say that the order is closed")

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `WechatPay.refund` (退款申请)."""
        content = refund_content(request)
        return self._refund_report(request.out_refund_no, "POST", _REFUNDS_PATH, content)

    def query_refund(self, out_refund_no: str) -> RefundReport | None:
        """See `WechatPay.query_refund` (查询单笔退款)."""
        path = f"{_REFUNDS_PATH}/{path_segment(out_refund_no)}"
        try:
            return self._refund_report(out_refund_no, "GET", path)
        except TradeUnknown:
            return None

    def transfer(self, request: TransferRequest) -> TransferReport:
        """See `WechatPay.transfer` (发起转账)."""
        key_id, name = self._credentials.active_key_id, request.user_name
        sealed = None if name is None else self._verifier.encrypt(key_id, name)
        content = transfer_content(request, sealed)
        return self._transfer_report(request.out_bill_no, "POST", _TRANSFERS_PATH, content)

    def query_transfer(self, out_bill_no: str) -> TransferReport | None:
        """See `WechatPay.query_transfer` (商户单号查询转账单)."""
        path = f"{_TRANSFERS_PATH}/out-bill-no/{path_segment(out_bill_no)}"
        try:
            return self._transfer_report(out_bill_no, "GET", path)
        except RefusedByWechat as refusal:
            # Which code comes with the 404 is not certain.
            if refusal.status != _NOT_FOUND:
                raise
            return None

    def cancel_transfer(self, out_bill_no: str) -> TransferReport:
        """See `WechatPay.cancel_transfer` (撤销转账)."""
        path = f"{_TRANSFERS_PATH}/out-bill-no/{path_segment(out_bill_no)}/cancel"
        return self._transfer_report(out_bill_no, "POST", path)

    def bill(self, kind: BillKind, day: str) -> Bill | None:
        """See `WechatPay.bill` (申请交易账单、申请资金账单、下载账单)."""
        with unusable_when_malformed():
            try:
                address = self._ask("GET", bill_path(kind, day))
            except NoBill:
                return None
            path, sha1 = read_bill_address(address)
            # WeChat does not sign a bill's file; its hash came with an answer that was signed.
            raw = unpacked(self._call("GET", path, is_signed=False).body)
            if hashlib.sha1(raw, usedforsecurity=False).hexdigest() != sha1:
                raise Malformed("hash")
            return read_bill(kind, raw, sha1)

    def read_notification(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notification:
        """See `WechatPay.read_notification` (支付成功、退款结果、商家转账、投诉回调通知)."""
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
        if event_type == _TRANSFER_EVENT:
            content = self._decrypted(envelope)
            merchant_id = read_text(content, "mch_id")
            return TransferNotification(notification_id, merchant_id, read_transfer(content))
        if event_type in _COMPLAINT_EVENTS:
            content = self._decrypted(envelope)
            action = str(content.get("action_type") or event_type)
            return ComplaintNotification(
                notification_id, read_text(content, "complaint_id"), action
            )
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
            with unusable_when_malformed():
                payment = read_payment(self._ask("GET", path))
        except TradeUnknown:
            return None
        if payment.merchant_id != merchant_id:
            raise unusable("it is about another merchant")
        return payment

    def _refund_report(
        self, out_refund_no: str, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> RefundReport:
        with unusable_when_malformed():
            report = read_refund(self._ask(method, path, content), status_field="status")
        if report.out_refund_no != out_refund_no:
            raise unusable("it is about another refund")
        return report

    def _transfer_report(
        self, out_bill_no: str, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> TransferReport:
        """Only a query's answer names the merchant."""
        with unusable_when_malformed():
            answer = self._ask(method, path, content)
            report = read_transfer(answer)
        if report.out_bill_no != out_bill_no:
            raise unusable("it is about another transfer")
        if answer.get("mch_id", self._credentials.merchant_id) != self._credentials.merchant_id:
            raise unusable("it is about another merchant")
        return report

    def _ask(
        self, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Call, and read the JSON object that a 200 must hold."""
        return read_object(self._call(method, path, content).body)

    def _call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        *,
        is_signed: bool = True,
    ) -> Answer:
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
        if not is_signed:
            return answer
        try:
            self._verifier.verify(answer.headers, answer.body, self._clock())
        except Unverified as error:
            reason = str(error)
        else:
            return answer
        raise unusable(reason)

    def _sign(self, prepared: "PreparedRequest") -> "PreparedRequest":
        """Sign the request as it stands on the wire: its path, its query, its body bytes."""
        body = prepared.body or b""
        prepared.headers["Authorization"] = self._signer.authorization(
            str(prepared.method),
            prepared.path_url,
            body if isinstance(body, bytes) else body.encode(),
            timestamp=unix_seconds(self._clock()),
            nonce=self._nonce(),
        )
        return prepared
