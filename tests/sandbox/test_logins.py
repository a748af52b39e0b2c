"""Login codes, openids and access tokens."""

import base64
from typing import Any

import pytest

from infra.local.wechat.logins import openid_belongs_to, openid_for, unionid_for
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, Clock, Json, Merchant


def login(merchant: Merchant, code: str, **changes: Any) -> Json:
    query = {
        "appid": merchant.credentials.app_id,
        "secret": merchant.credentials.app_secret,
        "js_code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    query = {name: value for name, value in query.items() if value is not ...}
    response = merchant.session.get(f"{HOST}/sns/jscode2session", params=query, timeout=1)
    assert response.status_code == 200
    return dict(response.json())


def token(merchant: Merchant, **changes: Any) -> Json:
    body = {
        "grant_type": "client_credential",
        "appid": merchant.credentials.app_id,
        "secret": merchant.credentials.app_secret,
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not ...}
    response = merchant.session.post(f"{HOST}/cgi-bin/stable_token", json=body, timeout=1)
    assert response.status_code == 200
    return dict(response.json())


def test_a_code_logs_its_user_in(merchant: Merchant, sandbox: Sandbox) -> None:
    issued = sandbox.login_code("Lin")
    session = login(merchant, issued.code)
    assert session.keys() == {"openid", "session_key"}
    assert session["openid"] == issued.openid
    assert len(base64.b64decode(session["session_key"])) == 16


def test_a_code_works_once(merchant: Merchant, sandbox: Sandbox) -> None:
    code = sandbox.login_code("Lin").code
    login(merchant, code)
    assert login(merchant, code)["errcode"] == 40163


def test_a_code_lives_five_minutes(merchant: Merchant, sandbox: Sandbox, clock: Clock) -> None:
    first, second = sandbox.login_code("Lin").code, sandbox.login_code("Lin").code
    clock.advance(seconds=299)
    assert "openid" in login(merchant, first)
    clock.advance(seconds=1)
    assert login(merchant, second)["errcode"] == 40029


def test_an_invented_code_is_invalid(merchant: Merchant) -> None:
    refused = login(merchant, "0invented")
    assert refused["errcode"] == 40029
    assert refused["errmsg"].startswith("invalid code, rid: ")


def test_any_code_can_be_made_to_log_one_stable_user_in(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.configure(accept_any_code=True)
    first, second = login(merchant, "0aFromDevTools"), login(merchant, "0bFromDevTools")
    assert first["openid"] == second["openid"]
    assert login(merchant, "0aFromDevTools")["errcode"] == 40163
    known = sandbox.login_code("Lin")
    assert login(merchant, known.code)["openid"] == known.openid != first["openid"]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": ...}, 41002),
        ({"secret": ...}, 41004),
        ({"js_code": ...}, 41008),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "0" * 32}, 40125),
        ({"grant_type": "client_credential"}, 40002),
        ({"extra": "1"}, 47001),
    ],
)
def test_a_refused_login_does_not_spend_the_code(
    merchant: Merchant, sandbox: Sandbox, change: Json, errcode: int
) -> None:
    code = sandbox.login_code("Lin").code
    assert login(merchant, code, **change)["errcode"] == errcode
    assert "openid" in login(merchant, code)


def test_an_openid_is_stable_per_user_and_app() -> None:
    lin = openid_for("wx1111111111111111", "Lin")
    assert lin == openid_for("wx1111111111111111", "Lin")
    assert len(lin) == 28
    assert lin.startswith("o")
    others = {openid_for("wx2222222222222222", "Lin"), openid_for("wx1111111111111111", "Wang")}
    assert len(others | {lin}) == 3


def test_an_openid_tells_which_app_it_belongs_to() -> None:
    lin = openid_for("wx1111111111111111", "Lin")
    assert openid_belongs_to("wx1111111111111111", lin)
    assert not openid_belongs_to("wx2222222222222222", lin)
    assert not openid_belongs_to("wx1111111111111111", "o" + "A" * 27)
    assert not openid_belongs_to("wx1111111111111111", "o")


def test_a_unionid_is_given_when_the_setting_is_on(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.configure(give_unionids=True)
    session = login(merchant, sandbox.login_code("Lin").code)
    assert session["unionid"] == unionid_for("Lin")
    assert len(session["unionid"]) == 28


def test_a_token_is_the_same_until_five_minutes_before_its_end(
    merchant: Merchant, clock: Clock
) -> None:
    first = token(merchant)
    assert first["expires_in"] == 7200
    assert 0 < len(first["access_token"]) <= 512
    clock.advance(seconds=6899)
    assert token(merchant) == {"access_token": first["access_token"], "expires_in": 301}
    clock.advance(seconds=1)
    second = token(merchant)
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200


def test_a_token_can_be_refreshed_by_force_but_not_at_will(
    merchant: Merchant, clock: Clock
) -> None:
    first = token(merchant)
    second = token(merchant, force_refresh=True)
    assert second["access_token"] != first["access_token"]
    assert token(merchant, force_refresh=True)["errcode"] == 45011
    for _ in range(19):
        clock.advance(seconds=30)
        assert "access_token" in token(merchant, force_refresh=True)
    clock.advance(seconds=30)
    assert token(merchant, force_refresh=True)["errcode"] == 45009


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": ...}, 41002),
        ({"secret": ...}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "0" * 32}, 40125),
        ({"grant_type": "authorization_code"}, 40002),
        ({"force_refresh": "yes"}, 47001),
        ({"extra": 1}, 47001),
    ],
)
def test_a_token_is_for_who_knows_the_secret(
    merchant: Merchant, change: Json, errcode: int
) -> None:
    assert token(merchant, **change)["errcode"] == errcode


def test_the_mini_program_api_refuses_other_urls_and_methods(merchant: Merchant) -> None:
    codes = {
        (method, path): merchant.session.request(method, HOST + path, timeout=1).json()["errcode"]
        for method, path in (
            ("GET", "/cgi-bin/token"),
            ("GET", "/cgi-bin/stable_token"),
            ("POST", "/sns/jscode2session"),
            ("POST", "/cgi-bin/stable_token"),
        )
    }
    assert list(codes.values()) == [40066, 43002, 43001, 47001]
