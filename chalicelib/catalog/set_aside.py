"""What is set aside of each SKU for a campaign (秒杀库存) follows the campaign: set aside when it
is put, the SKU's again once nobody can take from it.

Each SKU is a commit of its own, and each can be repeated. Units of a campaign that was not written
after all go back by themselves.
"""

from collections.abc import Collection
from datetime import datetime

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import DAY_SECONDS, Campaign
from chalicelib.catalog.settings import Settings
from chalicelib.catalog.store import CatalogRow
from chalicelib.kit.clock import after
from chalicelib.kit.errors import Refusal
from chalicelib.kit.reads import read
from chalicelib.stock.allot import allot
from chalicelib.stock.return_sooner import return_sooner

_ATTEMPTS = 3

logger = Logger()


def groups_until(row: CatalogRow | None, settings: Settings, *, now: datetime) -> datetime | None:
    """By when all groups that the campaign has had so far are over, whatever it says from now on.
    None when none could take of what was set aside. Whoever opened one just now may still pay.
    """
    standing = catalog.standing_of(row)
    if row is None or standing is None:
        return None
    campaign, known = standing.campaign, catalog.groups_until_of(row)
    if campaign.stock_shards is None:
        return known
    is_daily = campaign.rules.cutoff is not None
    lasts_seconds = DAY_SECONDS if is_daily else campaign.duration_seconds
    until = min(after(now, settings.pay_window_seconds + lasts_seconds), campaign.ends_at)
    return max(until, known or until)


def set_aside(campaign: Campaign, *, groups_until: datetime | None, dry_run: bool) -> None:
    """Set each SKU's units aside, until the campaign's window is over, and the groups it has had
    so far. Raises InvalidRequest.
    """
    if campaign.stock_shards is None:
        return
    ends_at = campaign.ends_at
    for sku in campaign.skus:
        allot(
            sku.sku_id,
            campaign.campaign_id,
            sku.allotted_units or 0,
            shards=campaign.stock_shards,
            until=max(ends_at, groups_until) if groups_until is not None else ends_at,
            dry_run=dry_run,
        )


def put_back(campaign_id: str, *, besides: Collection[str], now: datetime) -> None:
    """A put was refused after it had set units aside: they are again those of the campaign as it
    stands, and of one that is over, or of SKUs `besides` that it does not sell, nobody's. Raises
    nothing; what could not be put back is put right by the next put.
    """
    try:
        for _ in range(_ATTEMPTS):
            row = _put_back_once(campaign_id, now)
            let_go(campaign_id, besides=besides)
            key = catalog.campaign_key(campaign_id)
            if row is None or catalog.standing_of(read(key).find(key)) == catalog.standing_of(row):
                return
    except (Refusal, BotoCoreError, ClientError) as passing:
        logger.warning("units_not_put_back", error=type(passing).__name__, campaign_id=campaign_id)


def _put_back_once(campaign_id: str, now: datetime) -> CatalogRow | None:
    """As which row it stood."""
    key = catalog.campaign_key(campaign_id)
    found = read(key, catalog.settings_key())
    row = found.find(key)
    standing = catalog.standing_of(row)
    if standing is None:
        return None
    campaign = standing.campaign
    until = groups_until(row, catalog.settings_of(found.find(catalog.settings_key())), now=now)
    if standing.ended or campaign.ends_at <= now:
        for sku_id in sorted(campaign.skus_aside):
            return_sooner(sku_id, campaign_id, by=until or campaign.ends_at)
    else:
        set_aside(campaign, groups_until=until, dry_run=False)
    return row


def let_go(campaign_id: str, *, besides: Collection[str] = ()) -> None:
    """Whatever SKUs the campaign ever had units of and sells no more, and those `besides` that it
    does not sell, are let go of once its groups are over. Reads how it stands, so that whoever was
    interrupted, or came in between, is made up for by the next.
    """
    key = catalog.campaign_key(campaign_id)
    row = read(key).find(key)
    standing = catalog.standing_of(row)
    by = catalog.groups_until_of(row) if row is not None else None
    if row is None or standing is None or by is None:
        return
    kept = standing.campaign.skus_aside if not standing.ended else frozenset()
    for sku_id in sorted({*(row.skus_aside or ()), *besides} - kept):
        return_sooner(sku_id, campaign_id, by=by)
