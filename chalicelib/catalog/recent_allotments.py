"""How many units campaigns have left of what was set aside for them, from two seconds' memory, for
what only shows: thousands may look at a sale while thousands buy from the same shards.

Whoever takes units, or tells one member what they can have, goes by what is there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from chalicelib.catalog.model import Campaign
from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.reads import read
from chalicelib.stock.store import shard_keys, units_in

UnitsLeft = Mapping[str, int]
"""By SKU."""

_counted: ShortMemory[UnitsLeft] = ShortMemory(seconds=2, most=1024)
"""By the campaign and what it says: put differently, it is counted again."""


def units_left(campaigns: Sequence[Campaign], *, now: datetime) -> Mapping[str, UnitsLeft]:
    """Of each of these that has an allotment, by its id; one read for all that are not known."""
    allotted = {
        (campaign.campaign_id, campaign.revision): campaign
        for campaign in campaigns
        if campaign.stock_shards is not None
    }
    unknown = [
        campaign
        for name, campaign in allotted.items()
        if _counted.get(name, lambda: None, now=now) is None
    ]
    counted = _count(unknown)
    return {
        name[0]: _counted.get(name, partial(counted.get, name[0]), now=now) or {}
        for name in allotted
    }


def forget_allotments() -> None:
    """Remember none: for tests that start over in one process."""
    _counted.forget()


def _count(campaigns: Sequence[Campaign]) -> Mapping[str, UnitsLeft]:
    keys = {
        (campaign.campaign_id, sku.sku_id): shard_keys(
            sku.sku_id, campaign.campaign_id, campaign.stock_shards or 0
        )
        for campaign in campaigns
        for sku in campaign.skus
    }
    found = read(*(key for each in keys.values() for key in each))
    return {
        campaign.campaign_id: {
            sku.sku_id: units_in(found, keys[campaign.campaign_id, sku.sku_id])
            for sku in campaign.skus
        }
        for campaign in campaigns
    }
