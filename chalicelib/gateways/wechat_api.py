"""The mini-program server API (小程序服务端接口): turning a login code into an identity.

The session key that comes with a login is dropped on the spot, and the app secret, which WeChat
wants in the URL, never reaches a log or an exception.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol
from urllib.parse import urlencode

from chalicelib.gateways.http import Answer, Http, keep_queries_out_of_logs, not_set_up
from chalicelib.kit.errors import NotAllowed, Refusal, WechatUnavailable

if TYPE_CHECKING:
    from requests import Session

DEFAULT_BASE_URL = "https://api.weixin.qq.com"

_OK = 200

_CODE_INVALID, _CODE_USED, _CODE_MISSING = 40029, 40163, 41008
_TOO_FREQUENT = 45011
_USER_BLOCKED = 40226


class LoginCodeRefused(Refusal):
    """The login code is wrong, older than five minutes, or was used before."""

    status, code = 401, "not_signed_in"
    title, title_en = "登录已失效，请重试", "The login code is no longer good; please log in again."


class LoginTooFrequent(Refusal):
    """This member logs in more often than WeChat allows: 100 times a minute."""

    status, code = 429, "slow_down"
    title, title_en = "操作太频繁，请稍后再试", "Too many logins; please wait a minute."
    retry_after_seconds = 60


class LoginBlocked(NotAllowed):
    """WeChat holds this user to be high-risk and does not let them log in here."""

    title, title_en = "微信限制了该账号登录", "WeChat does not let this account log in here."


@dataclass(frozen=True, slots=True)
class WechatIdentity:
    """Who logged in: `openid` is theirs in this app, `unionid` across the owner's apps if known."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


class WechatApi(Protocol):
    """The mini-program server API for one app."""

    def login(self, code: str) -> WechatIdentity:
        """Trade the code that `wx.login` gave the mini-program; it works once, for five minutes.

        Raises LoginCodeRefused, LoginTooFrequent, LoginBlocked, WechatUnavailable.
        """
        ...


class WechatApiHttp:
    """The real one (小程序登录, code2Session): answers are always HTTP 200, `errcode` decides."""

    def __init__(
        self,
        app_id: str,
        secret: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        session_factory: "Callable[[], Session] | None" = None,
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._http = Http(base_url, "The mini-program API", session_factory)
        keep_queries_out_of_logs()

    def login(self, code: str) -> WechatIdentity:
        """See `WechatApi.login`."""
        query = urlencode(
            {
                "appid": self._app_id,
                "secret": self._secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
            errors="replace",
        )
        answer = self._http.call(
            "GET", f"/sns/jscode2session?{query}", headers={"Accept": "application/json"}
        )
        return _identity(answer)


class WechatApiOff:
    """The off switch: a `WechatApi` without credentials; `missing` names the absent parameters."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        self._missing = missing

    def login(self, code: str) -> WechatIdentity:
        """Raise WechatUnavailable."""
        self._refuse(code)

    def _refuse(self, *_asked: object) -> NoReturn:
        raise not_set_up("The mini-program API", self._missing)


def _identity(answer: Answer) -> WechatIdentity:
    """Read an identity, keeping nothing else of the answer; its texts never reach an exception."""
    if answer.status != _OK:
        raise WechatUnavailable(f"The mini-program API answered with status {answer.status}.")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise WechatUnavailable("The mini-program API's answer cannot be read.")
    errcode = content.get("errcode", 0)
    if errcode != 0:
        raise _refusal(errcode)
    openid, unionid = content.get("openid"), content.get("unionid")
    if not isinstance(openid, str) or not openid:
        raise WechatUnavailable("The mini-program API answered a login without an openid.")
    return WechatIdentity(openid, unionid if isinstance(unionid, str) and unionid else None)


def _refusal(errcode: object) -> Refusal:
    if errcode in (_CODE_INVALID, _CODE_USED, _CODE_MISSING):
        return LoginCodeRefused()
    if errcode == _TOO_FREQUENT:
        return LoginTooFrequent()
    if errcode == _USER_BLOCKED:
        return LoginBlocked()
    if isinstance(errcode, int):
        # Busy (-1), a quota, or an app id or secret that WeChat does not accept.
        return WechatUnavailable(f"The mini-program API answered with errcode {errcode}.")
    return WechatUnavailable("The mini-program API's answer cannot be read.")
