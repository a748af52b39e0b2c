"""Session tokens: signed, expiring, and good for rotation. Holds a member id, never a WeChat key
or openid.

HS256 by PyJWT. The first key signs, all keys verify, so that a key can be replaced without signing
anyone out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.kit.clock import Clock, after, epoch_seconds
from chalicelib.kit.errors import Refusal

SHORTEST_KEY = 32
"""Characters; HS256 wants at least as many bytes as its hash has."""

_ISSUER = "kaituan"


class NotSignedIn(Refusal):
    """No token, or one that we did not sign."""

    status, code = 401, "not_signed_in"
    title, title_en = "请先登录", "Sign in first."


class SessionExpired(Refusal):
    """The token was ours; its time is over."""

    status, code = 401, "session_expired"
    title, title_en = "登录已过期，请重新登录", "The session has expired; sign in again."


@dataclass(frozen=True)
class Caller:
    """Who asks: a member, through one of the deployment's WeChat apps."""

    member_id: str
    app_id: str


def issue(
    caller: Caller, keys: Sequence[str], *, clock: Clock, life_seconds: int
) -> tuple[str, datetime]:
    """A token for the caller, signed with the first key, and when it ends."""
    import jwt

    now = clock.now()
    expires_at = after(now, life_seconds)
    claims = {
        "iss": _ISSUER,
        "sub": caller.member_id,
        "app": caller.app_id,
        "iat": epoch_seconds(now),
        "exp": epoch_seconds(expires_at),
    }
    return jwt.encode(claims, _checked(keys)[0], algorithm="HS256"), expires_at


def read(token: str, keys: Sequence[str], *, clock: Clock) -> Caller:
    """Who the token is for. Raises NotSignedIn or SessionExpired."""
    import jwt

    for key in _checked(keys):
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                issuer=_ISSUER,
                options={
                    "require": ["sub", "app", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            continue
        if claims["exp"] <= epoch_seconds(clock.now()):
            raise SessionExpired()
        return Caller(claims["sub"], claims["app"])
    raise NotSignedIn()


def _checked(keys: Sequence[str]) -> Sequence[str]:
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise ValueError(f"session signing keys need at least {SHORTEST_KEY} characters each")
    return keys
