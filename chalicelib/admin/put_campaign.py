"""Command: put a campaign. Times are RFC 3339 with any offset."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Campaign
from chalicelib.catalog.put_campaign import put_campaign
from chalicelib.rules.crowd import advice
from chalicelib.wiring import Wiring


class Payload(Command, Campaign):
    """A campaign and `dry_run`."""


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    campaign = Campaign.model_validate(payload.model_dump(exclude={"dry_run"}))
    put = put_campaign(campaign, clock=wiring.clock, seeds=wiring.seeds, dry_run=payload.dry_run)
    return {
        "campaign_id": campaign.campaign_id,
        "outcome": put.outcome,
        "state": put.state,
        "revision": campaign.revision,
        "advice": advice(campaign),
        "dry_run": payload.dry_run,
    }
