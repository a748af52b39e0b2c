"""Orders: prepay, pay, query, close, and what each state allows."""

from datetime import timedelta
from typing import Any

import pytest

from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import ORDER_NO, TRADES_PATH, Clock, Merchant, refusal


def test_an_order_gets_a_prepay_id(merchant: Merchant) -> None:
    response = merchant.order()
    assert response.status_code == 200
    assert list(response.json()) == ["prepay_id"]
    assert response.json()["prepay_id"].startswith("wx20261122160000")
    assert len(response.json()["prepay_id"]) == 36


def test_an_unpaid_order_shows_no_payment(merchant: Merchant) -> None:
    merchant.order(attach="group 7")
    assert merchant.query().json() == {
        "appid": merchant.credentials.app_id,
        "mchid": merchant.credentials.merchant_id,
        "out_trade_no": ORDER_NO,
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
        "amount": {"total": 1990, "currency": "CNY"},
        "promotion_detail": [],
    }


def test_a_paid_order_shows_its_payment(merchant: Merchant, sandbox: Sandbox) -> None:
    scene = {"payer_client_ip": "14.23.150.211", "device_id": "POS1"}
    payment = merchant.prepay(attach="group 7", scene_info=scene)
    answer = sandbox.pay("Lin", payment)
    seen = merchant.query().json()
    assert seen == {
        "appid": merchant.credentials.app_id,
        "mchid": merchant.credentials.merchant_id,
        "out_trade_no": ORDER_NO,
        "transaction_id": answer["transaction_id"],
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "group 7",
        "success_time": "2026-11-22T16:00:00+08:00",
        "payer": {"openid": sandbox.login_code("Lin").openid},
        "amount": {"total": 1990, "payer_total": 1990, "currency": "CNY", "payer_currency": "CNY"},
        "scene_info": {"device_id": "POS1"},
        "promotion_detail": [],
    }
    assert answer == {
        "trade_state": "SUCCESS",
        "out_trade_no": ORDER_NO,
        "transaction_id": seen["transaction_id"],
    }


def test_a_paid_order_is_found_by_its_transaction(merchant: Merchant) -> None:
    paid = merchant.paid()
    query = f"?mchid={merchant.credentials.merchant_id}"
    found = merchant.call("GET", f"{TRADES_PATH}/id/{paid['transaction_id']}{query}")
    assert found.json() == paid
    missing = merchant.call("GET", f"{TRADES_PATH}/id/4200000000{query}")
    assert refusal(missing) == (404, "ORDER_NOT_EXIST")


def test_an_unknown_order_does_not_exist(merchant: Merchant) -> None:
    assert refusal(merchant.query()) == (404, "ORDER_NOT_EXIST")
    assert refusal(merchant.close()) == (404, "ORDER_NOT_EXIST")


def test_the_same_order_again_gets_a_fresh_prepay_id_for_the_same_order(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    first, second = merchant.prepay(), merchant.prepay()
    assert first["package"] != second["package"]
    sandbox.pay("Lin", first)
    with pytest.raises(ControlRefusal) as refused:
        sandbox.pay("Lin", second)
    assert refused.value.code == "order_paid"
    assert sandbox.totals()["payments"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"description": "other"},
        {"amount": {"total": 1991, "currency": "CNY"}},
        {"amount": {"total": 1990}},
        {"attach": "more"},
        {"time_expire": "2026-11-22T17:00:00+08:00"},
        {"notify_url": "https://shop.test/other"},
    ],
)
def test_the_same_number_with_other_terms_is_refused(
    merchant: Merchant, change: dict[str, Any]
) -> None:
    merchant.order()
    response = merchant.order(**change)
    assert refusal(response) == (400, "INVALID_REQUEST")
    assert response.json()["message"] == "请求重入时，参数与首次请求时不一致"
    assert response.headers["Request-ID"].endswith("-268498688")
    assert merchant.query().json()["amount"]["total"] == 1990


def test_a_paid_order_cannot_be_placed_again(merchant: Merchant) -> None:
    merchant.paid()
    response = merchant.order()
    assert refusal(response) == (400, "ORDERPAID")
    assert response.headers["Request-ID"].endswith("-268498689")


def test_a_closed_order_cannot_be_placed_again(merchant: Merchant) -> None:
    merchant.order()
    merchant.close()
    response = merchant.order()
    assert refusal(response) == (400, "ORDER_CLOSED")
    assert response.headers["Request-ID"].endswith("-268447914")


def test_closing_twice_is_fine(merchant: Merchant) -> None:
    merchant.order()
    assert [merchant.close().status_code, merchant.close().status_code] == [204, 204]
    assert merchant.query().json()["trade_state"] == "CLOSED"


def test_a_paid_order_cannot_be_closed(merchant: Merchant) -> None:
    merchant.paid()
    assert refusal(merchant.close()) == (400, "ORDER_PAID")
    assert merchant.query().json()["trade_state"] == "SUCCESS"


def test_a_closed_order_cannot_be_paid(merchant: Merchant, sandbox: Sandbox) -> None:
    payment = merchant.prepay()
    merchant.close()
    assert refused_payment(sandbox, payment) == (409, "order_closed")
    assert sandbox.totals()["paid_fen"] == 0


def test_an_order_cannot_be_paid_from_its_time_expire_on(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    for number, seconds in (("kt-in-time", 299), ("kt-too-late", 300)):
        expires_at = (clock() + timedelta(seconds=300)).isoformat()
        payment = merchant.prepay(number, time_expire=expires_at)
        clock.advance(seconds=seconds)
        if seconds == 299:
            sandbox.pay("Lin", payment)
        else:
            assert refused_payment(sandbox, payment) == (409, "order_expired")
    assert merchant.query("kt-in-time").json()["trade_state"] == "SUCCESS"
    assert merchant.query("kt-too-late").json()["trade_state"] == "NOTPAY"


def test_an_order_may_be_repeated_up_to_its_time_expire(merchant: Merchant, clock: Clock) -> None:
    terms = {"time_expire": "2026-11-22T16:05:00+08:00"}
    merchant.order(**terms)
    clock.advance(seconds=299)
    assert merchant.order(**terms).status_code == 200
    clock.advance(seconds=1)
    assert refusal(merchant.order(**terms)) == (400, "INVALID_REQUEST")


def test_a_prepay_id_is_good_for_two_hours(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    stale = merchant.prepay()
    clock.advance(hours=2)
    assert refused_payment(sandbox, stale) == (409, "prepay_id_expired")
    sandbox.pay("Lin", merchant.prepay())
    assert merchant.query().json()["trade_state"] == "SUCCESS"


def test_an_order_nobody_pays_closes_after_seven_days(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.order()
    sandbox.advance(7 * 86400 - 1)
    assert merchant.query().json()["trade_state"] == "NOTPAY"
    sandbox.advance(1)
    assert merchant.query().json()["trade_state"] == "CLOSED"


def test_a_cancelled_attempt_leaves_the_order_to_be_paid(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    payment = merchant.prepay()
    answer = sandbox.pay("Lin", payment, outcome="cancel")
    assert answer == {"trade_state": "NOTPAY", "out_trade_no": ORDER_NO}
    assert sandbox.pump() == 0
    sandbox.pay("Lin", payment)
    assert sandbox.totals()["paid_fen"] == 1990


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("paySign", "bm90IGEgc2lnbmF0dXJl"),
        ("paySign", "not base64!"),
        ("nonceStr", "other"),
        ("timeStamp", "1"),
        ("package", "prepay_id=wx201410272009395522657a690389285100"),
    ],
)
def test_the_client_refuses_parameters_the_merchant_did_not_sign(
    merchant: Merchant, sandbox: Sandbox, field: str, value: str
) -> None:
    payment = {**merchant.prepay(), field: value}
    assert refused_payment(sandbox, payment) == (400, "bad_pay_sign")
    assert merchant.query().json()["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(
    "change",
    [{"signType": "MD5"}, {"timeStamp": 1}, {"timeStamp": "now"}, {"appId": "wx1"}],
)
def test_the_client_refuses_parameters_of_another_shape(
    merchant: Merchant, sandbox: Sandbox, change: dict[str, Any]
) -> None:
    payment = {**merchant.prepay(), **change}
    assert refused_payment(sandbox, payment) == (422, "invalid_request")


def test_the_client_refuses_a_package_of_another_kind(merchant: Merchant, sandbox: Sandbox) -> None:
    payment = {**merchant.prepay(), "package": "Sign=WXPay"}
    assert refused_payment(sandbox, payment) == (400, "bad_package")


def test_a_prepay_id_nobody_gave_out_is_unknown(merchant: Merchant, sandbox: Sandbox) -> None:
    payment = merchant.payment("wx201410272009395522657a690389285100")
    assert refused_payment(sandbox, payment) == (404, "unknown_prepay_id")


def test_only_the_payer_can_pay(merchant: Merchant, sandbox: Sandbox) -> None:
    payment = merchant.prepay()
    assert refused_payment(sandbox, payment, user="Wang") == (403, "wrong_payer")
    assert merchant.query().json()["trade_state"] == "NOTPAY"


def test_a_payment_raises_the_merchants_balance(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.configure(balance_fen=10)
    merchant.paid()
    assert sandbox.configure()["balance_fen"] == 2000


def refused_payment(
    sandbox: Sandbox, payment: dict[str, str], user: str = "Lin"
) -> tuple[int, str]:
    with pytest.raises(ControlRefusal) as refused:
        sandbox.pay(user, payment)
    return refused.value.status, refused.value.code
