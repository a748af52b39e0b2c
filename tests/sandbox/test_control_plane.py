"""The control plane over HTTP: shapes, refusals, and that a reset forgets."""

import random
from typing import Any

import pytest

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, ORDER_NO, Clock, Inbox, Merchant


def test_a_story_told_through_the_control_plane(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    issued = merchant.control("POST", "login-codes", {"user": "Lin"}).json()
    assert issued.keys() == {"code", "openid"}
    payment = merchant.prepay(payer={"openid": issued["openid"]})
    request = {"user": "Lin", "payment": payment, "outcome": "success", "notify": {"times": 2}}
    paid = merchant.control("POST", "payments", request).json()
    assert (paid["trade_state"], paid["out_trade_no"]) == ("SUCCESS", ORDER_NO)
    merchant.control("POST", "settings", {"hold_refunds": True})
    merchant.refund("rf-1", 990)
    settled = merchant.control("POST", "refunds/rf-1", {"outcome": "success"}).json()
    assert settled["status"] == "SUCCESS"
    replayed = merchant.control("POST", "notifications/replay", {"out_trade_no": ORDER_NO})
    assert replayed.json() == {"notifications": 1}
    assert sandbox.pump() == 4
    assert sorted(inbox.event_types()) == ["REFUND.SUCCESS", *["TRANSACTION.SUCCESS"] * 3]
    assert merchant.control("GET", "totals").json() == {
        "paid_fen": 1990,
        "refunded_fen": 990,
        "transferred_fen": 0,
        "payments": 1,
        "refunds": 1,
        "transfers": 0,
    }


def test_what_wechat_knows_can_be_looked_at(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.paid()
    merchant.refund("rf-1", 990)
    sandbox.pump()
    assert merchant.control("GET", f"trades/{ORDER_NO}").json() == merchant.query().json()
    refunds = merchant.control("GET", f"refunds?out_trade_no={ORDER_NO}").json()["items"]
    assert refunds == [merchant.query_refund("rf-1").json()]
    told = merchant.control("GET", f"notifications?out_trade_no={ORDER_NO}").json()["items"]
    assert [one["event_type"] for one in told] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert told[0]["acknowledged"] is True
    assert told[0]["due_at"] is None
    assert told[0]["attempts"] == [
        {"at": "2026-11-22T16:00:00+08:00", "status": 204, "corrupt": None}
    ]
    one = merchant.control("GET", "notifications?out_refund_no=rf-1").json()["items"]
    assert one == [told[1]]


def test_settings_keep_what_is_left_out(merchant: Merchant) -> None:
    assert merchant.control("POST", "settings", {"hold_refunds": True}).status_code == 200
    seen = merchant.control("POST", "settings", {"balance_fen": 5}).json()
    assert seen == {
        "accept_any_code": False,
        "hold_refunds": True,
        "hold_transfers": False,
        "give_unionids": False,
        "refund_settles_after_seconds": 0,
        "transfer_settles_after_seconds": 0,
        "transfer_maximum_fen": 20000,
        "overdue_closes_after_seconds": 86400,
        "withhold_seconds": 6,
        "shipping_lag_seconds": 0,
        "template_ids": [],
        "risky_words": [],
        "doubtful_words": [],
        "message_url": "",
        "complaint_url": "",
        "balance_fen": 5,
    }


def test_the_clock_moves_business_time_only(merchant: Merchant) -> None:
    moved = merchant.control("POST", "clock", {"advance_seconds": 3600})
    assert moved.json() == {"now": "2026-11-22T17:00:00+08:00"}
    assert merchant.control("GET", "health").json() == {
        "status": "ok",
        "now": "2026-11-22T17:00:00+08:00",
        "wall_now": "2026-11-22T16:00:00+08:00",
    }


def test_a_reset_forgets_all_but_the_credentials(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    openid = sandbox.login_code("Lin").openid
    merchant.paid()
    merchant.control("POST", "settings", {"hold_refunds": True, "balance_fen": 0})
    merchant.control("POST", "clock", {"advance_seconds": 60})
    merchant.control("POST", "faults", {"path_prefix": "/v3", "kind": "rate_limit", "times": 9})

    assert merchant.control("POST", "reset").json() == {}

    assert sandbox.pump() == 0
    assert inbox.posts == []
    assert merchant.query().status_code == 404
    assert sandbox.totals()["payments"] == 0
    assert sandbox.now() == clock()
    settings = sandbox.configure()
    assert (settings["hold_refunds"], settings["balance_fen"]) == (False, 10_000_000_00)
    assert sandbox.login_code("Lin").openid == openid
    assert merchant.order().status_code == 200


def test_a_fault_is_planned_with_or_without_its_times(merchant: Merchant) -> None:
    fault = {"path_prefix": "/v3/", "kind": "rate_limit"}
    assert merchant.control("POST", "faults", fault).json() == {**fault, "times": 1}
    assert merchant.order().status_code == 429
    assert merchant.order().status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("login-codes", {}),
        ("login-codes", {"user": ""}),
        ("login-codes", {"user": "Lin", "name": "Lin"}),
        ("payments", {"user": "Lin"}),
        ("payments", {"user": "Lin", "payment": {}}),
        ("refunds/rf-1", {"outcome": "lost"}),
        ("refunds/rf-1", {"outcome": "success", "notify": {"copies": 1}}),
        ("refunds/rf-1", {"outcome": "success", "notify": {"corrupt": "everything"}}),
        ("transfers/confirm", {}),
        ("transfers/confirm", {"user": "Lin", "package_info": "p", "outcome": "later"}),
        ("transfers/confirm", {"user": "Lin", "package_info": "p", "fail_reason": "BORED"}),
        ("transfers/confirm", {"user": "Lin", "package_info": "p", "fail_reason": "TRANSFER_RISK"}),
        ("faults", {"path_prefix": "/v3", "kind": "rate_limit", "times": -1}),
        ("notifications/replay", {}),
        ("notifications/replay", {"out_trade_no": ORDER_NO, "out_refund_no": "rf-1"}),
        ("settings", {"hold_refunds": "yes"}),
        ("settings", {"holdRefunds": True}),
        ("settings", {"transfer_maximum_fen": 0}),
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance_seconds": 1.5}),
        ("clock", {"advance_seconds": 10**12}),
        ("reset", {"everything": True}),
        ("reset", []),
    ],
)
def test_what_makes_no_sense_is_refused(merchant: Merchant, path: str, body: Any) -> None:
    response = merchant.control("POST", path, body)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_request"


def test_the_refusal_names_the_field(merchant: Merchant) -> None:
    response = merchant.control("POST", "login-codes", {"user": "Lin", "name": "Lin"})
    assert response.json() == {
        "error": {"code": "invalid_request", "message": "unknown fields: /name"}
    }
    response = merchant.control("POST", "clock", {})
    assert response.json()["error"]["message"] == "/advance_seconds: is required"


def test_what_is_not_there_is_not_found(merchant: Merchant) -> None:
    codes = [
        merchant.control(method, path, body).json()["error"]["code"]
        for method, path, body in (
            ("GET", "nothing", None),
            ("GET", f"trades/{ORDER_NO}", None),
            ("POST", "refunds/rf-1", {"outcome": "success"}),
            ("POST", "notifications/replay", {"out_trade_no": ORDER_NO}),
            ("GET", "reset", None),
            ("GET", "transfers?out_bill_no=w1", None),
        )
    ]
    assert codes == [
        "not_found",
        "order_not_found",
        "refund_not_found",
        "notification_not_found",
        "method_not_allowed",
        "transfer_not_found",
    ]


def test_a_refused_payment_says_why(merchant: Merchant) -> None:
    payment = {**merchant.prepay(), "nonceStr": "other"}
    response = merchant.control("POST", "payments", {"user": "Lin", "payment": payment})
    assert response.status_code == 400
    assert response.json() == {
        "error": {"code": "bad_pay_sign", "message": "paySign does not match the parameters"}
    }


def test_users_may_have_any_name(merchant: Merchant) -> None:
    codes = [
        merchant.control("POST", "login-codes", {"user": user}).status_code
        for user in ("Lin", "林 🍎", "user@example.test", "u" * 256)
    ]
    assert codes == [200, 200, 200, 200]


def test_malformed_json_is_refused(merchant: Merchant) -> None:
    response = merchant.session.post(f"{HOST}/sandbox/clock", data=b"{", timeout=1)
    assert response.status_code == 422


def test_a_seeded_sandbox_repeats_itself(credentials: Credentials, clock: Clock) -> None:
    codes = [
        Sandbox(credentials, clock, Inbox(), entropy=random.Random(seed).randbytes).login_code("L")
        for seed in (1, 1, 2)
    ]
    assert codes[0] == codes[1] != codes[2]
