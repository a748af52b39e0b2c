"""Trial command: says what it was given, or fails."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.wiring import Wiring


class Payload(Command):
    """Whether to fail."""

    fails: bool = False


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    if payload.fails:
        raise LookupError("a member's name")
    return payload.model_dump()
