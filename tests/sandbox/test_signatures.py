"""Who may call, how a call that proves nothing is refused, and how answers are signed."""

import json
import re

import pytest

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import ORDER_NO, SCHEME, TRADES_PATH, Clock, Merchant, refusal

PATH = f"{TRADES_PATH}/out-trade-no/{ORDER_NO}"


def path_of(merchant: Merchant) -> str:
    return f"{PATH}?mchid={merchant.credentials.merchant_id}"


def test_the_fields_of_the_authorization_may_come_in_any_order(merchant: Merchant) -> None:
    merchant.order()
    path = path_of(merchant)
    _, fields = merchant.authorization("GET", path, b"").split(" ", 1)
    for order in (sorted(fields.split(",")), sorted(fields.split(","), reverse=True)):
        header = f"{SCHEME} {', '.join(order)}"
        assert merchant.call("GET", path, Authorization=header).status_code == 200


def test_a_wrong_signature_is_refused_with_the_message_that_should_have_been_signed(
    merchant: Merchant, clock: Clock
) -> None:
    path = path_of(merchant)
    header = merchant.authorization("GET", "/v3/something/else", b"")

    response = merchant.call("GET", path, Authorization=header)

    signed = f"GET\n{path}\n{int(clock().timestamp())}\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n"
    assert response.status_code == 401
    assert response.json() == {
        "code": "SIGN_ERROR",
        "message": "签名错误",
        "detail": {
            "detail": {"issue": "sign not match"},
            "field": "signature",
            "location": "authorization",
            "sign_information": {
                "method": "GET",
                "sign_message_length": len(signed),
                "truncated_sign_message": signed,
                "url": path,
            },
        },
    }
    assert "Wechatpay-Signature" not in response.headers
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_call_must_reach_the_sandbox_within_five_minutes(
    merchant: Merchant, clock: Clock
) -> None:
    merchant.order()
    path = path_of(merchant)
    now = int(clock().timestamp())
    statuses = {}
    for age in (-301, -300, 300, 301):
        header = merchant.authorization("GET", path, b"", timestamp=str(now - age))
        statuses[age] = merchant.call("GET", path, Authorization=header).status_code
    assert statuses == {-301: 401, -300: 200, 300: 200, 301: 401}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mchid", "1900000001"),
        ("serial_no", "0" * 40),
        ("timestamp", "yesterday"),
    ],
)
def test_a_wrong_field_in_the_authorization_is_refused(
    merchant: Merchant, field: str, value: str
) -> None:
    path = path_of(merchant)
    header = merchant.authorization("GET", path, b"", **{field: value})
    assert refusal(merchant.call("GET", path, Authorization=header)) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda header: header.replace(SCHEME, "Bearer"),
        lambda header: header.replace(SCHEME + " ", SCHEME),
        lambda header: re.sub(r'nonce_str="[^"]*",', "", header),
        lambda header: header + ',mchid="1900000109"',
        lambda header: header + ',extra="1"',
        lambda header: header.replace('"', "'"),
        lambda header: re.sub(r'signature="[^"]*"', 'signature="not base64!"', header),
        lambda header: re.sub(r'signature="[^"]*"', 'signature=""', header),
    ],
)
def test_a_malformed_authorization_is_refused(merchant: Merchant, spoil: object) -> None:
    assert callable(spoil)
    path = path_of(merchant)
    header = str(spoil(merchant.authorization("GET", path, b"")))
    assert refusal(merchant.call("GET", path, Authorization=header)) == (401, "SIGN_ERROR")


def test_the_body_is_signed_byte_for_byte(merchant: Merchant, sandbox: Sandbox) -> None:
    path = f"{TRADES_PATH}/jsapi"
    body = merchant.order_body()
    signed = merchant.authorization("POST", path, json.dumps(body).encode())
    sent = json.dumps(body, separators=(",", ":")).encode()

    response = merchant.call("POST", path, raw=sent, Authorization=signed)

    assert refusal(response) == (401, "SIGN_ERROR")
    assert merchant.query().status_code == 404


def test_the_path_is_signed_as_it_is_sent(merchant: Merchant) -> None:
    merchant.order("kt|20261122*1")
    query = f"?mchid={merchant.credentials.merchant_id}"
    response = merchant.call("GET", f"{TRADES_PATH}/out-trade-no/kt%7C20261122%2A1{query}")
    assert response.status_code == 200
    assert response.json()["out_trade_no"] == "kt|20261122*1"


def test_the_merchant_in_the_header_must_be_the_one_in_the_body(merchant: Merchant) -> None:
    assert refusal(merchant.order(mchid="1900000001")) == (401, "SIGN_ERROR")
    response = merchant.call("GET", f"{PATH}?mchid=1900000001")
    assert refusal(response) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    ("accept", "user_agent"),
    [("text/html", "kaituan"), ("*/*", "kaituan"), ("application/json", "")],
)
def test_accept_and_user_agent_are_required(
    merchant: Merchant, accept: str, user_agent: str
) -> None:
    path = path_of(merchant)
    response = merchant.call("GET", path, Accept=accept, User_Agent=user_agent)
    assert refusal(response) == (400, "PARAM_ERROR")


def test_a_body_must_be_announced_as_json(merchant: Merchant) -> None:
    path = f"{TRADES_PATH}/jsapi"
    response = merchant.call("POST", path, merchant.order_body(), Content_Type="text/plain")
    assert refusal(response) == (400, "INVALID_REQUEST")


def test_every_answer_to_a_proven_call_is_signed(merchant: Merchant) -> None:
    ordered, queried, closed = merchant.order(), merchant.query(), merchant.close()
    missing = merchant.query("kt00000000")
    statuses = [one.status_code for one in (ordered, queried, closed, missing)]
    assert statuses == [200, 200, 204, 404]
    for response in (ordered, queried, closed, missing):
        assert merchant.is_authentic(response.headers, response.content)
        assert response.headers["Wechatpay-Signature-Type"] == SCHEME


def test_an_empty_answer_is_signed_too(merchant: Merchant) -> None:
    merchant.order()
    response = merchant.close()
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers
    assert merchant.is_authentic(response.headers, b"")


def test_the_request_id_ends_in_the_error_number(merchant: Merchant) -> None:
    merchant.order()
    changed = merchant.order(description="something else")
    assert re.fullmatch(r"08[0-9A-F]{40}-0", merchant.query().headers["Request-ID"])
    assert changed.headers["Request-ID"].endswith("-268498688")


def test_the_caller_chooses_the_key_that_signs_the_answer(
    credentials: Credentials, clock: Clock
) -> None:
    rotated = credentials.with_new_platform_key()
    merchant = Merchant(Sandbox(rotated, clock, lambda *_: 204), clock)
    former = credentials.active_key.key_id

    wished = merchant.call("GET", path_of(merchant), Wechatpay_Serial=former)
    unwished = merchant.call("GET", path_of(merchant))

    assert wished.headers["Wechatpay-Serial"] == former
    assert merchant.is_authentic(wished.headers, wished.content)
    assert unwished.headers["Wechatpay-Serial"] == rotated.active_key.key_id != former


def test_an_unknown_key_cannot_be_asked_for(merchant: Merchant) -> None:
    response = merchant.call("GET", path_of(merchant), Wechatpay_Serial="PUB_KEY_ID_0")
    assert refusal(response) == (400, "PARAM_ERROR")


def test_signatures_are_dated_by_real_time_when_business_time_is_advanced(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    merchant.order()
    sandbox.advance(3600)
    response = merchant.query()
    assert response.status_code == 200
    assert response.headers["Wechatpay-Timestamp"] == str(int(clock().timestamp()))


def test_unknown_paths_and_methods_are_refused(merchant: Merchant) -> None:
    assert merchant.call("GET", "/v3/unknown").status_code == 404
    assert merchant.call("GET", f"{TRADES_PATH}/jsapi").status_code == 405
    assert merchant.session.get("https://wechat.test/", timeout=1).status_code == 404
