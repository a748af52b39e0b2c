"""Command: put a campaign. Times are RFC 3339 with any offset."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Campaign
from chalicelib.catalog.put_campaign import put_campaign
from chalicelib.catalog.refuse_changed import IfRevision
from chalicelib.rules.crowd import advice
from chalicelib.wiring import Wiring


class Payload(Command, Campaign):
    """A campaign, `dry_run`, and which revision of it may be overwritten."""

    if_revision: IfRevision | None = None


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    campaign = Campaign.model_validate(payload.model_dump(exclude={"dry_run", "if_revision"}))
    put = put_campaign(
        campaign,
        clock=wiring.clock,
        seeds=wiring.seeds,
        if_revision=payload.if_revision,
        dry_run=payload.dry_run,
    )
    return {
        "campaign_id": campaign.campaign_id,
        "outcome": put.outcome,
        "state": put.state,
        "revision": campaign.revision,
        "revision_before": put.revision_before,
        "advice": advice(campaign),
        "dry_run": payload.dry_run,
    }
