"""Command: a campaign as it stands, with its figures and the stock behind it, `{campaign_id}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignSku, Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key
from chalicelib.stock.store import StockRow, stock_key, units_in, units_keys
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which campaign."""

    campaign_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound. A SKU that can no longer be bought is shown as not on sale."""
    key = catalog.campaign_key(payload.campaign_id)
    row = read(key).find(key)
    standing = catalog.standing_of(row)
    if standing is None or row is None:
        raise NotFound(f"There is no campaign {payload.campaign_id}.")
    campaign = standing.campaign
    found = read(
        *catalog.figures_keys(row),
        *(catalog.sku_key(sku.sku_id) for sku in campaign.skus),
        *(stock_key(sku.sku_id) for sku in campaign.skus),
        *(key for sku in campaign.skus for key in _allotment_keys(campaign, sku)),
    )
    return {
        **campaign.model_dump(mode="json"),
        "state": standing.state(wiring.clock.now()),
        "paused": standing.paused,
        "ended": standing.ended,
        "revision": campaign.revision,
        "sold_count": catalog.sold_count_in(found, row),
        "skus": [_sku(campaign, sku, found) for sku in campaign.skus],
    }


def _allotment_keys(campaign: Campaign, offered: CampaignSku) -> list[Key[StockRow]]:
    """The shards of what is set aside; none where nothing is."""
    if campaign.stock_shards is None:
        return []
    return units_keys(offered.sku_id, campaign.campaign_id, campaign.stock_shards)


def _sku(campaign: Campaign, offered: CampaignSku, found: Found) -> dict[str, Any]:
    sku = catalog.sku_of(found.find(catalog.sku_key(offered.sku_id)))
    stock = found.find(stock_key(offered.sku_id))
    shards = _allotment_keys(campaign, offered)
    return {
        "sku_id": offered.sku_id,
        "group_price_fen": offered.group_price_fen,
        "tier_prices_fen": list(offered.tier_prices_fen),
        "solo_price_fen": sku.solo_price_fen if sku is not None else None,
        "product_id": sku.product_id if sku is not None else None,
        "on_sale": sku is not None,
        "supplied": int(stock.supplied) if stock is not None else 0,
        "units_left": int(stock.units_left) if stock is not None else 0,
        "allotted_units": offered.allotted_units,
        "allotted_units_left": units_in(found, shards) if shards else None,
    }
