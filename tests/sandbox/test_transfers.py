"""Transfers: one per number, confirmed by their payee alone, and the money back when they fail."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.logins import openid_for
from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import (
    BILL_NO,
    SENSITIVE,
    TRANSFERS_PATH,
    TRANSFERS_URL,
    Clock,
    Inbox,
    Merchant,
    refusal,
)

OPENING_FEN = 10_000_000_00


def balance_fen(sandbox: Sandbox) -> int:
    return int(sandbox.configure()["balance_fen"])


def state_of(merchant: Merchant, out_bill_no: str = BILL_NO) -> str:
    return str(merchant.query_transfer(out_bill_no).json()["state"])


def test_a_transfer_waits_for_its_payee_then_arrives(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    accepted = merchant.transfer().json()
    number, package_info = accepted["transfer_bill_no"], accepted["package_info"]
    assert accepted == {
        "out_bill_no": BILL_NO,
        "transfer_bill_no": number,
        "state": "WAIT_USER_CONFIRM",
        "create_time": "2026-11-22T16:00:00+08:00",
        "package_info": package_info,
    }
    assert (len(number), len(package_info)) == (40, 128)
    assert balance_fen(sandbox) == OPENING_FEN - 1000
    clock.advance(hours=1)

    confirmed = sandbox.confirm_transfer("Lin", package_info)

    assert confirmed == {"state": "TRANSFERING", "out_bill_no": BILL_NO}
    assert state_of(merchant) == "TRANSFERING"
    assert sandbox.totals()["transfers"] == 0
    assert sandbox.pump() == 1
    seen = {
        "mch_id": merchant.credentials.merchant_id,
        "out_bill_no": BILL_NO,
        "transfer_bill_no": number,
        "appid": merchant.credentials.app_id,
        "state": "SUCCESS",
        "transfer_amount": 1000,
        "transfer_remark": "十一月佣金",
        "openid": openid_for(merchant.credentials.app_id, "Lin"),
        "create_time": "2026-11-22T16:00:00+08:00",
        "update_time": "2026-11-22T17:00:00+08:00",
    }
    assert merchant.query_transfer().json() == seen
    assert merchant.call("GET", f"{TRANSFERS_PATH}/transfer-bill-no/{number}").json() == seen
    assert sandbox.transfer_of(BILL_NO) == seen
    assert sandbox.totals() == {
        "paid_fen": 0,
        "refunded_fen": 0,
        "transferred_fen": 1000,
        "payments": 0,
        "refunds": 0,
        "transfers": 1,
    }
    assert inbox.posts[0].url == TRANSFERS_URL
    assert merchant.is_authentic(inbox.posts[0].headers, inbox.posts[0].body)
    assert inbox.event_types() == ["MCHTRANSFER.BILL.FINISHED"]
    assert inbox.posts[0].envelope["resource"]["original_type"] == "mch_payment"
    told = {name: seen[name] for name in seen if name not in ("appid", "transfer_remark")}
    assert merchant.open(inbox.posts[0]) == told


def test_the_same_request_again_pays_once_and_gives_the_same_package(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    first = merchant.transfer().json()
    assert merchant.transfer().json() == first
    assert balance_fen(sandbox) == OPENING_FEN - 1000
    sandbox.confirm_transfer("Lin", first["package_info"])
    sandbox.pump()
    again = merchant.transfer().json()
    assert (again["state"], "package_info" in again) == ("SUCCESS", False)
    assert sandbox.totals()["transferred_fen"] == 1000


@pytest.mark.parametrize(
    "change",
    [
        {"transfer_amount": 1001},
        {"transfer_remark": "十二月佣金"},
        {"notify_url": ...},
        {"notify_url": "https://shop.test/elsewhere"},
    ],
)
def test_the_same_number_with_other_values_is_refused(
    merchant: Merchant, sandbox: Sandbox, change: dict[str, Any]
) -> None:
    first = merchant.transfer().json()
    assert refusal(merchant.transfer(**change)) == (400, "INVALID_REQUEST")
    assert merchant.transfer().json() == first
    assert balance_fen(sandbox) == OPENING_FEN - 1000


def test_a_name_is_compared_in_the_clear(merchant: Merchant) -> None:
    first = merchant.transfer(user_name=merchant.sealed("林小满")).json()
    assert merchant.transfer(user_name=merchant.sealed("林小满")).json() == first
    other = merchant.transfer(user_name=merchant.sealed("林大满"))
    assert refusal(other) == (400, "INVALID_REQUEST")
    assert refusal(merchant.transfer()) == (400, "INVALID_REQUEST")


def test_a_name_goes_back_so_that_only_the_merchant_reads_it(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    merchant.transfer(user_name=merchant.sealed("林小满"))
    sealed = base64.b64decode(merchant.query_transfer().json()["user_name"])
    key = merchant.credentials.merchant_private_key
    assert key.decrypt(sealed, SENSITIVE).decode() == "林小满"
    assert "user_name" not in sandbox.transfer_of(BILL_NO)
    assert "林小满" not in repr(sandbox._transfers.get(BILL_NO, sandbox.now()))


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("/out_bill_no", {"out_bill_no": "w-1"}),
        ("/out_bill_no", {"out_bill_no": "w" * 33}),
        ("/out_bill_no", {"out_bill_no": ...}),
        ("/transfer_scene_id", {"transfer_scene_id": 1005}),
        ("/transfer_scene_id", {"transfer_scene_id": "1001"}),
        ("/openid", {"openid": "o!"}),
        ("/openid", {"openid": "o" * 28}),
        ("/openid", {"openid": openid_for("wx0000000000000000", "Lin")}),
        ("/transfer_amount", {"transfer_amount": 10.5}),
        ("/transfer_amount", {"transfer_amount": "1000"}),
        ("/transfer_amount", {"transfer_amount": 0}),
        ("/transfer_remark", {"transfer_remark": ""}),
        ("/transfer_remark", {"transfer_remark": "佣" * 33}),
        ("/transfer_remark", {"transfer_remark": "佣金🎉"}),
        ("/transfer_remark", {"transfer_remark": None}),
        ("/notify_url", {"notify_url": "https://shop.test/told?x=1"}),
        ("/notify_url", {"notify_url": "http://shop.test/told"}),
        ("/user_recv_style/type", {"user_recv_style": {"type": "POSTCARD"}}),
        ("/user_name", {"user_name": "林小满"}),
        ("/transfer_scene_report_infos", {"transfer_scene_report_infos": []}),
        (
            "/transfer_scene_report_infos",
            {"transfer_scene_report_infos": [{"info_type": "岗位类型", "info_content": "团长"}]},
        ),
        (
            "/transfer_scene_report_infos",
            {
                "transfer_scene_report_infos": [{"info_type": "岗位类型", "info_content": "团长"}]
                * 2
            },
        ),
        (
            "/transfer_scene_report_infos/0/info_content",
            {"transfer_scene_report_infos": [{"info_type": "岗位类型", "info_content": "团" * 33}]},
        ),
        (
            "/transfer_scene_report_infos/0/info_type",
            {"transfer_scene_report_infos": [{"info_type": "岗" * 16, "info_content": "团长"}]},
        ),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(
    merchant: Merchant, sandbox: Sandbox, field: str, change: dict[str, Any]
) -> None:
    response = merchant.transfer(**change)

    assert refusal(response) == (400, "PARAM_ERROR")
    assert response.json()["detail"]["field"] == field
    assert balance_fen(sandbox) == OPENING_FEN
    assert merchant.query_transfer().status_code == 404


def test_a_report_says_each_thing_once(merchant: Merchant) -> None:
    infos = merchant.transfer_body()["transfer_scene_report_infos"]
    twice = merchant.transfer(transfer_scene_report_infos=[*infos, infos[0]])
    assert refusal(twice) == (400, "PARAM_ERROR")
    assert merchant.query_transfer().status_code == 404


def test_a_field_that_nobody_defined_is_refused(merchant: Merchant) -> None:
    response = merchant.transfer(mchid=merchant.credentials.merchant_id)
    assert refusal(response) == (400, "PARAM_ERROR")
    assert response.json()["detail"]["value"] == ["/body/mchid"]


def test_lengths_count_characters(merchant: Merchant) -> None:
    assert merchant.transfer(transfer_remark="佣" * 32).status_code == 200


@pytest.mark.parametrize(
    ("scene_id", "types"),
    [("1000", ["活动名称", "奖励说明"]), ("1009", ["采购商品名称"])],
)
def test_each_scene_reports_what_is_its_own(
    merchant: Merchant, scene_id: str, types: list[str]
) -> None:
    infos = [{"info_type": one, "info_content": "苹果"} for one in types]
    scene: dict[str, Any] = {"transfer_scene_id": scene_id, "transfer_scene_report_infos": infos}
    assert merchant.transfer(**scene).status_code == 200
    wrong = {**scene, "transfer_scene_id": "1005"}
    assert refusal(merchant.transfer("w2", **wrong)) == (400, "PARAM_ERROR")


def test_no_scene_takes_a_perception(merchant: Merchant) -> None:
    response = merchant.transfer(user_recv_perception="现金奖励")
    assert refusal(response) == (400, "INVALID_REQUEST")


def test_another_app_is_not_the_merchants(merchant: Merchant) -> None:
    response = merchant.transfer(appid="wx0000000000000000")
    assert refusal(response) == (400, "APPID_MCHID_NOT_MATCH")


@pytest.mark.parametrize(
    ("amount_fen", "status"), [(9, 400), (10, 200), (20_000, 200), (20_001, 400)]
)
def test_one_transfer_has_its_limits(
    merchant: Merchant, sandbox: Sandbox, amount_fen: int, status: int
) -> None:
    response = merchant.transfer(transfer_amount=amount_fen)
    assert response.status_code == status
    assert balance_fen(sandbox) == OPENING_FEN - (amount_fen if status == 200 else 0)
    if status == 400:
        assert response.json()["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("amount_fen", "name", "status"),
    [
        (29, "林小满", 400),
        (29, "", 200),
        (30, "林小满", 200),
        (199_999, "", 200),
        (200_000, "", 400),
        (200_000, "林小满", 200),
        (300_000, "林小满", 200),
        (300_001, "林小满", 400),
    ],
)
def test_a_name_is_wanted_for_large_amounts_and_refused_for_tiny_ones(
    merchant: Merchant, sandbox: Sandbox, amount_fen: int, name: str, status: int
) -> None:
    sandbox.configure(transfer_maximum_fen=300_000)
    named = {"user_name": merchant.sealed(name)} if name else {}
    response = merchant.transfer(transfer_amount=amount_fen, **named)
    assert response.status_code == status


def test_a_name_encrypted_for_somebody_else_is_refused(merchant: Merchant) -> None:
    key = merchant.credentials.merchant_public_key
    sealed = base64.b64encode(key.encrypt("林小满".encode(), SENSITIVE)).decode()
    assert refusal(merchant.transfer(user_name=sealed)) == (400, "PARAM_ERROR")


def test_a_name_encrypted_otherwise_is_refused(
    merchant: Merchant, credentials: Credentials
) -> None:
    oaep = OAEP(mgf=MGF1(algorithm=SENSITIVE.algorithm), algorithm=SENSITIVE.algorithm, label=b"x")
    key = credentials.active_key.public_key
    sealed = base64.b64encode(key.encrypt("林小满".encode(), oaep)).decode()
    assert refusal(merchant.transfer(user_name=sealed)) == (400, "PARAM_ERROR")


def test_a_name_needs_the_header_that_names_its_key(merchant: Merchant) -> None:
    body = merchant.transfer_body(user_name=merchant.sealed("林小满"))
    assert refusal(merchant.call("POST", TRANSFERS_PATH, body)) == (400, "PARAM_ERROR")


def test_a_short_balance_is_said_and_the_same_number_works_after_a_top_up(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.configure(balance_fen=999)
    assert refusal(merchant.transfer()) == (403, "NOT_ENOUGH")
    assert merchant.query_transfer().status_code == 404
    sandbox.configure(balance_fen=1000)
    assert merchant.transfer().json()["state"] == "WAIT_USER_CONFIRM"
    assert balance_fen(sandbox) == 0


def test_a_held_transfer_is_accepted_then_processed_then_waits(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.configure(hold_transfers=True)
    held = merchant.transfer().json()
    assert (held["state"], "package_info" in held) == ("ACCEPTED", False)
    sandbox.pump()
    assert merchant.transfer().json()["state"] == "PROCESSING"
    sandbox.configure(hold_transfers=False)
    waiting = merchant.transfer().json()
    assert waiting["state"] == "WAIT_USER_CONFIRM"
    assert sandbox.confirm_transfer("Lin", waiting["package_info"])["state"] == "TRANSFERING"


def test_a_failed_transfer_gives_the_money_back(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    package_info = merchant.transfer().json()["package_info"]
    sandbox.confirm_transfer(
        "Lin", package_info, outcome="fail", fail_reason="REAL_NAME_CHECK_FAIL"
    )
    sandbox.pump()
    seen = merchant.query_transfer().json()
    assert (seen["state"], seen["fail_reason"]) == ("FAIL", "REAL_NAME_CHECK_FAIL")
    assert merchant.open(inbox.posts[0])["fail_reason"] == "REAL_NAME_CHECK_FAIL"
    assert balance_fen(sandbox) == OPENING_FEN
    assert sandbox.totals()["transfers"] == 0


def test_a_transfer_can_take_its_time(merchant: Merchant, sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.configure(transfer_settles_after_seconds=60)
    sandbox.confirm_transfer("Lin", merchant.transfer().json()["package_info"])
    sandbox.advance(59)
    assert sandbox.pump() == 0
    assert state_of(merchant) == "TRANSFERING"
    sandbox.advance(1)
    assert sandbox.pump() == 1
    assert state_of(merchant) == "SUCCESS"


def test_a_day_without_confirmation_closes_a_transfer(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    package_info = merchant.transfer().json()["package_info"]
    sandbox.advance(24 * 3600 - 1)
    assert sandbox.pump() == 0
    sandbox.advance(1)
    assert sandbox.pump() == 1
    seen = merchant.query_transfer().json()
    assert (seen["state"], seen["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")
    assert merchant.open(inbox.posts[0])["state"] == "FAIL"
    assert balance_fen(sandbox) == OPENING_FEN
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Lin", package_info)
    assert refused.value.code == "transfer_not_waiting"


def test_closing_can_lag_behind_a_dead_package(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.configure(overdue_closes_after_seconds=25 * 3600)
    package_info = merchant.transfer().json()["package_info"]
    sandbox.advance(24 * 3600)
    sandbox.pump()
    assert state_of(merchant) == "WAIT_USER_CONFIRM"
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Lin", package_info)
    assert refused.value.code == "package_expired"
    sandbox.advance(3600)
    sandbox.pump()
    assert state_of(merchant) == "FAIL"


def test_taking_a_transfer_back_takes_a_while(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    first = merchant.transfer().json()
    canceling = merchant.cancel_transfer()
    assert canceling.json() == {
        "out_bill_no": BILL_NO,
        "transfer_bill_no": first["transfer_bill_no"],
        "state": "CANCELING",
        "update_time": "2026-11-22T16:00:00+08:00",
    }
    assert merchant.cancel_transfer().json() == canceling.json()
    assert balance_fen(sandbox) == OPENING_FEN - 1000
    with pytest.raises(ControlRefusal):
        sandbox.confirm_transfer("Lin", first["package_info"])

    assert sandbox.pump() == 1

    assert merchant.cancel_transfer().json()["state"] == "CANCELLED"
    seen = merchant.query_transfer().json()
    assert (seen["state"], seen["fail_reason"]) == ("CANCELLED", "MCH_CANCEL")
    assert merchant.open(inbox.posts[0])["state"] == "CANCELLED"
    assert balance_fen(sandbox) == OPENING_FEN
    assert merchant.transfer().json()["state"] == "CANCELLED"


def test_a_held_transfer_can_be_taken_back(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.configure(hold_transfers=True)
    merchant.transfer()
    path = f"{TRANSFERS_PATH}/out-bill-no/{BILL_NO}/cancel"
    assert merchant.call("POST", path, {}).json()["state"] == "CANCELING"
    sandbox.pump()
    assert state_of(merchant) == "CANCELLED"


def test_what_was_confirmed_cannot_be_taken_back(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.confirm_transfer("Lin", merchant.transfer().json()["package_info"])
    assert refusal(merchant.cancel_transfer()) == (400, "INVALID_REQUEST")
    sandbox.pump()
    assert refusal(merchant.cancel_transfer()) == (400, "INVALID_REQUEST")
    assert state_of(merchant) == "SUCCESS"
    assert sandbox.totals()["transferred_fen"] == 1000


def test_a_cancel_has_nothing_to_say(merchant: Merchant) -> None:
    merchant.transfer()
    path = f"{TRANSFERS_PATH}/out-bill-no/{BILL_NO}/cancel"
    assert refusal(merchant.call("POST", path, {"reason": "no"})) == (400, "PARAM_ERROR")
    assert refusal(merchant.call("POST", f"{path}?x=1")) == (400, "PARAM_ERROR")
    assert state_of(merchant) == "WAIT_USER_CONFIRM"


def test_what_wechat_does_not_know_is_not_found(merchant: Merchant) -> None:
    number = f"{TRANSFERS_PATH}/transfer-bill-no/1330000071100999991182020050700019480001"
    refused = [merchant.query_transfer(), merchant.cancel_transfer(), merchant.call("GET", number)]
    assert [refusal(one) for one in refused] == [(404, "NOT_FOUND")] * 3
    assert refusal(merchant.query_transfer("w-1")) == (400, "PARAM_ERROR")
    assert refusal(merchant.call("GET", f"{number}?x=1")) == (400, "PARAM_ERROR")


def test_a_transfer_is_known_for_30_days(merchant: Merchant, clock: Clock) -> None:
    merchant.transfer()
    clock.advance(days=30, seconds=-1)
    assert merchant.query_transfer().status_code == 200
    clock.advance(seconds=1)
    assert refusal(merchant.query_transfer()) == (404, "NOT_FOUND")


def test_only_the_payee_may_confirm(merchant: Merchant, sandbox: Sandbox) -> None:
    package_info = merchant.transfer().json()["package_info"]
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Wang", package_info)
    assert refused.value.code == "wrong_payee"
    assert refused.value.message == "你的微信号与商家指定的微信号不一致"
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Lin", package_info[::-1])
    assert refused.value.code == "unknown_package_info"
    assert state_of(merchant) == "WAIT_USER_CONFIRM"


def test_a_transfer_is_confirmed_once(merchant: Merchant, sandbox: Sandbox) -> None:
    package_info = merchant.transfer().json()["package_info"]
    sandbox.confirm_transfer("Lin", package_info)
    sandbox.pump()
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Lin", package_info)
    assert refused.value.code == "transfer_not_waiting"
    assert sandbox.totals()["transferred_fen"] == 1000


def test_without_an_address_nobody_is_told(merchant: Merchant, sandbox: Sandbox) -> None:
    package_info = merchant.transfer(notify_url=...).json()["package_info"]
    sandbox.confirm_transfer("Lin", package_info)
    assert sandbox.pump() == 0
    assert state_of(merchant) == "SUCCESS"


def test_redelivery_has_a_schedule_of_its_own(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    inbox.statuses = [500] * 100
    sandbox.confirm_transfer("Lin", merchant.transfer().json()["package_info"])
    assert sandbox.pump() == 1
    for seconds in (*(15,) * 10, *(300,) * 10, *(1800,) * 44):
        sandbox.advance(seconds - 1)
        assert sandbox.pump() == 0
        sandbox.advance(1)
        assert sandbox.pump() == 1
    sandbox.advance(86400)
    assert sandbox.pump() == 0
    assert len(inbox.posts) == 65


def test_the_end_can_be_told_late_twice_or_wrongly(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    package_info = merchant.transfer().json()["package_info"]
    notify = {"times": 2, "delay_seconds": 30, "corrupt": "amount"}
    sandbox.confirm_transfer("Lin", package_info, notify=notify)
    assert sandbox.pump() == 0
    sandbox.advance(30)
    assert sandbox.pump() == 2
    assert merchant.open(inbox.posts[0])["transfer_amount"] == 1001
    for kind, name in (("merchant", "mch_id"), ("order", "out_bill_no")):
        assert sandbox.replay(out_bill_no=BILL_NO, corrupt=kind) == 1
        sandbox.pump()
        told, seen = merchant.open(inbox.posts[-1]), merchant.query_transfer().json()
        assert (told[name] != seen[name], told["transfer_amount"]) == (True, 1000)


@pytest.mark.parametrize("kind", ["currency", "appid"])
def test_what_the_notification_lacks_cannot_be_wrong(
    merchant: Merchant, sandbox: Sandbox, kind: str
) -> None:
    package_info = merchant.transfer().json()["package_info"]
    with pytest.raises(ControlRefusal) as refused:
        sandbox.confirm_transfer("Lin", package_info, notify={"corrupt": kind})
    assert refused.value.code == "invalid_request"
    assert state_of(merchant) == "WAIT_USER_CONFIRM"


@pytest.mark.parametrize(
    ("kind", "status", "is_done"),
    [
        ("error_before", 500, False),
        ("error_after", 500, True),
        ("rate_limit", 429, False),
        ("bad_signature", 200, True),
    ],
)
def test_faults_hit_transfers_as_any_other_call(
    merchant: Merchant, sandbox: Sandbox, kind: str, status: int, is_done: bool
) -> None:
    sandbox.add_fault(TRANSFERS_PATH, kind)
    response = merchant.transfer()
    assert response.status_code == status
    assert (merchant.query_transfer().status_code == 200) is is_done
    if status == 200:
        assert not merchant.is_authentic(response.headers, response.content)


def test_a_story_told_through_the_control_plane(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    package_info = merchant.transfer().json()["package_info"]
    wrong = {"user": "Wang", "package_info": package_info}
    refused = merchant.control("POST", "transfers/confirm", wrong)
    assert (refused.status_code, refused.json()["error"]) == (
        403,
        {"code": "wrong_payee", "message": "你的微信号与商家指定的微信号不一致"},
    )
    right = {**wrong, "user": "Lin", "outcome": "success", "notify": {"times": 2}}
    confirmed = merchant.control("POST", "transfers/confirm", right)
    assert confirmed.json() == {"state": "TRANSFERING", "out_bill_no": BILL_NO}
    assert sandbox.pump() == 2
    seen = merchant.control("GET", f"transfers?out_bill_no={BILL_NO}").json()
    assert seen == merchant.query_transfer().json()
    told = merchant.control("GET", f"notifications?out_bill_no={BILL_NO}").json()["items"]
    assert [one["event_type"] for one in told] == ["MCHTRANSFER.BILL.FINISHED"]
    assert (told[0]["out_bill_no"], told[0]["acknowledged"]) == (BILL_NO, True)
    replayed = merchant.control("POST", "notifications/replay", {"out_bill_no": BILL_NO})
    assert replayed.json() == {"notifications": 1}
    assert sandbox.pump() == 1
    assert len({post.envelope["id"] for post in inbox.posts}) == 1
    totals = merchant.control("GET", "totals").json()
    assert (totals["transferred_fen"], totals["transfers"]) == (1000, 1)
