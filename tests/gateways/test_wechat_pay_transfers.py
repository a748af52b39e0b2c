"""Transfers by WechatPayV3: what is sent, who can read it, and what the answers mean."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1

from chalicelib.gateways.wechat_pay import (
    NotAuthentic,
    NotEnoughBalance,
    RefusedByWechat,
    RequestDiffers,
    TradeUnknown,
)
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from chalicelib.gateways.wechat_pay_wire import sendable_characters
from chalicelib.gateways.wechat_transfers import (
    TransferNotification,
    TransferReport,
    TransferRequest,
    TransferState,
)
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import (
    APP_ID,
    KEY_ID,
    MERCHANT_ID,
    NOW,
    OPENID,
    FakeWechat,
    check_signature,
    envelope,
    signed_headers,
)

TRANSFERS_URL = "https://api.mch.weixin.qq.com/v3/fund-app/mch-transfer/transfer-bills"
PACKAGE = "ABBQO+oYAAABAAAAAAAk+yPZGrO+DyThN+w+NRAAAABnGpepZahT9IkJjn90+1qgg"

TRANSFER = TransferRequest(
    out_bill_no="w7Ks1pQ",
    app_id=APP_ID,
    openid=OPENID,
    amount_fen=1000,
    remark="十一月佣金",
    scene_id="1005",
    scene_report={"岗位类型": "推广员", "报酬说明": "十一月推广佣金"},
    notify_url="https://shop.example/v1/wechat/transfers",
)
NAMED = replace(TRANSFER, amount_fen=200_000, user_name="张三丰")

CREATED = datetime(2026, 11, 22, 15, 8, 44, tzinfo=UTC)
UPDATED = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
ACCEPTED: dict[str, Any] = {
    "out_bill_no": "w7Ks1pQ",
    "transfer_bill_no": "1330000071100999991182020050700019480001",
    "create_time": "2026-11-22T23:08:44+08:00",
    "state": "WAIT_USER_CONFIRM",
    "package_info": PACKAGE,
}
QUERIED: dict[str, Any] = {
    "mch_id": MERCHANT_ID,
    "out_bill_no": "w7Ks1pQ",
    "transfer_bill_no": "1330000071100999991182020050700019480001",
    "appid": APP_ID,
    "state": "SUCCESS",
    "transfer_amount": 1000,
    "transfer_remark": "十一月佣金",
    "openid": OPENID,
    "create_time": "2026-11-22T23:08:44+08:00",
    "update_time": "2026-11-22T23:10:00+08:00",
}
CANCELING = {
    "out_bill_no": "w7Ks1pQ",
    "transfer_bill_no": "1330000071100999991182020050700019480001",
    "state": "CANCELING",
    "update_time": "2026-11-22T23:10:00+08:00",
}


def sent_body(wechat: FakeWechat) -> dict[str, Any]:
    body = wechat.requests[-1].body
    assert isinstance(body, bytes)
    return dict(json.loads(body))


def test_a_transfer_sends_exactly_these_fields_as_compact_utf8_json(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, ACCEPTED)

    assert pay.transfer(TRANSFER) == TransferReport(
        out_bill_no="w7Ks1pQ",
        transfer_bill_no="1330000071100999991182020050700019480001",
        transfer_state="WAIT_USER_CONFIRM",
        package_info=PACKAGE,
        created_at=CREATED,
    )

    request = wechat.requests[0]
    assert (request.method, request.url) == ("POST", TRANSFERS_URL)
    assert request.headers["Wechatpay-Serial"] == KEY_ID
    assert (
        request.body
        == (
            '{"appid":"wx2421b1c4370ec43b","out_bill_no":"w7Ks1pQ","transfer_scene_id":"1005",'
            '"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","transfer_amount":1000,'
            '"transfer_remark":"十一月佣金",'
            '"notify_url":"https://shop.example/v1/wechat/transfers",'
            '"transfer_scene_report_infos":['
            '{"info_type":"岗位类型","info_content":"推广员"},'
            '{"info_type":"报酬说明","info_content":"十一月推广佣金"}]}'
        ).encode()
    )


def test_a_repeat_sends_the_same_bytes_in_whatever_order_the_report_is_given(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    report = {"报酬说明": "十一月推广佣金", "岗位类型": "推广员"}
    for request in (TRANSFER, replace(TRANSFER, scene_report=report)):
        wechat.will_answer_signed(200, ACCEPTED)
        pay.transfer(request)

    assert wechat.requests[0].body == wechat.requests[1].body


def test_the_name_is_encrypted_for_the_key_that_the_serial_names(
    pay: WechatPayV3, wechat: FakeWechat, wechat_key: RSAPrivateKey
) -> None:
    wechat.will_answer_signed(200, ACCEPTED)
    pay.transfer(NAMED)

    sealed = b64decode(sent_body(wechat)["user_name"], validate=True)
    oaep = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
    assert wechat_key.decrypt(sealed, oaep).decode() == "张三丰"
    assert wechat.requests[0].headers["Wechatpay-Serial"] == KEY_ID


def test_the_signature_covers_the_encrypted_name(
    pay: WechatPayV3, wechat: FakeWechat, merchant_key: RSAPrivateKey
) -> None:
    wechat.will_answer_signed(200, ACCEPTED)
    pay.transfer(NAMED)

    request = wechat.requests[0]
    assert isinstance(request.body, bytes)
    signature = request.headers["Authorization"].partition('signature="')[2].partition('"')[0]
    message = (
        b"POST\n/v3/fund-app/mch-transfer/transfer-bills\n1795360124\n"
        b"593BEC0C930BF1AFEB40B4A08C8FB242\n" + request.body + b"\n"
    )
    check_signature(merchant_key, signature, message)


def test_a_name_cannot_be_sent_with_a_key_that_cannot_be_used(
    credentials: WechatPayCredentials, wechat: FakeWechat
) -> None:
    broken = replace(credentials, public_keys={KEY_ID: "not a key"})
    pay = WechatPayV3(broken, clock=lambda: NOW, session_factory=wechat.session)

    with pytest.raises(WechatUnavailable, match=f"public key {KEY_ID} is not"):
        pay.transfer(NAMED)

    assert wechat.requests == []


@pytest.mark.parametrize(
    ("remark", "sent"),
    [
        ("佣" * 40, "佣" * 32),
        ("🎉佣金🎉", "佣金"),
        ("一\n二", "一 二"),
        ("🎉", "w7Ks1pQ"),
        ("", "w7Ks1pQ"),
    ],
)
def test_a_remark_is_cut_to_32_characters_that_wechat_takes(
    pay: WechatPayV3, wechat: FakeWechat, remark: str, sent: str
) -> None:
    wechat.will_answer_signed(200, ACCEPTED)

    pay.transfer(replace(TRANSFER, remark=remark))

    assert sent_body(wechat)["transfer_remark"] == sent


def test_a_cut_by_characters_leaves_no_space_behind() -> None:
    assert sendable_characters("ab cd", 3) == "ab"
    assert sendable_characters(None, 3) is None


@pytest.mark.parametrize("state", get_args(TransferState))
def test_a_query_reports_every_state(
    pay: WechatPayV3, wechat: FakeWechat, state: TransferState
) -> None:
    wechat.will_answer_signed(200, {**QUERIED, "state": state})

    assert pay.query_transfer("w7Ks1pQ") == TransferReport(
        out_bill_no="w7Ks1pQ",
        transfer_bill_no="1330000071100999991182020050700019480001",
        transfer_state=state,
        amount_fen=1000,
        openid=OPENID,
        created_at=CREATED,
        updated_at=UPDATED,
    )
    assert (wechat.requests[0].method, wechat.requests[0].body) == ("GET", None)
    assert wechat.requests[0].url == f"{TRANSFERS_URL}/out-bill-no/w7Ks1pQ"


def test_a_failed_transfer_says_why(pay: WechatPayV3, wechat: FakeWechat) -> None:
    failed = {**QUERIED, "state": "FAIL", "fail_reason": "OVERDUE_CLOSE"}
    wechat.will_answer_signed(200, failed)

    report = pay.query_transfer("w7Ks1pQ")

    assert report is not None
    assert (report.transfer_state, report.fail_reason) == ("FAIL", "OVERDUE_CLOSE")


@pytest.mark.parametrize("code", ["NOT_FOUND", "RESOURCE_NOT_EXISTS", "SOMETHING_NEW"])
def test_a_404_of_wechats_means_that_it_knows_no_such_transfer(
    pay: WechatPayV3, wechat: FakeWechat, code: str
) -> None:
    wechat.will_refuse(404, code)

    assert pay.query_transfer("w7Ks1pQ") is None


def test_a_404_from_in_between_says_nothing(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer(404, b"<html>not found</html>")

    with pytest.raises(WechatUnavailable):
        pay.query_transfer("w7Ks1pQ")


def test_a_query_may_be_refused_for_another_reason(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_refuse(403, "NO_AUTH")

    with pytest.raises(RefusedByWechat, match="NO_AUTH"):
        pay.query_transfer("w7Ks1pQ")


def test_cancelling_sends_no_body_and_is_only_accepted_at_first(
    pay: WechatPayV3, wechat: FakeWechat
) -> None:
    wechat.will_answer_signed(200, CANCELING)

    assert pay.cancel_transfer("w7Ks1pQ").transfer_state == "CANCELING"

    request = wechat.requests[0]
    assert (request.method, request.body) == ("POST", None)
    assert request.url == f"{TRANSFERS_URL}/out-bill-no/w7Ks1pQ/cancel"


def test_a_number_is_one_segment_of_the_path(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_refuse(404, "NOT_FOUND")
    pay.query_transfer("w/../1")

    assert wechat.requests[0].url == f"{TRANSFERS_URL}/out-bill-no/w%2F..%2F1"


@pytest.mark.parametrize(
    ("status", "code", "number", "kind"),
    [
        (403, "NOT_ENOUGH", 0, NotEnoughBalance),
        (400, "NOTENOUGH", 0, NotEnoughBalance),
        (400, "INVALID_REQUEST", 268498688, RequestDiffers),
        (400, "INVALID_REQUEST", 0, RefusedByWechat),
        (400, "PARAM_ERROR", 0, RefusedByWechat),
        (403, "NO_AUTH", 0, RefusedByWechat),
        (404, "NOT_FOUND", 0, TradeUnknown),
    ],
)
def test_a_refused_transfer_is_the_error_its_code_means(
    pay: WechatPayV3,
    wechat: FakeWechat,
    status: int,
    code: str,
    number: int,
    kind: type[RefusedByWechat],
) -> None:
    for ask in (pay.transfer, lambda request: pay.cancel_transfer(request.out_bill_no)):
        wechat.will_refuse(status, code, number=number)

        with pytest.raises(RefusedByWechat) as refusal:
            ask(TRANSFER)

        assert type(refusal.value) is kind


@pytest.mark.parametrize(
    "change",
    [
        {"state": "UNHEARD_OF"},
        {"state": None},
        {"out_bill_no": "another"},
        {"mch_id": "1900000110"},
        {"transfer_amount": "1000"},
        {"transfer_amount": -1},
        {"openid": 5},
        {"transfer_bill_no": 5},
    ],
    ids=str,
)
def test_an_answer_that_is_off_is_not_believed(
    pay: WechatPayV3, wechat: FakeWechat, change: dict[str, Any]
) -> None:
    asks: list[Callable[[], object]] = [
        lambda: pay.transfer(TRANSFER),
        lambda: pay.query_transfer("w7Ks1pQ"),
        lambda: pay.cancel_transfer("w7Ks1pQ"),
    ]
    for ask in asks:
        wechat.will_answer_signed(200, {**QUERIED, **change})
        with pytest.raises(WechatUnavailable, match="cannot be used"):
            ask()


def test_an_unsigned_answer_is_not_believed(pay: WechatPayV3, wechat: FakeWechat) -> None:
    wechat.will_answer(200, ACCEPTED)

    with pytest.raises(WechatUnavailable, match="cannot be used"):
        pay.transfer(TRANSFER)


Read = Callable[[dict[str, Any]], object]


@pytest.fixture
def read(pay: WechatPayV3, wechat_key: RSAPrivateKey) -> Read:
    """A notification of a finished transfer, signed and sealed, and what is read of it."""

    def read(content: dict[str, Any]) -> object:
        told = envelope(content, event_type="MCHTRANSFER.BILL.FINISHED")
        body = json.dumps(told).encode()
        return pay.read_notification(signed_headers(wechat_key, body), body, NOW)

    return read


def test_a_notification_tells_how_a_transfer_ended(read: Read) -> None:
    failed = {**QUERIED, "state": "FAIL", "fail_reason": "TRANSFER_RISK"}

    assert read(failed) == TransferNotification(
        "EV-2018022511223320873",
        MERCHANT_ID,
        TransferReport(
            out_bill_no="w7Ks1pQ",
            transfer_bill_no="1330000071100999991182020050700019480001",
            transfer_state="FAIL",
            amount_fen=1000,
            openid=OPENID,
            fail_reason="TRANSFER_RISK",
            created_at=CREATED,
            updated_at=UPDATED,
        ),
    )


def test_a_notification_for_a_foreign_merchant_is_left_to_the_caller_to_judge(read: Read) -> None:
    told = read({**QUERIED, "mch_id": "1900000110"})

    assert isinstance(told, TransferNotification)
    assert told.merchant_id == "1900000110"


@pytest.mark.parametrize("change", [{"mch_id": None}, {"state": "ENDED"}, {"out_bill_no": ""}])
def test_a_notification_that_lacks_something_is_refused(read: Read, change: dict[str, Any]) -> None:
    with pytest.raises(NotAuthentic):
        read({**QUERIED, **change})


def test_who_is_paid_is_in_no_repr(
    pay: WechatPayV3, wechat: FakeWechat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wechat.will_refuse(400, "PARAM_ERROR")
    with pytest.raises(RefusedByWechat) as refusal:
        pay.transfer(NAMED)
    report = TransferReport("w1", None, "WAIT_USER_CONFIRM", openid=OPENID, package_info=PACKAGE)
    said = repr(NAMED) + repr(report) + str(refusal.value) + caplog.text

    assert not any(secret in said for secret in ("张三丰", OPENID, PACKAGE))
