"""WeChat Pay v3 over HTTP: prove the caller, check the shape, do it, sign the answer.

Owns the order of those steps and what a planned fault does to them. The rules are in `trades`,
`refunds` and `transfers`; the control plane must never be reachable under these paths.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from infra.local.wechat import shapes
from infra.local.wechat.bill_desk import no_statement, statement_creating
from infra.local.wechat.credentials import PlatformKey
from infra.local.wechat.exchange import JSON_TYPE, Answer, Call, json_answer
from infra.local.wechat.faults import BEFORE, BILL_FILE_PREFIX, FaultKind
from infra.local.wechat.refusals import (
    EXTRA_FIELD_NUMBER,
    PARAMETER_NUMBER,
    PayRefusal,
    invalid_request,
)
from infra.local.wechat.sandbox import Sandbox
from infra.local.wechat.signing import (
    authenticate,
    broken_signature,
    decrypt_field,
    encrypt_field,
    sign_error,
    signature_headers,
)
from infra.local.wechat.validation import Check, Invalid, Json, Undefined, parse_object

Withhold = Callable[[int], None]
Handler = Callable[["PayApi", Call, str], Answer]

UNSIGNED_STATUSES = frozenset({401, 429})
FIRST_SERVER_ERROR_STATUS = 500
TORN_BODY = b'{"code":'
OK_STATUS = 200
FILE_TYPE = "application/octet-stream"
REAL_ORIGIN = "https://api.mch.weixin.qq.com"


class PayApi:
    """Answers every call below /v3. `withhold(seconds)` keeps the caller waiting."""

    def __init__(self, sandbox: Sandbox, withhold: Withhold) -> None:
        self._sandbox = sandbox
        self._withhold = withhold

    def answer(self, call: Call) -> Answer:
        credentials = self._sandbox.credentials
        try:
            _require_headers(call)
            authenticate(call, credentials, self._sandbox.wall_clock())
            key = self._signing_key(call)
        except PayRefusal as refusal:
            return self._refused(refusal)
        fault = self._sandbox.take_fault(call.path)
        if fault in BEFORE:
            return self._failed(fault)
        try:
            answer = self._done(call, fault)
        except PayRefusal as refusal:
            answer = self._refused(refusal)
        if fault is FaultKind.GARBAGE:
            answer = Answer(200, TORN_BODY, {"Content-Type": JSON_TYPE})
        answer.headers.setdefault("Request-ID", self._sandbox.ids.request_id(0))
        if _is_to_be_signed(call, answer):
            self._sign(answer, key)
        return self._spoiled(answer, fault)

    # One handler for each path; `number` is the order's, refund's or transfer's in the path.

    def order(self, call: Call, _number: str) -> Answer:
        terms = self._body(call, shapes.ORDER)
        return json_answer(200, {"prepay_id": self._sandbox.order(terms)})

    def query_by_out_trade_no(self, call: Call, number: str) -> Answer:
        self._require_own_merchant_in_query(call)
        _check(shapes.OUT_TRADE_NO, number, "out_trade_no", "path")
        return json_answer(200, self._sandbox.trade(number))

    def query_by_transaction_id(self, call: Call, number: str) -> Answer:
        self._require_own_merchant_in_query(call)
        _check(shapes.TRANSACTION_ID, number, "transaction_id", "path")
        return json_answer(200, self._sandbox.trade_of_transaction(number))

    def close(self, call: Call, number: str) -> Answer:
        self._body(call, shapes.CLOSE)
        _check(shapes.OUT_TRADE_NO, number, "out_trade_no", "path")
        self._sandbox.close(number)
        return Answer(204)

    def refund(self, call: Call, _number: str) -> Answer:
        terms = self._body(call, shapes.REFUND)
        if ("transaction_id" in terms) == ("out_trade_no" in terms):
            raise _parameter_error("/transaction_id", None, "give it or out_trade_no", "body")
        return json_answer(200, self._sandbox.refund(terms))

    def query_refund(self, call: Call, number: str) -> Answer:
        _refuse_query(call)
        _check(shapes.OUT_REFUND_NO, number, "out_refund_no", "path")
        return json_answer(200, self._sandbox.refund_of(number))

    def apply_abnormal_refund(self, call: Call, number: str) -> Answer:
        request = self._body(call, shapes.ABNORMAL_REFUND)
        _check(shapes.REFUND_ID, number, "refund_id", "path")
        for name in ("bank_account", "real_name"):
            if name in request:
                self._decrypted(call, request[name], f"/{name}")
        return json_answer(200, self._sandbox.apply_abnormal_refund(number, request))

    def transfer(self, call: Call, _number: str) -> Answer:
        """The payee's name is compared and kept in the clear: a repeat encrypts it anew."""
        terms = self._body(call, shapes.TRANSFER)
        if "user_name" in terms:
            terms["user_name"] = self._decrypted(call, terms["user_name"], "/user_name")
        return json_answer(200, self._sandbox.transfer(terms))

    def query_transfer_by_out_bill_no(self, call: Call, number: str) -> Answer:
        _refuse_query(call)
        _check(shapes.OUT_BILL_NO, number, "out_bill_no", "path")
        return self._transfer_answer(*self._sandbox.transfer_by_out_bill_no(number))

    def query_transfer_by_transfer_bill_no(self, call: Call, number: str) -> Answer:
        _refuse_query(call)
        _check(shapes.TRANSFER_BILL_NO, number, "transfer_bill_no", "path")
        return self._transfer_answer(*self._sandbox.transfer_by_transfer_bill_no(number))

    def cancel_transfer(self, call: Call, number: str) -> Answer:
        if call.body:
            self._body(call, shapes.CANCEL_TRANSFER)
        _refuse_query(call)
        _check(shapes.OUT_BILL_NO, number, "out_bill_no", "path")
        return json_answer(200, self._sandbox.cancel_transfer(number))

    def certificates(self, _call: Call, _number: str) -> Answer:
        """A merchant in public-key mode has no platform certificate."""
        raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书 请使用微信支付公钥")

    def echo(self, call: Call, _number: str) -> Answer:
        request = self._body(call, shapes.ECHO)
        seen: Json = {"echo_message": request["echo_message"]}
        notice = dict(seen)
        if "encrypted_echo_message" in request:
            sealed = request["encrypted_echo_message"]
            plain = self._decrypted(call, sealed, "/encrypted_echo_message")
            merchant = self._sandbox.credentials.merchant_public_key
            seen["encrypted_echo_message"] = encrypt_field(merchant, plain)
            notice["encrypt_echo_message"] = encrypt_field(merchant, plain)
        self._sandbox.notify_echo(notice, request.get("notify_url", ""))
        return json_answer(200, seen)

    def trade_bill(self, call: Call, _number: str) -> Answer:
        asked = _query(call, shapes.TRADE_BILL)
        gzipped = "tar_type" in asked
        bill_date, origin = asked["bill_date"], _origin(call)
        return json_answer(200, self._sandbox.trade_bill(bill_date, gzipped=gzipped, origin=origin))

    def fund_flow_bill(self, call: Call, _number: str) -> Answer:
        asked = _query(call, shapes.FUND_FLOW_BILL)
        address = self._sandbox.fund_flow_bill(
            asked["bill_date"],
            asked.get("account_type", "BASIC"),
            gzipped="tar_type" in asked,
            origin=_origin(call),
        )
        return json_answer(200, address)

    def bill_file(self, call: Call, _number: str) -> Answer:
        asked = _query(call, shapes.BILL_FILE)
        body = self._sandbox.bill_file(asked["token"])
        return Answer(200, body, {"Content-Type": FILE_TYPE})

    def _done(self, call: Call, fault: FaultKind | None) -> Answer:
        """The answer to the call, unless the fault answers in its place."""
        match fault:
            case FaultKind.CLOSE_IGNORED:
                return Answer(204)
            case FaultKind.BILL_CREATING:
                raise statement_creating()
            case FaultKind.BILL_MISSING:
                raise no_statement()
        return self._dispatch(call)

    def _dispatch(self, call: Call) -> Answer:
        matches = [(route, route[1].fullmatch(call.path)) for route in ROUTES]
        found = [(route, match) for route, match in matches if match]
        if not found:
            raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")
        for (method, _, handler), match in found:
            if method == call.method:
                return handler(self, call, unquote(match["number"] or ""))
        raise PayRefusal(405, "METHOD_NOT_ALLOWED", "请求方法不正确")

    def _body(self, call: Call, shape: Check) -> Json:
        _refuse_query(call)
        if call.header("content-type").partition(";")[0].strip() != "application/json":
            raise invalid_request("Http头Content-Type必须为application/json", PARAMETER_NUMBER)
        try:
            body = parse_object(call.body, basic_plane_only=True)
            shape(body, "")
        except Undefined as undefined:
            pointers = [f"/body{pointer}" for pointer in undefined.pointers]
            detail = {"location": None, "value": pointers}
            message = "请求中含有未在API文档中定义的参数"
            raise PayRefusal(400, "PARAM_ERROR", message, EXTRA_FIELD_NUMBER, detail) from None
        except Invalid as invalid:
            raise _parameter_error(invalid.pointer, invalid.value, invalid.issue, "body") from None
        if body.get("mchid", self._sandbox.credentials.merchant_id) != (
            self._sandbox.credentials.merchant_id
        ):
            raise _merchant_mismatch()
        return body

    def _transfer_answer(self, seen: Json, user_name: str) -> Answer:
        """A name goes back so that only the merchant reads it."""
        if user_name:
            merchant = self._sandbox.credentials.merchant_public_key
            seen = {**seen, "user_name": encrypt_field(merchant, user_name)}
        return json_answer(200, seen)

    def _require_own_merchant_in_query(self, call: Call) -> None:
        query = call.query()
        if [name for name, _ in query] != ["mchid"]:
            raise _parameter_error("mchid", None, "the query must be mchid, once", "query")
        if query[0][1] != self._sandbox.credentials.merchant_id:
            raise _merchant_mismatch()

    def _signing_key(self, call: Call) -> PlatformKey:
        """The key the caller asked for; without a wish, the active one."""
        wished = call.header("wechatpay-serial")
        if not wished:
            return self._sandbox.credentials.active_key
        key = self._sandbox.credentials.find_platform_key(wished)
        if key is None:
            raise PayRefusal(400, "PARAM_ERROR", "Http头Wechatpay-Serial有误", PARAMETER_NUMBER)
        return key

    def _decrypted(self, call: Call, sealed: str, pointer: str) -> str:
        if not call.header("wechatpay-serial"):
            raise _parameter_error(pointer, None, "needs the header Wechatpay-Serial", "header")
        plain = decrypt_field(self._signing_key(call).private_key, sealed)
        if plain is None:
            raise _parameter_error(pointer, None, "cannot be decrypted", "body")
        return plain

    def _sign(self, answer: Answer, key: PlatformKey) -> None:
        timestamp = str(int(self._sandbox.wall_clock().timestamp()))
        nonce = self._sandbox.ids.nonce()
        answer.headers.update(signature_headers(key, timestamp, nonce, answer.body))

    def _refused(self, refusal: PayRefusal) -> Answer:
        content: Json = {"code": refusal.code, "message": refusal.message}
        if refusal.detail:
            content["detail"] = refusal.detail
        answer = json_answer(refusal.status, content)
        answer.headers["Request-ID"] = self._sandbox.ids.request_id(refusal.number)
        return answer

    def _failed(self, fault: FaultKind | None) -> Answer:
        if fault is FaultKind.RATE_LIMIT:
            return self._refused(PayRefusal(429, "FREQUENCY_LIMITED", "频率限制 请稍后重试"))
        if fault in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER):
            self._withhold(self._sandbox.settings.withhold_seconds)
        return self._refused(PayRefusal(500, "SYSTEM_ERROR", "系统异常 请稍后重试"))

    def _spoiled(self, answer: Answer, fault: FaultKind | None) -> Answer:
        if fault in (FaultKind.ERROR_AFTER, FaultKind.TIMEOUT_AFTER):
            return self._failed(fault)
        if fault is FaultKind.BILL_TORN and answer.status == OK_STATUS:
            answer.body = answer.body[: len(answer.body) // 2]
        signature = answer.headers.get("Wechatpay-Signature")
        if fault is FaultKind.BAD_SIGNATURE and signature:
            answer.headers["Wechatpay-Signature"] = broken_signature(signature)
        return answer


def _require_headers(call: Call) -> None:
    if "application/json" not in call.header("accept") or not call.header("user-agent"):
        raise PayRefusal(400, "PARAM_ERROR", "Http头缺少Accept或User-Agent", PARAMETER_NUMBER)


def _refuse_query(call: Call) -> None:
    if call.query():
        raise _parameter_error("query", None, "this call has no query", "query")


def _query(call: Call, shape: Check) -> Json:
    """The query as one object of texts, of that shape."""
    asked = dict(call.query())
    try:
        shape(asked, "")
    except Undefined as undefined:
        raise _parameter_error(undefined.pointers[0], None, "is not defined", "query") from None
    except Invalid as invalid:
        raise _parameter_error(invalid.pointer, invalid.value, invalid.issue, "query") from None
    return asked


def _origin(call: Call) -> str:
    """Scheme and host that the caller used; in process there is no host, and WeChat's stands."""
    host = call.header("host")
    return f"http://{host}" if host else REAL_ORIGIN


def _is_to_be_signed(call: Call, answer: Answer) -> bool:
    """What is answered is signed, but for trouble of the server's and for a bill's file."""
    if answer.status >= FIRST_SERVER_ERROR_STATUS or answer.status in UNSIGNED_STATUSES:
        return False
    return not (call.path.startswith(BILL_FILE_PREFIX) and answer.status == OK_STATUS)


def _check(shape: Check, value: str, name: str, location: str) -> None:
    try:
        shape(value, name)
    except Invalid as invalid:
        raise _parameter_error(name, value, invalid.issue, location) from None


def _parameter_error(field: str, value: object, issue: str, location: str) -> PayRefusal:
    detail: Json = {"field": field, "issue": issue, "location": location}
    if value is not None:
        detail["value"] = value
    return PayRefusal(400, "PARAM_ERROR", "参数错误", PARAMETER_NUMBER, detail)


def _merchant_mismatch() -> PayRefusal:
    return sign_error("Http头Authorization中的商户号与参数不一致", "mchid", "mchid not match")


_TRADE = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"
_TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
_NUMBER = "(?P<number>[^/]+)"
_NO_NUMBER = "(?P<number>)"

ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    ("POST", re.compile(f"{_TRADE}/jsapi{_NO_NUMBER}"), PayApi.order),
    ("GET", re.compile(f"{_TRADE}/out-trade-no/{_NUMBER}"), PayApi.query_by_out_trade_no),
    ("GET", re.compile(f"{_TRADE}/id/{_NUMBER}"), PayApi.query_by_transaction_id),
    ("POST", re.compile(f"{_TRADE}/out-trade-no/{_NUMBER}/close"), PayApi.close),
    ("POST", re.compile(f"{_REFUNDS}{_NO_NUMBER}"), PayApi.refund),
    ("GET", re.compile(f"{_REFUNDS}/{_NUMBER}"), PayApi.query_refund),
    (
        "POST",
        re.compile(f"{_REFUNDS}/{_NUMBER}/apply-abnormal-refund"),
        PayApi.apply_abnormal_refund,
    ),
    ("POST", re.compile(f"{_TRANSFERS}{_NO_NUMBER}"), PayApi.transfer),
    (
        "GET",
        re.compile(f"{_TRANSFERS}/out-bill-no/{_NUMBER}"),
        PayApi.query_transfer_by_out_bill_no,
    ),
    (
        "GET",
        re.compile(f"{_TRANSFERS}/transfer-bill-no/{_NUMBER}"),
        PayApi.query_transfer_by_transfer_bill_no,
    ),
    ("POST", re.compile(f"{_TRANSFERS}/out-bill-no/{_NUMBER}/cancel"), PayApi.cancel_transfer),
    ("GET", re.compile(f"/v3/bill/tradebill{_NO_NUMBER}"), PayApi.trade_bill),
    ("GET", re.compile(f"/v3/bill/fundflowbill{_NO_NUMBER}"), PayApi.fund_flow_bill),
    ("GET", re.compile(f"/v3/billdownload/file{_NO_NUMBER}"), PayApi.bill_file),
    ("GET", re.compile(f"/v3/certificates{_NO_NUMBER}"), PayApi.certificates),
    ("POST", re.compile(f"/v3/security/echo{_NO_NUMBER}"), PayApi.echo),
]
