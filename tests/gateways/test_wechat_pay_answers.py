"""What WechatPayV3 makes of WeChat's answers: values, refusals, and outcomes nobody knows."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from chalicelib.gateways.wechat_pay import (
    AlreadyPaid,
    NotEnoughBalance,
    OrderClosed,
    Payment,
    RefundReport,
    RefusedByWechat,
    RequestDiffers,
    TradeUnknown,
)
from chalicelib.gateways.wechat_pay_v3 import WechatPayV3
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import (
    APP_ID,
    MERCHANT_ID,
    OLDER_KEY_ID,
    OPENID,
    TIMESTAMP,
    FakeWechat,
    signed_headers,
)
from tests.gateways.test_wechat_pay_requests import ORDER, REFUND, REFUND_ANSWER
from tests.gateways.test_wechat_pay_transfers import TRANSFER

Ask = Callable[[WechatPayV3], Any]

CHINA = timezone(timedelta(hours=8))

UNPAID: dict[str, Any] = {
    "appid": APP_ID,
    "mchid": MERCHANT_ID,
    "out_trade_no": "o7Ks1pQ",
    "trade_state": "NOTPAY",
    "trade_state_desc": "订单未支付",
    "amount": {"total": 1990, "currency": "CNY", "payer_currency": "CNY"},
    "payer": {"openid": OPENID},
    "promotion_detail": [],
}
PAID: dict[str, Any] = {
    **UNPAID,
    "transaction_id": "4200000000202611220000000001",
    "trade_type": "JSAPI",
    "trade_state": "SUCCESS",
    "bank_type": "OTHERS",
    "attach": "group-9f2c",
    "success_time": "2026-11-22T23:08:44+08:00",
}

ASK: dict[str, Ask] = {
    "prepay": lambda pay: pay.prepay(ORDER),
    "query": lambda pay: pay.query("o7Ks1pQ"),
    "query_by_transaction_id": lambda pay: pay.query_by_transaction_id(PAID["transaction_id"]),
    "close": lambda pay: pay.close("o7Ks1pQ"),
    "refund": lambda pay: pay.refund(REFUND),
    "query_refund": lambda pay: pay.query_refund("r7Ks1pQ-1"),
    "transfer": lambda pay: pay.transfer(TRANSFER),
    "query_transfer": lambda pay: pay.query_transfer("w7Ks1pQ"),
    "cancel_transfer": lambda pay: pay.cancel_transfer("w7Ks1pQ"),
}


@pytest.fixture(params=list(ASK.values()), ids=list(ASK))
def ask(request: pytest.FixtureRequest) -> Ask:
    ask: Ask = request.param
    return ask


def test_a_paid_trade_is_read_whole(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(200, PAID)

    payment = pay.query("o7Ks1pQ")

    assert payment == Payment(
        merchant_id="1900000109",
        app_id="wx2421b1c4370ec43b",
        out_trade_no="o7Ks1pQ",
        transaction_id="4200000000202611220000000001",
        trade_state="SUCCESS",
        amount_fen=1990,
        currency="CNY",
        payer_openid=OPENID,
        success_time=datetime(2026, 11, 22, 23, 8, 44, tzinfo=CHINA),
        attach="group-9f2c",
    )
    assert payment is not None
    assert payment.is_paid
    assert OPENID not in repr(payment)


def test_an_unpaid_trade_lacks_what_only_a_payment_brings(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, UNPAID)

    payment = pay.query("o7Ks1pQ")

    assert payment is not None
    assert not payment.is_paid
    assert (payment.transaction_id, payment.success_time, payment.attach) == (None, None, None)
    assert payment.amount_fen == 1990


def test_a_trade_may_come_without_amount_and_payer_until_it_is_paid(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    bare = {"appid": APP_ID, "mchid": MERCHANT_ID, "out_trade_no": "o1", "trade_state": "CLOSED"}
    wechat.will_answer_signed(200, bare)

    payment = pay.query("o1")

    assert payment is not None
    assert (payment.amount_fen, payment.currency, payment.payer_openid) == (None, None, None)


@pytest.mark.parametrize(
    ("trade_state", "is_paid"),
    [
        ("SUCCESS", True),
        ("REFUND", True),
        ("NOTPAY", False),
        ("CLOSED", False),
        ("REVOKED", False),
        ("USERPAYING", False),
        ("PAYERROR", False),
    ],
)
def test_a_trade_is_paid_in_success_and_in_refund_only(
    pay: WechatPayV3, wechat: FakeWechat, trade_state: str, is_paid: bool
) -> None:
    wechat.will_answer_signed(200, {**PAID, "trade_state": trade_state})

    payment = pay.query("o7Ks1pQ")

    assert payment is not None
    assert payment.is_paid is is_paid


def test_a_trade_is_found_by_wechats_own_number(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(200, PAID)

    payment = pay.query_by_transaction_id("4200000000202611220000000001")

    assert payment is not None
    assert payment.out_trade_no == "o7Ks1pQ"
    assert wechat.requests[0].path_url == (
        "/v3/pay/transactions/id/4200000000202611220000000001?mchid=1900000109"
    )


def test_a_refund_is_accepted_and_later_reported_as_done(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    done = {**REFUND_ANSWER, "status": "SUCCESS", "success_time": "2026-11-23T10:00:00+08:00"}
    wechat.will_answer_signed(200, REFUND_ANSWER)
    wechat.will_answer_signed(200, done)

    accepted = pay.refund(REFUND)

    refund_id = "50000000382019052709732678859"
    assert accepted == RefundReport("r7Ks1pQ-1", "o7Ks1pQ", refund_id, "PROCESSING", 990, None)
    assert pay.query_refund("r7Ks1pQ-1") == RefundReport(
        "r7Ks1pQ-1",
        "o7Ks1pQ",
        refund_id,
        "SUCCESS",
        990,
        datetime(2026, 11, 23, 10, tzinfo=CHINA),
    )


def test_closing_an_order_that_is_closed_is_done(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(204)
    wechat.will_refuse(400, "ORDER_CLOSED")

    pay.close("o7Ks1pQ")
    pay.close("o7Ks1pQ")

    assert len(wechat.requests) == 2


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"])
@pytest.mark.parametrize("query", ["query", "query_by_transaction_id", "query_refund"])
def test_a_query_for_what_wechat_does_not_know_finds_none(
    pay: WechatPayV3, wechat: FakeWechat, query: str, code: str
) -> None:
    wechat.will_refuse(404, code)

    assert ASK[query](pay) is None


@pytest.mark.parametrize(
    ("name", "status", "code", "error"),
    [
        ("prepay", 400, "ORDERPAID", AlreadyPaid),
        ("prepay", 400, "ORDER_PAID", AlreadyPaid),
        ("prepay", 400, "ORDER_CLOSED", OrderClosed),
        ("prepay", 400, "ORDERCLOSED", OrderClosed),
        ("prepay", 403, "OUT_TRADE_NO_USED", RequestDiffers),
        ("prepay", 400, "PARAM_ERROR", RefusedByWechat),
        ("prepay", 400, "INVALID_REQUEST", RefusedByWechat),
        ("prepay", 401, "SIGN_ERROR", RefusedByWechat),
        ("prepay", 403, "NO_AUTH", RefusedByWechat),
        ("query", 401, "SIGN_ERROR", RefusedByWechat),
        ("close", 400, "ORDERPAID", AlreadyPaid),
        ("close", 404, "ORDER_NOT_EXIST", TradeUnknown),
        ("refund", 403, "NOT_ENOUGH", NotEnoughBalance),
        ("refund", 403, "NOTENOUGH", NotEnoughBalance),
        ("refund", 404, "RESOURCE_NOT_EXISTS", TradeUnknown),
        ("refund", 403, "RULELIMIT", RefusedByWechat),
        ("query_refund", 400, "PARAM_ERROR", RefusedByWechat),
    ],
)
def test_a_refusal_becomes_the_error_its_code_means(
    pay: WechatPayV3,
    wechat: FakeWechat,
    name: str,
    status: int,
    code: str,
    error: type[RefusedByWechat],
) -> None:
    wechat.will_refuse(status, code, "因为")

    with pytest.raises(RefusedByWechat) as refusal:
        ASK[name](pay)

    assert type(refusal.value) is error
    assert (refusal.value.code, refusal.value.status) == (code, status)
    assert refusal.value.message == "因为"
    assert refusal.value.request_id == "08E68E97CC0510CF05-0"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (268498688, RequestDiffers),
        (268498689, AlreadyPaid),
        (268449538, AlreadyPaid),
        (268447914, OrderClosed),
        (268435456, RefusedByWechat),
    ],
)
def test_the_number_in_the_request_id_tells_invalid_requests_apart(
    pay: WechatPayV3, wechat: FakeWechat, number: int, error: type[RefusedByWechat]
) -> None:
    wechat.will_refuse(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", number)

    with pytest.raises(RefusedByWechat) as refusal:
        pay.prepay(ORDER)

    assert type(refusal.value) is error


def test_the_message_decides_nothing(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_refuse(400, "PARAM_ERROR", "ORDERPAID 该订单已支付")

    with pytest.raises(RefusedByWechat) as refusal:
        pay.prepay(ORDER)

    assert type(refusal.value) is RefusedByWechat


def test_a_code_is_recognised_however_it_is_spelt() -> None:
    refusal = RefusedByWechat("RULELIMIT", "频率限制", 403)

    assert refusal.says("RULE_LIMIT")
    assert refusal.says("NO_AUTH", "rule_limit")
    assert not refusal.says("NO_AUTH")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "FREQUENCY_LIMITED"),
        (429, "RATELIMIT_EXCEEDED"),
        (429, "WHATEVER"),
        (403, "FREQUENCY_LIMITED"),
        (403, "RATE_LIMIT_EXCEEDED"),
        (400, "SYSTEMERROR"),
        (500, "SYSTEM_ERROR"),
        (500, "ORDERPAID"),
        (502, "SERVICE_UNAVAILABLE"),
        (503, "BANK_ERROR"),
        (302, "ORDERPAID"),
    ],
)
def test_what_is_to_be_asked_again_is_never_a_definite_no(
    pay: WechatPayV3, wechat: FakeWechat, ask: Ask, status: int, code: str
) -> None:
    wechat.will_refuse(status, code)

    with pytest.raises(WechatUnavailable):
        ask(pay)

    assert len(wechat.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>404 Not Found</html>", b"[]", b'{"message":"?"}', b'{"code":1}', b"\xff"]
)
def test_a_refusal_that_is_not_wechats_json_says_nothing(
    pay: WechatPayV3, wechat: FakeWechat, ask: Ask, body: bytes
) -> None:
    wechat.will_answer(404, body)

    with pytest.raises(WechatUnavailable):
        ask(pay)


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectTimeout("connect"),
        requests.ReadTimeout("read"),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("torn"),
        requests.exceptions.SSLError("certificate"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_leaves_the_outcome_unknown_and_is_not_retried(
    pay: WechatPayV3, wechat: FakeWechat, ask: Ask, error: Exception
) -> None:
    wechat.will_fail(error)

    with pytest.raises(WechatUnavailable, match=type(error).__name__) as refusal:
        ask(pay)

    assert len(wechat.requests) == 1
    assert refusal.value.__context__ is None


def test_a_redirect_is_not_followed(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer(307, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(WechatUnavailable):
        pay.prepay(ORDER)

    assert len(wechat.requests) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"torn {", b"[]", b"\xff\xfe", b"[" * 100_000, {}, {"prepay_id": None}],
    ids=["empty", "torn", "a list", "not UTF-8", "deep", "nothing in it", "null"],
)
def test_a_signed_answer_that_says_nothing_leaves_the_outcome_unknown(
    pay: WechatPayV3, wechat: FakeWechat, content: Any
) -> None:
    wechat.will_answer_signed(200, content)

    with pytest.raises(WechatUnavailable, match="outcome unknown"):
        pay.prepay(ORDER)


@pytest.mark.parametrize(
    "change",
    [
        {"mchid": None},
        {"trade_state": ""},
        {"amount": {"total": "1990", "currency": "CNY"}},
        {"amount": {"total": 19.9, "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": -1, "currency": "CNY"}},
        {"amount": 1990},
        {"amount": None},
        {"transaction_id": None},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-22T23:08:44"},
        {"payer": OPENID},
    ],
    ids=str,
)
def test_a_paid_trade_with_a_field_that_is_off_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat, change: dict[str, Any]
) -> None:
    wechat.will_answer_signed(200, {**PAID, **change})

    with pytest.raises(WechatUnavailable, match="cannot be used"):
        pay.query("o7Ks1pQ")


@pytest.mark.parametrize(
    "change",
    [
        {"status": "UNHEARD_OF"},
        {"status": None},
        {"amount": {}},
        {"amount": {"refund": "990"}},
        {"refund_id": None},
    ],
    ids=str,
)
def test_a_refund_with_a_field_that_is_off_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat, change: dict[str, Any]
) -> None:
    wechat.will_answer_signed(200, {**REFUND_ANSWER, **change})

    with pytest.raises(WechatUnavailable, match="cannot be used"):
        pay.refund(REFUND)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("query", {**PAID, "out_trade_no": "another"}),
        ("query", {**PAID, "mchid": "1900000110"}),
        ("query_by_transaction_id", {**PAID, "transaction_id": "another"}),
        ("refund", {**REFUND_ANSWER, "out_refund_no": "another"}),
        ("query_refund", {**REFUND_ANSWER, "out_refund_no": "another"}),
    ],
)
def test_an_answer_about_something_else_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat, name: str, content: Any
) -> None:
    wechat.will_answer_signed(200, content)

    with pytest.raises(WechatUnavailable, match="another"):
        ASK[name](pay)


def test_an_accepted_close_is_not_a_closed_order(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(202)

    with pytest.raises(WechatUnavailable, match="202"):
        pay.close("o7Ks1pQ")


def test_an_unsigned_204_does_not_close_an_order(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer(204)

    with pytest.raises(WechatUnavailable, match="wechatpay-timestamp is missing"):
        pay.close("o7Ks1pQ")


def test_a_204_signed_for_another_body_does_not_close_an_order(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer(204, headers=signed_headers(wechat.key, b"{}"))

    with pytest.raises(WechatUnavailable, match="does not fit"):
        pay.close("o7Ks1pQ")


@pytest.mark.parametrize("seconds", [299, -299])
def test_an_answer_signed_299_seconds_away_is_believed(
    pay: WechatPayV3, wechat: FakeWechat, seconds: int
) -> None:
    headers = signed_headers(wechat.key, b"", timestamp=TIMESTAMP + seconds)
    wechat.will_answer(204, headers=headers)

    pay.close("o7Ks1pQ")


@pytest.mark.parametrize("seconds", [300, -300])
def test_an_answer_signed_300_seconds_away_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat, seconds: int
) -> None:
    headers = signed_headers(wechat.key, b"", timestamp=TIMESTAMP + seconds)
    wechat.will_answer(204, headers=headers)

    with pytest.raises(WechatUnavailable, match="300 s"):
        pay.close("o7Ks1pQ")


def test_an_answer_by_an_older_key_that_is_still_known_is_believed(
    pay: WechatPayV3, wechat: FakeWechat, older_wechat_key: RSAPrivateKey
) -> None:
    wechat.will_answer(204, headers=signed_headers(older_wechat_key, b"", serial=OLDER_KEY_ID))

    pay.close("o7Ks1pQ")


def test_an_answer_by_an_unknown_key_is_not_believed(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer(204, headers=signed_headers(wechat.key, b"", serial="PUB_KEY_ID_0"))

    with pytest.raises(WechatUnavailable, match="not known here"):
        pay.close("o7Ks1pQ")


def test_an_answer_by_a_key_under_the_name_of_another_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer(204, headers=signed_headers(wechat.key, b"", serial=OLDER_KEY_ID))

    with pytest.raises(WechatUnavailable, match="does not fit"):
        pay.close("o7Ks1pQ")


def test_a_changed_body_is_not_believed(pay: WechatPayV3, wechat: FakeWechat) -> None:
    headers = signed_headers(wechat.key, json.dumps(UNPAID).encode())
    wechat.will_answer(200, PAID, headers=headers)

    with pytest.raises(WechatUnavailable, match="does not fit"):
        pay.query("o7Ks1pQ")
