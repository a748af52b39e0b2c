"""How the sandbox says no: one exception for each of the three audiences.

Owns the shape of a refusal, never the rule that leads to one.
"""

from dataclasses import dataclass, field
from typing import Any

PARAMETER_NUMBER = 270924337
EXTRA_FIELD_NUMBER = 270924358
CHANGED_TERMS_NUMBER = 268498688
ALREADY_PAID_NUMBER = 268498689
ORDER_DEAD_NUMBER = 268447914
OTHER_NUMBER = 268435462


@dataclass(eq=False)
class PayRefusal(Exception):
    """WeChat Pay says no: HTTP `status`, a `code`, and the `number` that ends its Request-ID."""

    status: int
    code: str
    message: str
    number: int = OTHER_NUMBER
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class MiniProgramRefusal(Exception):
    """The mini-program server API says no, with HTTP 200 and an `errcode` that is not 0."""

    errcode: int
    errmsg: str


@dataclass(eq=False)
class ControlRefusal(Exception):
    """The control plane says no, to a test or to the shopper it plays."""

    status: int
    code: str
    message: str


def invalid_request(message: str, number: int = OTHER_NUMBER) -> PayRefusal:
    """A well-formed request that breaks a business rule."""
    return PayRefusal(400, "INVALID_REQUEST", message, number)
