"""Who a WeChat user is to one mini-program, and the codes and tokens that prove it.

Owns openids, login codes (登录凭证) and access tokens. An openid carries its own proof of which
app it belongs to, so it stays good across a reset and a restart; nothing here is kept on disk.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from infra.local.wechat.ids import Ids
from infra.local.wechat.refusals import MiniProgramRefusal
from infra.local.wechat.validation import Json

CODE_LIFE = timedelta(minutes=5)
TOKEN_LIFE = timedelta(hours=2)
TOKEN_OVERLAP = timedelta(minutes=5)
FORCED_REFRESH_SPACING = timedelta(seconds=30)
FORCED_REFRESHES_PER_DAY = 20
ACCESS_TOKEN_CHARACTERS = 136
ANY_CODE_USER = "wechat-devtools"

_IDENTITY_BYTES = 12
_PROOF_BYTES = 8
_OPENID_CHARACTERS = 28


def openid_for(app_id: str, user: str) -> str:
    """The 28 characters by which `app_id` knows `user`: the same ones every time."""
    identity = hashlib.sha256(f"{app_id}\n{user}".encode()).digest()[:_IDENTITY_BYTES]
    return "o" + _url_safe(identity) + _url_safe(_proof(app_id, identity))


def openid_belongs_to(app_id: str, openid: str) -> bool:
    """Whether this app could have been given that openid."""
    try:
        raw = base64.urlsafe_b64decode(openid[1:] + "=")
    except ValueError:
        return False
    identity, proof = raw[:_IDENTITY_BYTES], raw[_IDENTITY_BYTES:]
    rebuilt = "o" + _url_safe(identity) + _url_safe(_proof(app_id, identity))
    return proof == _proof(app_id, identity) and rebuilt == openid


def is_openid(value: str) -> bool:
    return len(value) == _OPENID_CHARACTERS and value.startswith("o")


def unionid_for(user: str) -> str:
    """One per person, whatever the app."""
    return "oU" + _url_safe(hashlib.sha256(f"union\n{user}".encode()).digest()[:20])[:26]


def _proof(app_id: str, identity: bytes) -> bytes:
    return hashlib.sha256(app_id.encode() + b"\0" + identity).digest()[:_PROOF_BYTES]


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


class IssuedCode(NamedTuple):
    code: str
    openid: str


@dataclass
class _Code:
    user: str
    issued_at: datetime
    is_used: bool = False


@dataclass(frozen=True)
class _Token:
    value: str
    issued_at: datetime


class Logins:
    """Codes live five minutes and work once; a token is the same until shortly before its end."""

    def __init__(self, app_id: str, app_secret: str, ids: Ids) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._ids = ids
        self._codes: dict[str, _Code] = {}
        self._token: _Token | None = None
        self._given: dict[str, _Token] = {}
        self._forced_refreshes: list[datetime] = []

    def issue_code(self, user: str, now: datetime) -> IssuedCode:
        code = self._ids.login_code()
        self._codes[code] = _Code(user, now)
        return IssuedCode(code, openid_for(self._app_id, user))

    def exchange_code(
        self, query: dict[str, str], now: datetime, *, accept_any_code: bool, give_unionids: bool
    ) -> Json:
        """code2Session. The code is spent by this call."""
        self._check_app(query)
        if not query.get("js_code"):
            raise MiniProgramRefusal(41008, "missing code")
        if query.get("grant_type") != "authorization_code":
            raise MiniProgramRefusal(40002, "invalid grant_type")
        user = self._spend(query["js_code"], now, accept_any_code)
        session: Json = {
            "openid": openid_for(self._app_id, user),
            "session_key": base64.b64encode(bytes.fromhex(self._ids.hexadecimal(32))).decode(),
        }
        if give_unionids:
            session["unionid"] = unionid_for(user)
        return session

    def stable_token(self, body: Json, now: datetime) -> Json:
        """The present token and the seconds it has left; forced, a new one."""
        self._check_app(body)
        if body.get("grant_type") != "client_credential":
            raise MiniProgramRefusal(40002, "invalid grant_type")
        force = body.get("force_refresh", False)
        if not isinstance(force, bool):
            raise MiniProgramRefusal(47001, "data format error")
        if force:
            self._count_forced_refresh(now)
        token = self._token
        if force or token is None or now >= token.issued_at + TOKEN_LIFE - TOKEN_OVERLAP:
            token = _Token(self._ids.hexadecimal(ACCESS_TOKEN_CHARACTERS), now)
            if force:
                self._given.clear()
            self._token = self._given[token.value] = token
        left = token.issued_at + TOKEN_LIFE - now
        return {"access_token": token.value, "expires_in": int(left.total_seconds())}

    def check_token(self, value: str, now: datetime) -> None:
        """Good until its end, though another was given out since; forced out, it is dead."""
        if not value:
            raise MiniProgramRefusal(41001, "access_token missing")
        token = self._given.get(value)
        if token is None:
            message = "invalid credential, access_token is invalid or not latest"
            raise MiniProgramRefusal(40001, message)
        if now >= token.issued_at + TOKEN_LIFE:
            raise MiniProgramRefusal(42001, "access_token expired")

    def _check_app(self, given: Json) -> None:
        if not given.get("appid"):
            raise MiniProgramRefusal(41002, "appid missing")
        if not given.get("secret"):
            raise MiniProgramRefusal(41004, "appsecret missing")
        if given["appid"] != self._app_id:
            raise MiniProgramRefusal(40013, "invalid appid")
        if given["secret"] != self._app_secret:
            raise MiniProgramRefusal(40125, "invalid appsecret")

    def _spend(self, code: str, now: datetime, accept_any_code: bool) -> str:
        known = self._codes.get(code)
        if known is None and accept_any_code:
            known = self._codes[code] = _Code(ANY_CODE_USER, now)
        if known is None:
            raise MiniProgramRefusal(40029, "invalid code")
        if known.is_used:
            raise MiniProgramRefusal(40163, "code been used")
        if now >= known.issued_at + CODE_LIFE:
            raise MiniProgramRefusal(40029, "invalid code")
        known.is_used = True
        return known.user

    def _count_forced_refresh(self, now: datetime) -> None:
        day = [moment for moment in self._forced_refreshes if now - moment < timedelta(days=1)]
        if len(day) >= FORCED_REFRESHES_PER_DAY:
            raise MiniProgramRefusal(45009, "reach max api daily quota limit")
        if day and now - day[-1] < FORCED_REFRESH_SPACING:
            raise MiniProgramRefusal(45011, "api minute-quota reach limit, must slower, retry")
        self._forced_refreshes = [*day, now]
