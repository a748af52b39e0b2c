"""What WechatPayV3 puts on the wire: bytes, headers, paths and signatures."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from requests import PreparedRequest, Session

from chalicelib.gateways.wechat_pay import PrepayRequest, RefundRequest
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from chalicelib.gateways.wechat_pay_wire import china_time, sendable_text
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import (
    APP_ID,
    KEY_ID,
    MERCHANT_ID,
    MERCHANT_SERIAL,
    NOW,
    OPENID,
    TIMESTAMP,
    FakeWechat,
    check_signature,
)

Ask = Callable[[WechatPayV3], object]

ORDER = PrepayRequest(
    out_trade_no="o7Ks1pQ",
    description="拼团：赣南脐橙 5 斤",
    amount_fen=1990,
    openid=OPENID,
    app_id=APP_ID,
    notify_url="https://shop.example/v1/wechat/payments",
    time_expire=datetime(2026, 11, 22, 15, 25, 14, 999, tzinfo=UTC),
)

REFUND = RefundRequest(
    out_refund_no="r7Ks1pQ-1",
    out_trade_no="o7Ks1pQ",
    amount_fen=990,
    total_fen=1990,
    reason="成团失败",
    notify_url="https://shop.example/v1/wechat/refunds",
)

REFUND_ANSWER = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "r7Ks1pQ-1",
    "out_trade_no": "o7Ks1pQ",
    "status": "PROCESSING",
    "amount": {"total": 1990, "refund": 990, "currency": "CNY"},
}

AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(?P<mchid>[^"]+)",nonce_str="(?P<nonce>[^"]+)",'
    r'signature="(?P<signature>[^"]+)",timestamp="(?P<timestamp>[^"]+)",'
    r'serial_no="(?P<serial>[^"]+)"'
)


def bytes_of(request: PreparedRequest) -> bytes:
    assert isinstance(request.body, bytes)
    return request.body


def sent_body(wechat: FakeWechat) -> Any:
    return json.loads(bytes_of(wechat.requests[-1]))


def test_prepay_sends_exactly_these_fields_as_compact_utf8_json(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, {"prepay_id": "wx26112122580621e9b071c00d9e093b0000"})

    assert pay.prepay(ORDER) == "wx26112122580621e9b071c00d9e093b0000"

    assert wechat.requests[0].method == "POST"
    assert wechat.requests[0].url == "https://api.mch.weixin.qq.com/v3/pay/transactions/jsapi"
    assert (
        wechat.requests[0].body
        == (
            '{"appid":"wx2421b1c4370ec43b","mchid":"1900000109",'
            '"description":"拼团：赣南脐橙 5 斤","out_trade_no":"o7Ks1pQ",'
            '"time_expire":"2026-11-22T23:25:14+08:00",'
            '"notify_url":"https://shop.example/v1/wechat/payments",'
            '"amount":{"total":1990,"currency":"CNY"},'
            '"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}'
        ).encode()
    )


def test_a_repeated_prepay_sends_the_same_bytes(pay: WechatPayV3, wechat: FakeWechat) -> None:
    for _ in range(2):
        wechat.will_answer_signed(200, {"prepay_id": "wx1"})
        pay.prepay(ORDER)

    assert wechat.requests[0].body == wechat.requests[1].body


def test_the_signature_covers_the_method_path_time_nonce_and_the_very_bytes_sent(
    pay: WechatPayV3, wechat: FakeWechat, merchant_key: RSAPrivateKey
) -> None:
    wechat.will_answer_signed(200, {"prepay_id": "wx1"})
    pay.prepay(ORDER)

    request = wechat.requests[0]
    header = AUTHORIZATION.fullmatch(request.headers["Authorization"])
    assert header is not None
    assert header["mchid"] == MERCHANT_ID
    assert header["serial"] == MERCHANT_SERIAL
    assert header["nonce"] == "593BEC0C930BF1AFEB40B4A08C8FB242"
    assert header["timestamp"] == str(TIMESTAMP)
    message = (
        b"POST\n/v3/pay/transactions/jsapi\n1795360124\n593BEC0C930BF1AFEB40B4A08C8FB242\n"
        + bytes_of(request)
        + b"\n"
    )
    check_signature(merchant_key, header["signature"], message)


def test_a_query_signs_its_path_and_query_and_an_empty_body(
    pay: WechatPayV3, wechat: FakeWechat, merchant_key: RSAPrivateKey
) -> None:
    wechat.will_refuse(404, "ORDER_NOT_EXIST")
    pay.query("o7Ks1pQ")

    header = AUTHORIZATION.fullmatch(wechat.requests[0].headers["Authorization"])
    assert header is not None
    check_signature(
        merchant_key,
        header["signature"],
        b"GET\n/v3/pay/transactions/out-trade-no/o7Ks1pQ?mchid=1900000109\n"
        b"1795360124\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n",
    )


@pytest.mark.parametrize(
    "ask", [lambda pay: pay.query("o1"), lambda pay: pay.close("o1")], ids=["GET", "POST"]
)
def test_every_request_says_who_it_is_what_it_takes_and_which_key_is_to_answer(
    pay: WechatPayV3, wechat: FakeWechat, ask: Ask
) -> None:
    wechat.will_refuse(404, "RULE_LIMIT")
    with pytest.raises(Exception, match="RULE_LIMIT"):
        ask(pay)

    headers = wechat.requests[0].headers
    assert headers["Accept"] == "application/json"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "kaituan/0.1.0"
    assert headers["Wechatpay-Serial"] == KEY_ID


def test_a_number_is_quoted_in_the_path_and_signed_as_it_was_sent(
    pay: WechatPayV3, wechat: FakeWechat, merchant_key: RSAPrivateKey
) -> None:
    wechat.will_refuse(404, "RESOURCE_NOT_EXISTS")
    pay.query_refund("r_1|2*3@4/五")

    path = "/v3/refund/domestic/refunds/r_1%7C2%2A3%404%2F%E4%BA%94"
    assert wechat.requests[0].path_url == path
    header = AUTHORIZATION.fullmatch(wechat.requests[0].headers["Authorization"])
    assert header is not None
    message = f"GET\n{path}\n1795360124\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n"
    check_signature(merchant_key, header["signature"], message.encode())


@pytest.mark.parametrize("number", ["", ".", ".."])
def test_a_number_that_would_change_the_path_is_never_sent(
    pay: WechatPayV3, wechat: FakeWechat, number: str
) -> None:
    with pytest.raises(ValueError, match="empty or only dots"):
        pay.query(number)

    assert wechat.requests == []


def test_close_sends_the_merchant_and_nothing_else(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(204)

    pay.close("o7Ks1pQ")

    path = "/v3/pay/transactions/out-trade-no/o7Ks1pQ/close"
    assert (wechat.requests[0].method, wechat.requests[0].path_url) == ("POST", path)
    assert wechat.requests[0].body == b'{"mchid":"1900000109"}'


def test_a_refund_sends_exactly_these_fields(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(200, REFUND_ANSWER)

    pay.refund(REFUND)

    assert wechat.requests[0].path_url == "/v3/refund/domestic/refunds"
    assert sent_body(wechat) == {
        "out_trade_no": "o7Ks1pQ",
        "out_refund_no": "r7Ks1pQ-1",
        "reason": "成团失败",
        "notify_url": "https://shop.example/v1/wechat/refunds",
        "amount": {"refund": 990, "total": 1990, "currency": "CNY"},
    }


def test_what_is_absent_is_left_out_and_never_null(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(200, REFUND_ANSWER)
    wechat.will_answer_signed(200, {"prepay_id": "wx1"})

    pay.refund(replace(REFUND, reason="🎉"))
    pay.prepay(replace(ORDER, attach=None))

    assert b"null" not in bytes_of(wechat.requests[0]) + bytes_of(wechat.requests[1])
    assert "reason" not in json.loads(bytes_of(wechat.requests[0]))
    assert "attach" not in json.loads(bytes_of(wechat.requests[1]))


def test_an_attachment_is_sent(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer_signed(200, {"prepay_id": "wx1"})

    pay.prepay(replace(ORDER, attach="group-9f2c"))

    assert sent_body(wechat)["attach"] == "group-9f2c"


@pytest.mark.parametrize(
    ("text", "sendable"),
    [
        ("开团🎉啦", "开团啦"),
        ("𠮷野家", "野家"),
        ("👨\u200d👩\u200d👧 全家桶", "全家桶"),
        ("\ud83d半个", "半个"),
        ("一\n二\t三\x00", "一 二 三"),
        ("❤\ufe0f", "❤"),
        ("橙" * 50, "橙" * 42),
        ("a" * 200, "a" * 127),
        ("🎉", None),
        ("", None),
        (None, None),
    ],
)
def test_only_utf8_of_one_to_three_bytes_is_sent_within_the_limit(
    text: str | None, sendable: str | None
) -> None:
    assert sendable_text(text, 127) == sendable


def test_a_reason_is_cut_to_80_bytes_without_splitting_a_character(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, REFUND_ANSWER)

    pay.refund(replace(REFUND, reason="退" * 30))

    assert sent_body(wechat)["reason"] == "退" * 26


def test_a_description_of_which_nothing_is_left_becomes_the_number(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, {"prepay_id": "wx1"})

    pay.prepay(replace(ORDER, description="🍊🍊"))

    assert sent_body(wechat)["description"] == "o7Ks1pQ"


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        china_time(NOW.replace(tzinfo=None))


def test_calls_wait_one_second_to_connect_and_four_to_read(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(204)

    pay.close("o1")

    assert wechat.timeouts == [(1.0, 4.0)]


def test_one_session_serves_every_call(
    credentials: WechatPayCredentials, wechat: FakeWechat
) -> None:
    made: list[Session] = []

    def session() -> Session:
        made.append(wechat.session())
        return made[-1]

    pay = WechatPayV3(credentials, clock=lambda: NOW, session_factory=session)
    for _ in range(3):
        wechat.will_answer_signed(204)
        pay.close("o1")

    assert len(made) == 1
    assert len(wechat.requests) == 3


def test_another_host_can_be_named(credentials: WechatPayCredentials, wechat: FakeWechat) -> None:
    pay = WechatPayV3(
        credentials,
        clock=lambda: NOW,
        base_url="https://api2.mch.weixin.qq.com/",
        session_factory=wechat.session,
    )
    wechat.will_answer_signed(204)

    pay.close("o1")

    url = "https://api2.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/o1/close"
    assert wechat.requests[0].url == url


def test_nonces_are_fresh_and_32_characters(
    credentials: WechatPayCredentials, wechat: FakeWechat
) -> None:
    pay = WechatPayV3(credentials, clock=lambda: NOW, session_factory=wechat.session)
    first, second = (pay.pay_parameters("wx1", APP_ID, NOW)["nonceStr"] for _ in range(2))

    assert first != second
    assert re.fullmatch("[0-9A-F]{32}", first)


def test_pay_parameters_are_what_the_mini_program_takes_and_the_app_id_is_signed(
    pay: WechatPayV3, wechat: FakeWechat, merchant_key: RSAPrivateKey
) -> None:
    issued_at = datetime.fromtimestamp(1554208460, UTC)

    prepay_id, app_id = "wx201410272009395522657a690389285100", "wx2421b1c4370ec43b"
    parameters = dict(pay.pay_parameters(prepay_id, app_id, issued_at))

    signature = str(parameters.pop("paySign"))
    assert parameters == {
        "timeStamp": "1554208460",
        "nonceStr": "593BEC0C930BF1AFEB40B4A08C8FB242",
        "package": "prepay_id=wx201410272009395522657a690389285100",
        "signType": "RSA",
    }
    check_signature(
        merchant_key,
        signature,
        b"wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n"
        b"prepay_id=wx201410272009395522657a690389285100\n",
    )
    assert wechat.requests == []


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"merchant_private_key_pem": "not a key"}, "merchant_private_key_pem is not"),
        ({"active_key_id": "PUB_KEY_ID_OF_NOBODY"}, "public key PUB_KEY_ID_OF_NOBODY is not"),
        ({"public_keys": {KEY_ID: "not a key"}}, f"public key {KEY_ID} is not"),
    ],
)
def test_nothing_is_sent_with_keys_that_cannot_be_used(
    credentials: WechatPayCredentials, wechat: FakeWechat, broken: dict[str, Any], says: str
) -> None:
    pay = WechatPayV3(
        replace(credentials, **broken), clock=lambda: NOW, session_factory=wechat.session
    )

    with pytest.raises(WechatUnavailable, match=says) as refusal:
        pay.prepay(ORDER)

    assert wechat.requests == []
    assert "not a key" not in str(refusal.value)


def test_no_secret_is_in_the_repr_of_credentials_or_client(
    credentials: WechatPayCredentials, pay: WechatPayV3, merchant_key: RSAPrivateKey
) -> None:
    shown = repr(credentials) + repr(pay) + str(vars(pay))

    assert "PRIVATE KEY" not in shown
    assert credentials.api_v3_key not in shown
    assert MERCHANT_ID in shown


def test_no_openid_is_in_the_repr_of_a_request() -> None:
    assert OPENID not in repr(ORDER)
