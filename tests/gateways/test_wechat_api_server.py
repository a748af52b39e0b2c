"""Codes, notices, texts and shipments: what is sent, and what each answer becomes."""

import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from chalicelib.gateways.wechat_api import (
    MiniProgramCode,
    Notice,
    RefusedByWechatApi,
    ShipmentUpload,
    UploadOutcome,
    UploadResult,
    WechatApi,
    WechatApiOff,
)
from chalicelib.gateways.wechat_api_http import EnvVersion, WechatApiHttp
from chalicelib.kit.errors import WechatUnavailable
from tests.fakes import FakeClock
from tests.gateways.fake_wechat import APP_ID, OPENID, FakeWechat

SECRET = "7c9f3a1be2d84c5fa0b16d2e8c47f905"
FIRST, SECOND = "57_first/token+", "57_second"
HOST = "https://api.weixin.qq.com"
NOTICE = Notice(
    OPENID, "tmpl-1", {"thing1": "红富士苹果", "amount2": "15.00元"}, "pages/order?id=1"
)
SHIPMENT = ShipmentUpload(
    transaction_id="4200001234202611220123456789",
    openid=OPENID,
    carrier="SF",
    tracking_no="SF1234567890123",
    item_description="红富士苹果 5斤装 ×1",
    receiver_phone_masked="138****1234",
    uploaded_at=datetime(2026, 11, 22, 12, 0, 0, 120_000, tzinfo=UTC),
)
PASSED = {"errcode": 0, "errmsg": "ok", "result": {"suggest": "pass", "label": 100}}

CALLS: dict[str, Callable[[WechatApi], Any]] = {
    "code": lambda api: api.mini_program_code("r=Ab3", "pages/group"),
    "notice": lambda api: api.send_notice(NOTICE),
    "text": lambda api: api.is_text_allowed(OPENID, "好吃", scene=2),
    "shipment": lambda api: api.upload_shipment(SHIPMENT),
    "presale": lambda api: api.report_presale(SHIPMENT.transaction_id, SHIPMENT.uploaded_at),
}


def make(
    wechat: FakeWechat, clock: FakeClock, env_version: EnvVersion = "release"
) -> WechatApiHttp:
    return WechatApiHttp(
        APP_ID,
        SECRET,
        env_version=env_version,
        clock=clock.now,
        session_factory=wechat.session,
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api(wechat: FakeWechat, clock: FakeClock) -> WechatApiHttp:
    return make(wechat, clock)


@pytest.fixture(params=sorted(CALLS))
def call(request: pytest.FixtureRequest) -> Callable[[WechatApi], Any]:
    return CALLS[request.param]


def gives_token(wechat: FakeWechat, token: str = FIRST, expires_in: int = 7200) -> None:
    wechat.will_answer(200, {"access_token": token, "expires_in": expires_in})


def sent(wechat: FakeWechat, index: int = -1) -> Any:
    return json.loads(wechat.requests[index].body or b"")


def paths(wechat: FakeWechat) -> list[str]:
    return [request.path_url for request in wechat.requests]


def shown(error: Exception) -> str:
    return "".join(traceback.format_exception(error)) + repr(vars(error))


# The access token.


def test_a_token_is_asked_for_once_and_kept_until_five_minutes_before_its_end(
    api: WechatApiHttp, wechat: FakeWechat, clock: FakeClock
) -> None:
    gives_token(wechat)
    for _ in range(2):
        wechat.will_answer(200, PASSED)
        assert api.is_text_allowed(OPENID, "好吃", scene=2)
        clock.advance(6899)
    clock.advance(-6898)
    gives_token(wechat, SECOND)
    wechat.will_answer(200, PASSED)
    assert api.is_text_allowed(OPENID, "好吃", scene=2)

    checked = "/wxa/msg_sec_check?access_token="
    asked = "/cgi-bin/stable_token"
    first, second = f"{checked}57_first%2Ftoken%2B", f"{checked}57_second"
    assert paths(wechat) == [asked, first, first, asked, second]
    assert sent(wechat, 0) == {
        "grant_type": "client_credential",
        "appid": APP_ID,
        "secret": SECRET,
        "force_refresh": False,
    }


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_refused_token_is_replaced_once(
    api: WechatApiHttp, wechat: FakeWechat, errcode: int
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": errcode, "errmsg": "invalid credential"})
    gives_token(wechat, SECOND)
    wechat.will_answer(200, PASSED)

    assert api.is_text_allowed(OPENID, "好吃", scene=2)

    assert sent(wechat, 2)["force_refresh"] is False
    assert paths(wechat)[-1] == "/wxa/msg_sec_check?access_token=57_second"


def test_a_refused_token_that_wechat_still_hands_out_is_forced_out(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 40001})
    gives_token(wechat)
    gives_token(wechat, SECOND)
    wechat.will_answer(200, PASSED)

    assert api.is_text_allowed(OPENID, "好吃", scene=2)

    assert [sent(wechat, index)["force_refresh"] for index in (2, 3)] == [False, True]


def test_a_token_refused_twice_is_given_up(
    call: Callable[[WechatApi], Any], api: WechatApiHttp, wechat: FakeWechat
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 42001})
    gives_token(wechat, SECOND)
    wechat.will_answer(200, {"errcode": 42001})

    with pytest.raises(WechatUnavailable, match="42001"):
        call(api)

    assert len(wechat.requests) == 4


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {"errcode": 40125, "errmsg": f"invalid appsecret {SECRET}"}),
        (200, {"errcode": -1}),
        (200, {"access_token": FIRST}),
        (200, {"access_token": "", "expires_in": 7200}),
        (200, {"access_token": FIRST, "expires_in": "7200"}),
        (500, {"access_token": FIRST, "expires_in": 7200}),
        (200, b"{"),
    ],
)
def test_without_a_token_nothing_is_asked(
    call: Callable[[WechatApi], Any],
    api: WechatApiHttp,
    wechat: FakeWechat,
    status: int,
    content: Any,
) -> None:
    wechat.will_answer(status, content)

    with pytest.raises(WechatUnavailable) as refusal:
        call(api)

    assert len(wechat.requests) == 1
    assert SECRET not in shown(refusal.value)
    assert FIRST not in shown(refusal.value)


# What is sent.


def test_a_code_is_asked_for_without_checking_the_page(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, b"\xff\xd8jpeg", headers={"Content-Type": "image/jpeg"})

    code = api.mini_program_code("r=Ab3&g=9f", "pages/group")

    assert code == MiniProgramCode(b"\xff\xd8jpeg", "image/jpeg")
    assert paths(wechat)[-1].startswith("/wxa/getwxacodeunlimit?access_token=")
    assert sent(wechat) == {
        "scene": "r=Ab3&g=9f",
        "page": "pages/group",
        "check_path": False,
        "env_version": "release",
    }


def test_a_notice_is_sent_as_an_object_of_values(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0, "errmsg": "ok"})

    assert api.send_notice(NOTICE)

    assert paths(wechat)[-1].startswith("/cgi-bin/message/subscribe/send?access_token=")
    assert "红富士苹果".encode() in (wechat.requests[-1].body or b"")
    assert sent(wechat) == {
        "touser": OPENID,
        "template_id": "tmpl-1",
        "data": {"thing1": {"value": "红富士苹果"}, "amount2": {"value": "15.00元"}},
        "page": "pages/order?id=1",
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }


def test_a_notice_need_not_open_a_page(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0})

    assert api.send_notice(replace(NOTICE, page=None))

    assert "page" not in sent(wechat)


@pytest.mark.parametrize(
    ("env_version", "state"),
    [("release", "formal"), ("trial", "trial"), ("develop", "developer")],
)
def test_the_build_that_opens_is_a_setting(
    wechat: FakeWechat, clock: FakeClock, env_version: EnvVersion, state: str
) -> None:
    api = make(wechat, clock, env_version)
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0})
    api.send_notice(NOTICE)
    assert sent(wechat)["miniprogram_state"] == state
    wechat.will_answer(200, b"png", headers={"content-type": "image/png"})
    api.mini_program_code("a", "pages/group")
    assert sent(wechat)["env_version"] == env_version


def test_a_text_is_judged_in_its_scene(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, PASSED)

    assert api.is_text_allowed(OPENID, "好吃 🍎", scene=1)

    assert sent(wechat) == {"version": 2, "openid": OPENID, "scene": 1, "content": "好吃 🍎"}


def test_a_shipment_is_uploaded_by_transaction_id(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0, "errmsg": "ok"})

    assert api.upload_shipment(SHIPMENT) == UploadResult(UploadOutcome.DONE, 0)

    assert paths(wechat)[-1].startswith("/wxa/sec/order/upload_shipping_info?access_token=")
    assert sent(wechat) == {
        "order_key": {"order_number_type": 2, "transaction_id": SHIPMENT.transaction_id},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [
            {
                "tracking_no": "SF1234567890123",
                "express_company": "SF",
                "item_desc": "红富士苹果 5斤装 ×1",
                "contact": {"receiver_contact": "138****1234"},
            }
        ],
        "upload_time": "2026-11-22T20:00:00.120+08:00",
        "payer": {"openid": OPENID},
    }


def test_a_long_description_is_cut_and_a_phone_may_be_missing(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0})
    midnight = SHIPMENT.uploaded_at.replace(hour=16, microsecond=0)
    api.upload_shipment(
        replace(
            SHIPMENT,
            item_description="苹" * 121,
            receiver_phone_masked=None,
            uploaded_at=midnight + timedelta(seconds=1),
        )
    )

    (parcel,) = sent(wechat)["shipping_list"]
    assert parcel["item_desc"] == "苹" * 120
    assert "contact" not in parcel
    assert sent(wechat)["upload_time"] == "2026-11-23T00:00:01.000+08:00"


def test_what_is_fetched_has_no_carrier_no_number_and_no_phone(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 0})

    api.upload_shipment(replace(SHIPMENT, carrier=None, tracking_no=None))

    assert sent(wechat) == {
        "order_key": {"order_number_type": 2, "transaction_id": SHIPMENT.transaction_id},
        "logistics_type": 4,
        "delivery_mode": 1,
        "shipping_list": [{"item_desc": "红富士苹果 5斤装 ×1"}],
        "upload_time": "2026-11-22T20:00:00.120+08:00",
        "payer": {"openid": OPENID},
    }


# What comes back.


def test_who_has_not_subscribed_is_no_error(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": 43101, "errmsg": "user refuse to accept the msg"})

    assert api.send_notice(NOTICE) is False

    assert len(wechat.requests) == 2


@pytest.mark.parametrize(
    ("name", "errcode"),
    [
        ("notice", 47003),
        ("notice", 40037),
        ("notice", 41030),
        ("notice", 40003),
        ("code", 40169),
        ("code", 41030),
        ("text", 40003),
        ("text", 61010),
    ],
)
def test_a_definite_no_carries_its_code_and_no_text(
    api: WechatApiHttp, wechat: FakeWechat, name: str, errcode: int
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": errcode, "errmsg": f"argument invalid! {OPENID}"})

    with pytest.raises(RefusedByWechatApi) as refusal:
        CALLS[name](api)

    assert refusal.value.errcode == errcode
    assert str(refusal.value) == f"The mini-program API refused with errcode {errcode}."
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("suggest", "allowed"), [("pass", True), ("review", False), ("risky", False)]
)
def test_only_a_pass_lets_a_text_through(
    api: WechatApiHttp, wechat: FakeWechat, suggest: str, allowed: bool
) -> None:
    gives_token(wechat)
    wechat.will_answer(
        200,
        {
            "errcode": 0,
            "detail": [{"strategy": "keyword", "suggest": "pass"}],
            "result": {"suggest": suggest, "label": 100},
        },
    )
    assert api.is_text_allowed(OPENID, "好吃", scene=2) is allowed


@pytest.mark.parametrize("content", [{"errcode": 0}, {"result": "pass"}, {"result": {"label": 1}}])
def test_a_judgement_without_a_result_is_none(
    api: WechatApiHttp, wechat: FakeWechat, content: Any
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, content)
    with pytest.raises(WechatUnavailable):
        api.is_text_allowed(OPENID, "好吃", scene=2)


@pytest.mark.parametrize(
    ("errcode", "outcome"),
    [
        (10060023, UploadOutcome.DONE),
        (10060002, UploadOutcome.DONE),
        (10060001, UploadOutcome.NOT_YET),
        (10060003, UploadOutcome.REFUSED),
        (10060004, UploadOutcome.REFUSED),
        (268440065, UploadOutcome.REFUSED),
        (47001, UploadOutcome.REFUSED),
    ],
)
def test_an_upload_ends_as_its_errcode_says(
    api: WechatApiHttp, wechat: FakeWechat, errcode: int, outcome: UploadOutcome
) -> None:
    gives_token(wechat)
    wechat.will_answer(200, {"errcode": errcode, "errmsg": "…"})
    assert api.upload_shipment(SHIPMENT) == UploadResult(outcome, errcode)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {"errcode": -1}),
        (200, {"errcode": 45009}),
        (200, {"errcode": 45011}),
        (200, {"errcode": "0"}),
        (200, {"errcode": None}),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (502, {"errcode": 0}),
        (302, b""),
    ],
)
def test_what_decides_nothing_leaves_the_outcome_open(
    call: Callable[[WechatApi], Any],
    api: WechatApiHttp,
    wechat: FakeWechat,
    status: int,
    content: Any,
) -> None:
    gives_token(wechat)
    wechat.will_answer(status, content)

    with pytest.raises(WechatUnavailable):
        call(api)

    assert len(wechat.requests) == 2


@pytest.mark.parametrize(
    ("status", "content", "content_type"),
    [
        (200, b"", "image/jpeg"),
        (500, b"\xff\xd8", "image/jpeg"),
        (200, b"{}", "application/json"),
        (200, b"\xff\xd8", ""),
    ],
)
def test_what_is_no_image_is_no_code(
    api: WechatApiHttp, wechat: FakeWechat, status: int, content: bytes, content_type: str
) -> None:
    gives_token(wechat)
    wechat.will_answer(status, content, headers={"Content-Type": content_type})
    with pytest.raises(WechatUnavailable):
        api.mini_program_code("a", "pages/group")


# What must not be seen.


@pytest.mark.parametrize("error", [requests.ConnectionError, requests.ReadTimeout])
def test_a_failing_transport_gives_no_token_away(
    call: Callable[[WechatApi], Any],
    api: WechatApiHttp,
    wechat: FakeWechat,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
) -> None:
    caplog.set_level(logging.DEBUG)
    gives_token(wechat)
    wechat.will_fail(error(f"Max retries exceeded with url: /wxa?access_token={FIRST}"))

    with pytest.raises(WechatUnavailable) as refusal:
        call(api)

    assert FIRST not in shown(refusal.value) + caplog.text
    assert SECRET not in shown(refusal.value) + caplog.text
    assert refusal.value.__context__ is None


@pytest.mark.parametrize("logger", ["urllib3.connectionpool", "urllib3.util.retry"])
@pytest.mark.parametrize("query", [f"access_token={FIRST}", f"appid=wx&secret={SECRET}"])
def test_lines_of_the_library_with_a_secret_are_not_logged(
    api: WechatApiHttp, caplog: pytest.LogCaptureFixture, logger: str, query: str
) -> None:
    caplog.set_level(logging.DEBUG)

    logging.getLogger(logger).debug('%s "POST /wxa?%s HTTP/1.1" 200', HOST, query)
    logging.getLogger(logger).debug("Starting new HTTPS connection")

    assert [record.getMessage() for record in caplog.records] == ["Starting new HTTPS connection"]


def test_the_reprs_give_nothing_away(api: WechatApiHttp, wechat: FakeWechat) -> None:
    gives_token(wechat)
    wechat.will_answer(200, PASSED)
    api.is_text_allowed(OPENID, "好吃", scene=2)

    text = repr((api, api._tokens, api._tokens._token, NOTICE, SHIPMENT))
    for planted in (SECRET, FIRST, OPENID, "苹果 5斤装 x", "138****1234", "15.00元"):
        assert planted not in text


def test_the_off_switch_does_none_of_it(call: Callable[[WechatApi], Any]) -> None:
    with pytest.raises(WechatUnavailable, match="wechat_app_secret is missing"):
        call(WechatApiOff(("wechat_app_secret",)))
