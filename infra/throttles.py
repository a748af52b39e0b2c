"""How many requests API Gateway lets through to a stage, in all and to the routes that make WeChat
work: the MethodSettings of the REST API.

Must never be what keeps one member from another's: the gateway does not know who asks. What is
bounded per member, the functions bound themselves.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Throttle:
    """A route as app.py declares it, and what it bears: so many a second, and so many at once."""

    method: str
    path: str
    per_second: int
    at_once: int


EVERYTHING = Throttle("*", "/*", per_second=500, at_once=1000)
"""The whole API. AWS gives an account 10,000 a second and 5,000 at once in a region by default."""

THROTTLES = (
    # WeChat trades each code for a session: 100 a minute of one user, whoever sends them to us.
    Throttle("POST", "/v1/sessions", per_second=50, at_once=100),
    # Anybody may ask for these, without signing in, and WeChat draws 5,000 a minute.
    Throttle("GET", "/v1/shares/{share_code}/qrcode", per_second=40, at_once=80),
    # Each prepares a payment at WeChat once more.
    Throttle("POST", "/v1/orders/{order_id}/payment", per_second=100, at_once=200),
    Throttle("POST", "/v1/orders/{order_id}/payment-check", per_second=100, at_once=200),
    # WeChat judges a nickname that is new, and 2,000 texts a minute in all.
    Throttle("PUT", "/v1/me", per_second=20, at_once=40),
)


def method_settings() -> list[dict[str, Any]]:
    """The `MethodSettings` property of `AWS::Serverless::Api`."""
    return [_setting(one) for one in (EVERYTHING, *THROTTLES)]


def _setting(throttle: Throttle) -> dict[str, Any]:
    path = throttle.path
    if throttle is not EVERYTHING:
        # As CloudFormation wants it: each slash but the first is "~1", and so is the first again.
        path = "/" + path.replace("/", "~1")
    return {
        "HttpMethod": throttle.method,
        "ResourcePath": path,
        "ThrottlingRateLimit": throttle.per_second,
        "ThrottlingBurstLimit": throttle.at_once,
    }
