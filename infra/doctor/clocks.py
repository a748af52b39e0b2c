"""Do the clocks agree: this machine's, AWS's and WeChat's. Signatures and sessions hang on that."""

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from chalicelib.gateways.http import Http
from infra.doctor.check import Verdict, bad, good, skipped

SKEW_SECONDS_MAX = 60


def agrees(whose: str, date: str | None, now: Callable[[], datetime]) -> Verdict:
    """This clock and the one that wrote the Date header just now."""
    if not date:
        return skipped(f"{whose} does not tell its time")
    seconds = abs((now() - parsedate_to_datetime(date)).total_seconds())
    if seconds >= SKEW_SECONDS_MAX:
        return bad(
            f"{seconds:.0f} s between this machine and {whose}",
            "set this machine's clock by the network (timedatectl set-ntp true)",
        )
    return good(f"within {max(1, round(seconds))} s of {whose}")


def date_of_aws(sts: Any) -> str | None:
    """The Date header of an answer of AWS's."""
    headers = sts.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
    date: str | None = headers.get("date")
    return date


def date_of_wechat(http: Http) -> str | None:
    """The Date header of WeChat's answer to nothing in particular."""
    answer = http.call("GET", "/", headers={"Accept": "application/json"})
    return answer.headers.get("date")
