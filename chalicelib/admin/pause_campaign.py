"""Command: pause a campaign, `{campaign_id}`, or resume it, `{campaign_id, resume: true}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.catalog.pause_campaign import pause_campaign
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which campaign, and whether the pause ends."""

    campaign_id: Identifier
    resume: bool = False


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    state = pause_campaign(
        payload.campaign_id, resume=payload.resume, clock=wiring.clock, dry_run=payload.dry_run
    )
    return {"campaign_id": payload.campaign_id, "state": state, "dry_run": payload.dry_run}
