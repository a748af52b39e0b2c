"""Command: put settings; what is left out, or null, keeps its value. Answers with all of them."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import PayWindowSeconds
from chalicelib.catalog.put_settings import put_settings
from chalicelib.wiring import Wiring


class Payload(Command):
    """The settings to change."""

    pay_window_seconds: PayWindowSeconds | None = None


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    change = payload.model_dump(exclude={"dry_run"}, exclude_none=True)
    settings = put_settings(change, dry_run=payload.dry_run)
    return {"settings": settings.model_dump(mode="json"), "dry_run": payload.dry_run}
