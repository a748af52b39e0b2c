"""Refunds: once per number, never more than was paid, and settled in their own time."""

from typing import Any

import pytest

from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from infra.local.wechat.signing import encrypt_field
from tests.sandbox.merchant import (
    ORDER_NO,
    REFUNDS_PATH,
    REFUNDS_URL,
    Clock,
    Inbox,
    Merchant,
    refusal,
)


def test_a_refund_is_accepted_then_settles_by_itself(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    paid = merchant.paid()
    clock.advance(hours=1)
    accepted = merchant.refund("rf-1", 990).json()
    assert accepted["status"] == "PROCESSING"
    assert "success_time" not in accepted
    assert merchant.query_refund("rf-1").json() == accepted
    assert sandbox.totals()["refunds"] == 0

    sandbox.pump()

    assert merchant.query_refund("rf-1").json() == {
        "refund_id": accepted["refund_id"],
        "out_refund_no": "rf-1",
        "transaction_id": paid["transaction_id"],
        "out_trade_no": ORDER_NO,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "success_time": "2026-11-22T17:00:00+08:00",
        "create_time": "2026-11-22T17:00:00+08:00",
        "status": "SUCCESS",
        "funds_account": "AVAILABLE",
        "amount": {
            "total": 1990,
            "refund": 990,
            "from": [],
            "payer_total": 1990,
            "payer_refund": 990,
            "settlement_refund": 990,
            "settlement_total": 1990,
            "discount_refund": 0,
            "currency": "CNY",
            "refund_fee": 0,
        },
        "promotion_detail": [],
    }
    assert inbox.event_types() == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert sandbox.totals() == {
        "paid_fen": 1990,
        "refunded_fen": 990,
        "transferred_fen": 0,
        "payments": 1,
        "refunds": 1,
        "transfers": 0,
    }


def test_an_order_is_in_refund_from_the_moment_one_starts(merchant: Merchant) -> None:
    merchant.paid()
    merchant.refund("rf-1", 1)
    seen = merchant.query().json()
    assert (seen["trade_state"], seen["success_time"]) == ("REFUND", "2026-11-22T16:00:00+08:00")
    assert refusal(merchant.order()) == (400, "ORDERPAID")
    assert refusal(merchant.close()) == (400, "ORDER_PAID")


def test_the_same_refund_again_refunds_once(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.paid()
    first = merchant.refund("rf-1", 1990).json()
    assert merchant.refund("rf-1", 1990).json() == first
    sandbox.pump()
    settled = merchant.refund("rf-1", 1990).json()
    assert (settled["refund_id"], settled["status"]) == (first["refund_id"], "SUCCESS")
    assert sandbox.totals()["refunded_fen"] == 1990


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "why not"},
        {"amount": {"refund": 991, "total": 1990, "currency": "CNY"}},
        {"notify_url": ...},
    ],
)
def test_the_same_number_with_other_terms_is_refused(
    merchant: Merchant, sandbox: Sandbox, change: dict[str, Any]
) -> None:
    merchant.paid()
    merchant.refund("rf-1", 990)
    assert refusal(merchant.refund("rf-1", 990, **change)) == (400, "INVALID_REQUEST")
    sandbox.pump()
    assert sandbox.totals()["refunded_fen"] == 990


def test_a_refund_may_name_the_transaction(merchant: Merchant) -> None:
    transaction_id = merchant.paid()["transaction_id"]
    by_id = {"out_trade_no": ..., "transaction_id": transaction_id}
    assert merchant.refund("rf-1", 1990, **by_id).json()["out_trade_no"] == ORDER_NO
    unknown = {"out_trade_no": ..., "transaction_id": "4200000000"}
    assert refusal(merchant.refund("rf-2", 1, **unknown)) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(
    "change",
    [
        {"out_trade_no": ...},
        {"transaction_id": "4200000000"},
        {"out_refund_no": "rf 1"},
        {"out_refund_no": "r" * 65},
        {"reason": "退" * 27},
        {"funds_account": "MINE"},
        {"amount": {"refund": 1, "total": 1990}},
        {"amount": {"refund": 0, "total": 1990, "currency": "CNY"}},
        {"amount": {"refund": 1, "total": 1990, "currency": "CNY", "from": [{"account": "X"}]}},
        {"notify_url": "https://shop.test/refunded?x=1"},
        {"operator": "me"},
    ],
)
def test_a_malformed_refund_is_refused(
    merchant: Merchant, sandbox: Sandbox, change: dict[str, Any]
) -> None:
    merchant.paid()
    assert refusal(merchant.refund("rf-1", 1, **change)) == (400, "PARAM_ERROR")
    assert sandbox.refunds_of(ORDER_NO) == []
    assert merchant.query().json()["trade_state"] == "SUCCESS"


def test_the_sources_of_a_refund_must_add_up(merchant: Merchant) -> None:
    merchant.paid()
    amount = {"refund": 10, "total": 1990, "currency": "CNY"}
    short = {**amount, "from": [{"account": "AVAILABLE", "amount": 9}]}
    exact = {**amount, "from": [{"account": "AVAILABLE", "amount": 10}]}
    assert refusal(merchant.refund("rf-1", 10, amount=short)) == (400, "PARAM_ERROR")
    assert merchant.refund("rf-1", 10, amount=exact).status_code == 200


def test_what_was_not_paid_cannot_be_refunded(merchant: Merchant) -> None:
    assert refusal(merchant.refund("rf-1", 1)) == (404, "RESOURCE_NOT_EXISTS")
    merchant.order()
    assert refusal(merchant.refund("rf-1", 1)) == (400, "INVALID_REQUEST")
    assert refusal(merchant.query_refund("rf-1")) == (404, "RESOURCE_NOT_EXISTS")


def test_refunds_never_exceed_the_payment(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    merchant.paid()
    assert merchant.refund("rf-1", 1000).status_code == 200
    clock.advance(minutes=1)
    assert refusal(merchant.refund("rf-2", 991)) == (400, "INVALID_REQUEST")
    assert merchant.refund("rf-3", 990).status_code == 200
    clock.advance(minutes=1)
    assert refusal(merchant.refund("rf-4", 1)) == (400, "INVALID_REQUEST")
    sandbox.pump()
    assert sandbox.totals()["refunded_fen"] == 1990


def test_the_total_must_be_the_orders(merchant: Merchant) -> None:
    merchant.paid()
    amount = {"refund": 1, "total": 1991, "currency": "CNY"}
    assert refusal(merchant.refund("rf-1", 1, amount=amount)) == (400, "INVALID_REQUEST")


def test_refunds_of_one_order_are_a_minute_apart(merchant: Merchant, clock: Clock) -> None:
    merchant.paid()
    merchant.refund("rf-1", 1)
    clock.advance(seconds=59)
    assert refusal(merchant.refund("rf-2", 1)) == (429, "FREQUENCY_LIMITED")
    assert merchant.refund("rf-1", 1).status_code == 200
    clock.advance(seconds=1)
    assert merchant.refund("rf-2", 1).status_code == 200


def test_an_order_has_at_most_fifty_refunds(merchant: Merchant, clock: Clock) -> None:
    merchant.paid()
    statuses = []
    for number in range(51):
        clock.advance(minutes=1)
        statuses.append(merchant.refund(f"rf-{number}", 1).status_code)
    assert statuses == [200] * 50 + [400]


def test_a_payment_can_be_refunded_for_a_year(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.paid()
    sandbox.advance(365 * 86400)
    assert merchant.refund("rf-1", 1).status_code == 200
    sandbox.advance(60)
    assert refusal(merchant.refund("rf-2", 1)) == (400, "INVALID_REQUEST")


def test_a_refund_needs_money_in_the_merchants_account(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    merchant.paid()
    sandbox.configure(balance_fen=99)
    assert refusal(merchant.refund("rf-1", 100)) == (403, "NOT_ENOUGH")
    assert merchant.query().json()["trade_state"] == "SUCCESS"
    sandbox.configure(balance_fen=100)
    assert merchant.refund("rf-1", 100).status_code == 200
    assert sandbox.configure()["balance_fen"] == 0


def test_a_held_refund_waits_for_its_outcome(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    sandbox.configure(hold_refunds=True)
    merchant.paid()
    merchant.refund("rf-1", 1990)
    clock.advance(days=3)
    sandbox.pump()
    assert merchant.query_refund("rf-1").json()["status"] == "PROCESSING"
    assert sandbox.settle_refund("rf-1", "success")["status"] == "SUCCESS"
    sandbox.pump()
    assert inbox.event_types() == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]


def test_a_refund_settles_after_the_time_that_was_set(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.configure(refund_settles_after_seconds=30)
    merchant.paid()
    merchant.refund("rf-1", 1990)
    clock.advance(seconds=29)
    sandbox.pump()
    assert merchant.query_refund("rf-1").json()["status"] == "PROCESSING"
    clock.advance(seconds=1)
    sandbox.pump()
    assert merchant.query_refund("rf-1").json()["status"] == "SUCCESS"


def test_a_closed_refund_returns_the_money_and_needs_a_new_number(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    sandbox.configure(hold_refunds=True)
    merchant.paid()
    sandbox.configure(balance_fen=1990)
    merchant.refund("rf-1", 1990)
    sandbox.settle_refund("rf-1", "closed")
    sandbox.pump()
    assert sandbox.configure()["balance_fen"] == 1990
    assert inbox.event_types()[-1] == "REFUND.CLOSED"
    clock.advance(minutes=1)
    assert merchant.refund("rf-1", 1990).json()["status"] == "CLOSED"
    assert merchant.refund("rf-2", 1990).json()["status"] == "PROCESSING"
    assert merchant.query().json()["trade_state"] == "REFUND"
    assert sandbox.totals()["refunded_fen"] == 0


def test_an_abnormal_refund_goes_on_by_another_way(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    refund_id = abnormal_refund(merchant, sandbox)
    key = merchant.credentials.active_key
    request = {
        "out_refund_no": "rf-1",
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": encrypt_field(key.public_key, "6222000000000000"),
        "real_name": encrypt_field(key.public_key, "林"),
    }
    path = f"{REFUNDS_PATH}/{refund_id}/apply-abnormal-refund"
    sandbox.configure(hold_refunds=False)

    unnamed = merchant.call("POST", path, request)
    response = merchant.call("POST", path, request, Wechatpay_Serial=key.key_id)

    assert refusal(unnamed) == (400, "PARAM_ERROR")
    assert (response.json()["status"], response.json()["channel"]) == (
        "PROCESSING",
        "OTHER_BANKCARD",
    )
    sandbox.pump()
    assert inbox.event_types()[1:] == ["REFUND.ABNORMAL", "REFUND.SUCCESS"]
    again = merchant.call("POST", path, request, Wechatpay_Serial=key.key_id)
    assert refusal(again) == (400, "INVALID_REQUEST")


def test_another_way_is_for_the_refund_that_was_named(merchant: Merchant, sandbox: Sandbox) -> None:
    refund_id = abnormal_refund(merchant, sandbox)
    request = {"out_refund_no": "rf-1", "type": "MERCHANT_BANK_CARD"}
    other = f"{REFUNDS_PATH}/50300/apply-abnormal-refund"
    assert refusal(merchant.call("POST", other, request)) == (404, "RESOURCE_NOT_EXISTS")
    plain = {**request, "real_name": "bm90IGVuY3J5cHRlZA=="}
    path = f"{REFUNDS_PATH}/{refund_id}/apply-abnormal-refund"
    serial = merchant.credentials.active_key.key_id
    refused = merchant.call("POST", path, plain, Wechatpay_Serial=serial)
    assert refusal(refused) == (400, "PARAM_ERROR")


def test_an_abnormal_refund_may_still_come_to_an_end(merchant: Merchant, sandbox: Sandbox) -> None:
    abnormal_refund(merchant, sandbox)
    assert sandbox.settle_refund("rf-1", "success")["status"] == "SUCCESS"


@pytest.mark.parametrize("outcome", ["success", "closed"])
def test_a_settled_refund_stays_as_it_is(
    merchant: Merchant, sandbox: Sandbox, outcome: str
) -> None:
    merchant.paid()
    merchant.refund("rf-1", 1)
    sandbox.settle_refund("rf-1", outcome)
    for other in ("success", "abnormal", "closed"):
        with pytest.raises(ControlRefusal) as refused:
            sandbox.settle_refund("rf-1", other)
        assert refused.value.code == "refund_settled"


def test_a_refund_without_a_url_is_told_to_nobody(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    merchant.paid()
    merchant.refund("rf-1", 1, notify_url=...)
    sandbox.pump()
    assert merchant.query_refund("rf-1").json()["status"] == "SUCCESS"
    assert [post.url for post in inbox.posts if post.url == REFUNDS_URL] == []


def test_the_notice_of_a_refund_names_its_state_differently(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    merchant.paid()
    accepted = merchant.refund("rf-1", 990).json()
    sandbox.pump()
    assert inbox.posts[1].url == REFUNDS_URL
    assert merchant.open(inbox.posts[1]) == {
        "mchid": merchant.credentials.merchant_id,
        "out_trade_no": ORDER_NO,
        "transaction_id": accepted["transaction_id"],
        "out_refund_no": "rf-1",
        "refund_id": accepted["refund_id"],
        "refund_status": "SUCCESS",
        "success_time": "2026-11-22T16:00:00+08:00",
        "user_received_account": "支付用户零钱",
        "amount": {"total": 1990, "refund": 990, "payer_total": 1990, "payer_refund": 990},
    }


def abnormal_refund(merchant: Merchant, sandbox: Sandbox) -> str:
    """The refund_id of rf-1, which the user's account could not take."""
    sandbox.configure(hold_refunds=True)
    merchant.paid()
    merchant.refund("rf-1", 1990)
    return str(sandbox.settle_refund("rf-1", "abnormal")["refund_id"])
