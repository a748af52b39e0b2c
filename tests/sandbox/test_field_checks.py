"""What a body may hold. Each refusal leaves no order behind."""

import json
from typing import Any

import pytest

from infra.local.wechat.logins import openid_for
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import TRADES_PATH, Merchant, refusal

PATH = f"{TRADES_PATH}/jsapi"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("/description", {"description": ""}),
        ("/description", {"description": "苹" * 43}),
        ("/description", {"description": 5}),
        ("/description", {"description": ...}),
        ("/out_trade_no", {"out_trade_no": "short"}),
        ("/out_trade_no", {"out_trade_no": "k" * 33}),
        ("/out_trade_no", {"out_trade_no": "kt 2026/1"}),
        ("/attach", {"attach": "a" * 129}),
        ("/amount", {"amount": 1990}),
        ("/amount/total", {"amount": {"currency": "CNY"}}),
        ("/amount/total", {"amount": {"total": 0}}),
        ("/amount/total", {"amount": {"total": 19.9}}),
        ("/amount/total", {"amount": {"total": "1990"}}),
        ("/amount/total", {"amount": {"total": True}}),
        ("/amount/currency", {"amount": {"total": 1, "currency": "USD"}}),
        ("/payer/openid", {"payer": {}}),
        ("/time_expire", {"time_expire": "2026-11-22 17:00:00"}),
        ("/time_expire", {"time_expire": "2026-11-22T17:00:00"}),
        ("/time_expire", {"time_expire": "2026-02-30T17:00:00+08:00"}),
        ("/time_expire", {"time_expire": "2026-11-22T16:00:59+08:00"}),
        ("/support_fapiao", {"support_fapiao": "yes"}),
        ("/limit_pay/0", {"limit_pay": ["credit"]}),
        ("/limit_pay", {"limit_pay": "no_credit"}),
        ("/scene_info/payer_client_ip", {"scene_info": {"device_id": "1"}}),
        ("/settle_info/profit_sharing", {"settle_info": {"profit_sharing": 1}}),
        ("/notify_url", {"notify_url": "https://shop.test/paid?order=1"}),
        ("/notify_url", {"notify_url": "https://shop.test/paid#order"}),
        ("/notify_url", {"notify_url": "http://shop.test/paid"}),
        ("/notify_url", {"notify_url": "ftp://shop.test/paid"}),
        ("/notify_url", {"notify_url": "https://user:word@shop.test/paid"}),
        ("/notify_url", {"notify_url": "https:///paid"}),
        ("/notify_url", {"notify_url": "https://shop.test:port/paid"}),
        ("/notify_url", {"notify_url": "https://shop.test/" + "p" * 238}),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(
    merchant: Merchant, sandbox: Sandbox, field: str, change: dict[str, Any]
) -> None:
    response = merchant.order(**change)

    assert refusal(response) == (400, "PARAM_ERROR")
    assert response.json()["detail"]["field"] == field
    assert response.json()["detail"]["location"] == "body"
    assert merchant.query().status_code == 404


def test_a_wrong_currency_is_shown_with_its_issue(merchant: Merchant) -> None:
    response = merchant.order(amount={"total": 1, "currency": "XYZ"})
    assert response.json() == {
        "code": "PARAM_ERROR",
        "message": "参数错误",
        "detail": {
            "field": "/amount/currency",
            "value": "XYZ",
            "issue": "must be one of CNY",
            "location": "body",
        },
    }


@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/body/discount", {"discount": 1}),
        ("/body/amount/refund", {"amount": {"total": 1, "refund": 1}}),
        ("/body/payer/sub_openid", {"payer": {"openid": "o", "sub_openid": "o"}}),
    ],
)
def test_an_undefined_field_is_refused(
    merchant: Merchant, pointer: str, change: dict[str, Any]
) -> None:
    response = merchant.order(**change)
    assert refusal(response) == (400, "PARAM_ERROR")
    assert response.json()["detail"] == {"location": None, "value": [pointer]}
    assert response.headers["Request-ID"].endswith("-270924358")


@pytest.mark.parametrize(
    "change",
    [
        {"attach": None},
        {"amount": {"total": 1990, "currency": None}},
        {"limit_pay": [None]},
        {"description": "苹果🍎"},
        {"description": "𠮷野家"},
        {"attach": "\ud83c"},
    ],
)
def test_null_and_four_byte_characters_are_refused(
    merchant: Merchant, change: dict[str, Any]
) -> None:
    assert refusal(merchant.order(**change)) == (400, "PARAM_ERROR")
    assert merchant.query().status_code == 404


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"null", b"[" * 9999])
def test_a_body_must_be_a_json_object_in_utf_8(merchant: Merchant, raw: bytes) -> None:
    assert refusal(merchant.call("POST", PATH, raw=raw)) == (400, "PARAM_ERROR")


def test_the_longest_values_are_accepted(merchant: Merchant) -> None:
    response = merchant.order(
        "k" * 32,
        description="苹" * 42 + "1",
        attach="a" * 128,
        goods_tag="t" * 32,
        time_expire="2026-11-22T16:01:00+08:00",
        notify_url="https://shop.test/" + "p" * 237,
        support_fapiao=True,
        limit_pay=["no_credit"],
        detail={
            "cost_price": 1990,
            "invoice_id": "i1",
            "goods_detail": [{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1990}],
        },
        scene_info={"payer_client_ip": "14.23.150.211", "store_info": {"id": "1"}},
        settle_info={"profit_sharing": False},
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/v1/wechat/payments",
        "http://192.168.1.7:8000/paid",
        "http://api.execute-api.localhost:4566/v1/wechat/payments",
        "http://localhost/paid",
        "https://shop.test:8443/paid",
    ],
)
def test_plain_http_is_for_private_networks(merchant: Merchant, url: str) -> None:
    assert merchant.order(notify_url=url).status_code == 200


def test_an_order_is_for_the_apps_own_users(merchant: Merchant) -> None:
    other = openid_for("wx0000000000000000", "Lin")
    assert refusal(merchant.order(payer={"openid": other})) == (500, "OPENID_MISMATCH")
    invented = merchant.order(payer={"openid": "oInvented"})
    assert refusal(invented) == (400, "PARAM_ERROR")
    assert merchant.query().status_code == 404


def test_an_order_is_for_the_merchants_own_app(merchant: Merchant) -> None:
    response = merchant.order(appid="wx0000000000000000")
    assert refusal(response) == (400, "APPID_MCHID_NOT_MATCH")


def test_the_query_of_a_query_is_the_merchant_and_nothing_else(merchant: Merchant) -> None:
    merchant.order()
    path = f"{TRADES_PATH}/out-trade-no/kt20261122000001"
    mine = f"mchid={merchant.credentials.merchant_id}"
    for query in ("", f"?{mine}&{mine}", f"?{mine}&appid=1"):
        assert refusal(merchant.call("GET", path + query)) == (400, "PARAM_ERROR")
    with_query = f"{path}/close?{mine}"
    body = {"mchid": merchant.credentials.merchant_id}
    assert refusal(merchant.call("POST", with_query, body)) == (400, "PARAM_ERROR")


def test_a_number_in_the_path_has_its_rules_too(merchant: Merchant) -> None:
    assert refusal(merchant.query("short")) == (400, "PARAM_ERROR")
    assert refusal(merchant.query_refund("r%20")) == (400, "PARAM_ERROR")


def test_a_body_of_megabytes_is_refused(merchant: Merchant) -> None:
    raw = json.dumps({"description": "x" * 1_000_000}).encode()
    assert merchant.call("POST", PATH, raw=raw).status_code == 413
