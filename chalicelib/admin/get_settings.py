"""Command: every setting as it applies now, defaults included, `{}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog import store as catalog
from chalicelib.kit.reads import read
from chalicelib.wiring import Wiring


class Payload(Command):
    """Nothing."""


def run(_payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    key = catalog.settings_key()
    return {"settings": catalog.settings_of(read(key).find(key)).model_dump(mode="json")}
