"""What is set aside of each SKU for a campaign (秒杀库存) follows the campaign: set aside when it
is put, the SKU's again once nobody can take from it.

Each SKU is a commit of its own, and each can be repeated. Units of a campaign that was not written
after all go back by themselves.
"""

from collections.abc import Collection
from datetime import datetime

from chalicelib.catalog.model import DAY_SECONDS, Campaign
from chalicelib.catalog.settings import Settings
from chalicelib.kit.clock import after
from chalicelib.stock.allot import allot
from chalicelib.stock.return_sooner import return_sooner


def set_aside(campaign: Campaign, *, dry_run: bool) -> None:
    """Set each SKU's units aside, until the campaign's window is over. Raises InvalidRequest."""
    if campaign.stock_shards is None:
        return
    for sku in campaign.skus:
        allot(
            sku.sku_id,
            campaign.campaign_id,
            sku.allotted_units or 0,
            shards=campaign.stock_shards,
            until=campaign.ends_at,
            dry_run=dry_run,
        )


def let_go(
    campaign: Campaign, settings: Settings, *, now: datetime, kept: Collection[str] = ()
) -> None:
    """The campaign sells no more of these SKUs, `kept` left out. Whoever opened a group just now
    may still pay, and others join it; nobody can take any after that.
    """
    if campaign.stock_shards is None:
        return
    is_daily = campaign.rules.cutoff is not None
    lasts_seconds = DAY_SECONDS if is_daily else campaign.duration_seconds
    by = after(now, settings.pay_window_seconds + lasts_seconds)
    for sku in campaign.skus:
        if sku.sku_id not in kept:
            shards = campaign.stock_shards
            return_sooner(sku.sku_id, campaign.campaign_id, shards=shards, by=by)
