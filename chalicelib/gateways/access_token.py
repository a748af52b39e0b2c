"""The access token of the mini-program server API (接口调用凭据): fetched when needed, kept while
good, and never shown.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.gateways.http import Http
from chalicelib.gateways.wechat_api_answers import errcode_of, read_object
from chalicelib.kit.errors import WechatUnavailable

PATH = "/cgi-bin/stable_token"

MARGIN_SECONDS = 300
"""WeChat changes tokens this long before their end, and both are good until then."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    fetch_again_at: datetime


class AccessTokens:
    """The one token of an app. Its stable form (稳定版接口调用凭据) is the same for all who ask, so
    that processes do not take it from each other. For any number of threads.
    """

    def __init__(self, app_id: str, secret: str, http: Http, clock: Callable[[], datetime]) -> None:
        self._app_id = app_id
        self._secret = secret
        self._http = http
        self._clock = clock
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def current(self) -> str:
        """A token that should be good. Raises WechatUnavailable."""
        with self._lock:
            if self._token is None or self._clock() >= self._token.fetch_again_at:
                self._token = self._fetch(force=False)
            return self._token.value

    def instead_of(self, refused: str) -> str:
        """Another token, after WeChat refused this one. Raises WechatUnavailable.

        One that WeChat still hands out is replaced by force, which it allows 20 times a day.
        """
        with self._lock:
            if self._token is None or self._token.value == refused:
                token = self._fetch(force=False)
                self._token = self._fetch(force=True) if token.value == refused else token
            return self._token.value

    def _fetch(self, *, force: bool) -> _Token:
        now = self._clock()
        asked = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        answer = self._http.call(
            "POST",
            PATH,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            body=json.dumps(asked).encode(),
        )
        content = read_object(answer)
        errcode = errcode_of(content)
        if errcode != 0:
            raise WechatUnavailable(f"The mini-program API gave no token: errcode {errcode}.")
        value, life_seconds = content.get("access_token"), content.get("expires_in")
        if not isinstance(value, str) or not value or type(life_seconds) is not int:
            raise WechatUnavailable("The mini-program API answered without an access token.")
        return _Token(value, now + timedelta(seconds=life_seconds - MARGIN_SECONDS))
