"""Trial command of those that move money: says what it was given."""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Nothing more."""


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    return payload.model_dump()
