"""Stand-ins for what wiring holds: a clock to turn, ids to foresee, a WeChat to script.

They keep the promises of the real ones; none of them reaches anything outside the process.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

from chalicelib.gateways.wechat_api import LoginCodeRefused, WechatIdentity
from chalicelib.kit.ids import Ids

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is advanced."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += timedelta(seconds=seconds)


def counting_ids() -> Ids:
    """Ids `mem_1`, `mem_2`, `grp_1`, …: counted per prefix."""
    counts: Counter[str] = Counter()

    def next_id(prefix: str) -> str:
        counts[prefix] += 1
        return f"{prefix}_{counts[prefix]}"

    return next_id


class FakeWechatApi:
    """Knows the login codes it was told; each works once, as WeChat's do."""

    def __init__(self) -> None:
        self._codes: dict[str, WechatIdentity] = {}

    def will_know(self, code: str, openid: str, unionid: str | None = None) -> str:
        """From now on `code` logs this identity in, once."""
        self._codes[code] = WechatIdentity(openid, unionid)
        return code

    def login(self, code: str) -> WechatIdentity:
        identity = self._codes.pop(code, None)
        if identity is None:
            raise LoginCodeRefused()
        return identity
