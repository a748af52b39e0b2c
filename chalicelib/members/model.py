"""A member: a person by an opaque id, with the identities WeChat knows them by. Frozen and pure.

Holds nothing of what they bought, and never a session key.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories no line of text needs: controls, lone surrogates, line and paragraph breaks.
"""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text around them, and so make one name look like another."""


def printable(text: str) -> str:
    """The text of one line that others see. Raises ValueError when a sign in it is none."""
    if any(unicodedata.category(sign) in _UNPRINTABLE or sign in _TURNING for sign in text):
        raise ValueError("control characters are not taken")
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("only spaces")
    return text.strip()


Nickname = Annotated[str, Field(max_length=32), AfterValidator(printable), AfterValidator(_some)]
"""1 to 32 characters without control characters; spaces around it are dropped."""

AvatarUrl = Annotated[str, Field(max_length=500, pattern=r"^https://[!-~]+$")]


@dataclass(frozen=True)
class Member:
    """A person. `identities` is app_id -> openid; None for a nickname or avatar not given yet.
    `blocked_at`: since when an operator keeps them from beginning anything new.
    """

    member_id: str
    created_at: datetime
    nickname: str | None = None
    avatar_url: str | None = None
    identities: Mapping[str, str] = field(default_factory=dict, repr=False)
    unionid: str | None = field(default=None, repr=False)
    blocked_at: datetime | None = None
    blocked_reason: str | None = None

    def openid_for(self, app_id: str) -> str | None:
        """Who this member is in that app; None when they never signed in through it."""
        return self.identities.get(app_id)

    def known_as(self, app_id: str, openid: str, unionid: str | None) -> "Member":
        """The same member with this identity; a unionid once known is not forgotten."""
        identities = {**self.identities, app_id: openid}
        return replace(self, identities=identities, unionid=unionid or self.unionid)
