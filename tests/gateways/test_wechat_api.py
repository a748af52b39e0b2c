"""Logging in with a code, and keeping the app secret and the session key to ourselves."""

import logging
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from chalicelib.gateways.wechat_api import (
    LoginBlocked,
    LoginCodeRefused,
    LoginTooFrequent,
    WechatIdentity,
)
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.kit.errors import Refusal, WechatUnavailable
from tests.gateways.fake_wechat import APP_ID, OPENID, FakeWechat

SECRET = "7c9f3a1be2d84c5fa0b16d2e8c47f905"
SESSION_KEY = "HyVFkGl5F5OQWJZZaNzBBg=="


@pytest.fixture
def api(wechat: FakeWechat) -> WechatApiHttp:
    return WechatApiHttp(APP_ID, SECRET, session_factory=wechat.session)


def direct_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@pytest.fixture
def server() -> Iterator[str]:
    """A real server on loopback that knows one user; its address."""

    class Login(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'{{"openid":"{OPENID}","session_key":"{SESSION_KEY}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test run's output clean."""

    listening = HTTPServer(("127.0.0.1", 0), Login)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_a_code_becomes_an_identity(api: WechatApiHttp, wechat: FakeWechat) -> None:
    wechat.will_answer(200, {"openid": OPENID, "session_key": SESSION_KEY, "unionid": "oU6"})

    assert api.login("081LXytJ1") == WechatIdentity(openid=OPENID, unionid="oU6")

    request = wechat.requests[0]
    assert request.method == "GET"
    assert request.url == (
        "https://api.weixin.qq.com/sns/jscode2session?appid=wx2421b1c4370ec43b"
        f"&secret={SECRET}&js_code=081LXytJ1&grant_type=authorization_code"
    )
    assert request.headers["User-Agent"] == "kaituan/0.1.0"
    assert wechat.timeouts == [(1.0, 4.0)]


def test_an_explicit_errcode_of_zero_is_a_success_and_unionid_may_be_absent(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    wechat.will_answer(200, {"errcode": 0, "errmsg": "ok", "openid": OPENID, "session_key": "k"})

    assert api.login("081LXytJ1") == WechatIdentity(openid=OPENID, unionid=None)


def test_a_code_cannot_smuggle_parameters(api: WechatApiHttp, wechat: FakeWechat) -> None:
    wechat.will_answer(200, {"errcode": 40029})

    with pytest.raises(LoginCodeRefused):
        api.login("x&appid=wx0#\ud800")

    assert wechat.requests[0].path_url.endswith(
        "&js_code=x%26appid%3Dwx0%23%3F&grant_type=authorization_code"
    )


@pytest.mark.parametrize(
    ("errcode", "error", "status", "code"),
    [
        (40029, LoginCodeRefused, 401, "not_signed_in"),
        (40163, LoginCodeRefused, 401, "not_signed_in"),
        (41008, LoginCodeRefused, 401, "not_signed_in"),
        (45011, LoginTooFrequent, 429, "slow_down"),
        (40226, LoginBlocked, 403, "not_allowed"),
        (-1, WechatUnavailable, 503, "wechat_unavailable"),
        (40013, WechatUnavailable, 503, "wechat_unavailable"),
        (40125, WechatUnavailable, 503, "wechat_unavailable"),
        (41002, WechatUnavailable, 503, "wechat_unavailable"),
        (41004, WechatUnavailable, 503, "wechat_unavailable"),
        (45009, WechatUnavailable, 503, "wechat_unavailable"),
        ("40029", WechatUnavailable, 503, "wechat_unavailable"),
        (None, WechatUnavailable, 503, "wechat_unavailable"),
    ],
)
def test_an_errcode_becomes_the_refusal_it_means(
    api: WechatApiHttp,
    wechat: FakeWechat,
    errcode: Any,
    error: type[Refusal],
    status: int,
    code: str,
) -> None:
    wechat.will_answer(200, {"errcode": errcode, "errmsg": f"{SECRET} rid: 1"})

    with pytest.raises(error) as refusal:
        api.login("081LXytJ1")

    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert len(refusal.value.title) <= 20
    assert SECRET not in str(refusal.value)


def test_too_many_logins_may_be_tried_again_in_a_minute() -> None:
    assert LoginTooFrequent.retry_after_seconds == 60


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, {"openid": OPENID}),
        (302, {"openid": OPENID}),
        (200, b""),
        (200, b"<html>busy</html>"),
        (200, b"[]"),
        (200, b"\xff"),
        (200, {"session_key": SESSION_KEY}),
        (200, {"openid": "", "session_key": SESSION_KEY}),
        (200, {"openid": 7, "session_key": SESSION_KEY}),
        (200, f'{{"session_key":"{SESSION_KEY}"'.encode()),
    ],
)
def test_an_answer_that_is_no_identity_is_no_login(
    api: WechatApiHttp, wechat: FakeWechat, status: int, content: Any
) -> None:
    wechat.will_answer(status, content)

    with pytest.raises(WechatUnavailable) as refusal:
        api.login("081LXytJ1")

    assert SESSION_KEY not in shown(refusal.value)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "error", [requests.ConnectionError, requests.ReadTimeout, requests.ConnectTimeout]
)
def test_a_failing_transport_does_not_give_the_secret_away(
    api: WechatApiHttp, wechat: FakeWechat, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    caplog.set_level(logging.DEBUG)
    wechat.will_fail(error(f"Max retries exceeded with url: /sns/jscode2session?secret={SECRET}"))

    with pytest.raises(WechatUnavailable) as refusal:
        api.login("081LXytJ1")

    assert SECRET not in shown(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert SECRET not in caplog.text


def test_a_port_that_nobody_listens_on_does_not_give_the_secret_away(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = WechatApiHttp(
        APP_ID, SECRET, base_url="http://127.0.0.1:9", session_factory=direct_session
    )

    with pytest.raises(WechatUnavailable, match="did not answer: ConnectionError") as refusal:
        api.login("081LXytJ1")

    assert SECRET not in shown(refusal.value) + caplog.text


def test_debug_logs_of_a_real_call_hold_no_secret_and_no_session_key(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = WechatApiHttp(APP_ID, SECRET, base_url=server, session_factory=direct_session)

    identity = api.login("081LXytJ1")

    assert identity.openid == OPENID
    assert "Starting new HTTP connection" in caplog.text
    assert SECRET not in caplog.text
    assert SESSION_KEY not in caplog.text


def test_the_repr_of_client_and_identity_gives_nothing_away(api: WechatApiHttp) -> None:
    shown_values = repr(api) + repr(WechatIdentity(OPENID, "oU6"))

    assert SECRET not in shown_values
    assert OPENID not in shown_values


def shown(error: Exception) -> str:
    return "".join(traceback.format_exception(error)) + repr(vars(error))
