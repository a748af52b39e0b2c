"""Command: end a campaign for good, `{campaign_id}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.end_campaign import end_campaign
from chalicelib.catalog.model import Identifier
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which campaign."""

    campaign_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    state = end_campaign(payload.campaign_id, clock=wiring.clock, dry_run=payload.dry_run)
    return {"campaign_id": payload.campaign_id, "state": state, "dry_run": payload.dry_run}
