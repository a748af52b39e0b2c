"""Sessions, profile, config and health over HTTP, and every way of asking for them wrongly."""

from typing import Any

import pytest

from chalicelib.kit import tokens
from chalicelib.settings import Environment, Secrets
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock, FakeWechatApi
from tests.in_process import APP_ID, SIGNING_KEY, Browser, everything, token_for


@pytest.fixture
def browser(wired: Wiring) -> Browser:
    return Browser()


@pytest.fixture
def token(browser: Browser, wechat_api: FakeWechatApi) -> str:
    """The session of a member who has just signed in for the first time."""
    code = wechat_api.will_know("a-code", "openid-lin")
    return str(browser.send("POST", "/v1/sessions", {"code": code}).content["token"])


def test_signing_in_answers_with_a_session_and_the_member(
    browser: Browser, wechat_api: FakeWechatApi, clock: FakeClock
) -> None:
    code = wechat_api.will_know("a-code", "openid-lin", "union-lin")

    seen = browser.send("POST", "/v1/sessions", {"code": code, "app_id": APP_ID})

    assert seen.status == 201
    token = seen.content.pop("token")
    assert seen.content == {
        "expires_at": "2026-11-29T12:00:00Z",
        "member": {
            "member_id": "mem_1",
            "nickname": None,
            "avatar_url": None,
            "created_at": "2026-11-22T12:00:00Z",
        },
    }
    assert tokens.read(token, [SIGNING_KEY], clock=clock) == tokens.Caller("mem_1", APP_ID)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["code"]),
        ({"code": ""}, ["code"]),
        ({"code": 7}, ["code"]),
        ({"code": "with space"}, ["code"]),
        ({"code": "a" * 257}, ["code"]),
        ({"code": "a-code", "app_id": "wx-another"}, ["app_id"]),
        ({"code": "a-code", "session_key": "x"}, ["session_key"]),
        ([], [""]),
    ],
)
def test_a_session_needs_a_well_formed_request(
    browser: Browser, wechat_api: FakeWechatApi, body: Any, fields: list[str]
) -> None:
    wechat_api.will_know("a-code", "openid-lin")
    before = everything()

    seen = browser.send("POST", "/v1/sessions", body)

    assert (seen.status, seen.code, seen.fields) == (422, "invalid_request", fields)
    assert everything() == before
    assert browser.send("POST", "/v1/sessions", {"code": "a-code"}).status == 201


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/me"])
@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"code": "\\ud800"}', 400, "malformed_json"),
        (b'{"nickname": "' + b"x" * 40_000 + b'"}', 413, "too_large"),
        (b"\xff\xfe", 400, "malformed_json"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    browser: Browser, token: str, path: str, raw: bytes, status: int, code: str
) -> None:
    before = everything()

    method = "PUT" if path == "/v1/me" else "POST"
    seen = browser.send(method, path, raw, token=token)

    assert (seen.status, seen.code) == (status, code)
    assert everything() == before


def test_a_code_that_wechat_does_not_know_is_not_signed_in(browser: Browser) -> None:
    before = everything()

    seen = browser.send("POST", "/v1/sessions", {"code": "made-up"})

    assert (seen.status, seen.code) == (401, "not_signed_in")
    assert everything() == before


def test_without_signing_keys_signing_in_is_off_and_spends_no_code(
    wired: Wiring, wechat_api: FakeWechatApi
) -> None:
    wired._secrets = Secrets()
    code = wechat_api.will_know("a-code", "openid-lin")

    seen = Browser().send("POST", "/v1/sessions", {"code": code})

    assert (seen.status, seen.code) == (503, "wechat_unavailable")
    assert wechat_api.login(code).openid == "openid-lin"


def test_a_member_sees_and_changes_their_profile(browser: Browser, token: str) -> None:
    change = {"nickname": "  林小姐 🌸 ", "avatar_url": "https://wx.qlogo.cn/a.png"}

    changed = browser.send("PUT", "/v1/me", change, token=token)

    assert changed.status == 200
    assert changed.content == {
        "member_id": "mem_1",
        "nickname": "林小姐 🌸",
        "avatar_url": "https://wx.qlogo.cn/a.png",
        "created_at": "2026-11-22T12:00:00Z",
    }
    assert browser.get("/v1/me", token=token).content == changed.content


def test_what_a_change_leaves_out_stays_and_null_removes(browser: Browser, token: str) -> None:
    avatar_url = "https://wx.qlogo.cn/a.png"
    browser.send("PUT", "/v1/me", {"nickname": "Lin", "avatar_url": avatar_url}, token=token)

    assert browser.send("PUT", "/v1/me", {"nickname": "Mei"}, token=token).content == {
        "member_id": "mem_1",
        "nickname": "Mei",
        "avatar_url": avatar_url,
        "created_at": "2026-11-22T12:00:00Z",
    }
    assert browser.send("PUT", "/v1/me", {"avatar_url": None}, token=token).content == {
        "member_id": "mem_1",
        "nickname": "Mei",
        "avatar_url": None,
        "created_at": "2026-11-22T12:00:00Z",
    }
    before = everything()
    assert browser.send("PUT", "/v1/me", {}, token=token).status == 200
    assert everything() == before


def test_a_changed_profile_survives_the_next_sign_in(
    browser: Browser, token: str, wechat_api: FakeWechatApi
) -> None:
    browser.send("PUT", "/v1/me", {"nickname": "Lin"}, token=token)
    code = wechat_api.will_know("another", "openid-lin", "union-lin")

    seen = browser.send("POST", "/v1/sessions", {"code": code})

    assert seen.content["member"]["nickname"] == "Lin"
    assert browser.get("/v1/me", token=token).content["nickname"] == "Lin"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"nickname": ""}, ["nickname"]),
        ({"nickname": "   "}, ["nickname"]),
        ({"nickname": "x" * 33}, ["nickname"]),
        ({"nickname": "a\nb"}, ["nickname"]),
        ({"nickname": "a\x00b"}, ["nickname"]),
        ({"nickname": "a\u202eb"}, ["nickname"]),
        ({"nickname": 5}, ["nickname"]),
        ({"avatar_url": "http://insecure.example/a.png"}, ["avatar_url"]),
        ({"avatar_url": "https://a.example/\n"}, ["avatar_url"]),
        ({"avatar_url": "https://a.example/" + "x" * 500}, ["avatar_url"]),
        ({"avatar_url": "javascript:alert(1)"}, ["avatar_url"]),
        ({"member_id": "mem_2"}, ["member_id"]),
        ({"created_at": "2020-01-01T00:00:00Z", "unionid": "x"}, ["created_at", "unionid"]),
    ],
)
def test_a_profile_takes_only_what_may_be_shown(
    browser: Browser, token: str, body: dict[str, Any], fields: list[str]
) -> None:
    before = everything()

    seen = browser.send("PUT", "/v1/me", body, token=token)

    assert (seen.status, seen.code, seen.fields) == (422, "invalid_request", fields)
    assert everything() == before


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/me"), ("PUT", "/v1/me"), ("DELETE", "/v1/me")]
)
def test_one_s_own_things_need_a_session(
    browser: Browser, token: str, clock: FakeClock, method: str, path: str
) -> None:
    before = everything()
    forged, _ = tokens.issue(
        tokens.Caller("mem_1", APP_ID), ["f" * 40], clock=clock, life_seconds=60
    )
    assert browser.send(method, path).code == "not_signed_in"
    assert browser.send(method, path, token="nonsense").code == "not_signed_in"
    assert browser.send(method, path, token=token[:-2]).code == "not_signed_in"
    assert browser.send(method, path, token=forged).code == "not_signed_in"
    basic = browser.send(method, path, headers={"Authorization": "Basic bGluOng="})
    assert (basic.status, basic.code) == (401, "not_signed_in")
    clock.advance(7 * 24 * 3600)
    expired = browser.send(method, path, token=token)
    assert (expired.status, expired.code) == (401, "session_expired")
    assert everything() == before


def test_a_session_of_nobody_finds_nobody(browser: Browser, clock: FakeClock) -> None:
    token = token_for("mem_9", clock)

    assert browser.get("/v1/me", token=token).code == "not_found"
    assert browser.send("PUT", "/v1/me", {"nickname": "x"}, token=token).code == "not_found"
    assert browser.send("DELETE", "/v1/me", token=token).code == "not_found"


@pytest.mark.parametrize("path", ["/v1/me?full=1", "/v1/config?x=1", "/v1/health?x=1"])
def test_parameters_nobody_knows_are_refused(browser: Browser, token: str, path: str) -> None:
    assert browser.get(path, token=token).code == "invalid_request"


@pytest.mark.parametrize(
    "environment",
    [
        Environment(
            wechat_merchant_id="1900000001",
            subscribe_template_ids="shipped, ,refunded,",
            service_contact="400-000-0000",
        )
    ],
)
def test_config_says_what_a_client_must_know(browser: Browser) -> None:
    assert browser.get("/v1/config").content == {
        "mch_id": "1900000001",
        "subscribe_template_ids": ["shipped", "refunded"],
        "referral_levels": 1,
        "service_contact": "400-000-0000",
    }


def test_config_without_settings_is_empty_not_wrong(browser: Browser) -> None:
    assert browser.get("/v1/config").content == {
        "mch_id": "1900000001",
        "subscribe_template_ids": [],
        "referral_levels": 1,
        "service_contact": None,
    }


def test_health_tells_the_time(browser: Browser, clock: FakeClock) -> None:
    clock.advance(1.5)

    seen = browser.get("/v1/health")

    assert seen.status == 200
    assert seen.content == {"status": "ok", "server_time": "2026-11-22T12:00:01Z"}
