"""Command: a campaign as it stands, with its figures and the stock behind it, `{campaign_id}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import CampaignSku, Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.stock.store import stock_key
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which campaign."""

    campaign_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound. A SKU that can no longer be bought is shown as not on sale."""
    key = catalog.campaign_key(payload.campaign_id)
    standing = catalog.standing_of(read(key).find(key))
    if standing is None:
        raise NotFound(f"There is no campaign {payload.campaign_id}.")
    campaign = standing.campaign
    figures_key = catalog.figures_key(campaign.campaign_id)
    found = read(
        figures_key,
        *(catalog.sku_key(sku.sku_id) for sku in campaign.skus),
        *(stock_key(sku.sku_id) for sku in campaign.skus),
    )
    return {
        **campaign.model_dump(mode="json"),
        "state": standing.state(wiring.clock.now()),
        "paused": standing.paused,
        "ended": standing.ended,
        "revision": campaign.revision,
        "sold_count": catalog.sold_count_of(found.find(figures_key)),
        "skus": [_sku(sku, found) for sku in campaign.skus],
    }


def _sku(offered: CampaignSku, found: Found) -> dict[str, Any]:
    sku = catalog.sku_of(found.find(catalog.sku_key(offered.sku_id)))
    stock = found.find(stock_key(offered.sku_id))
    return {
        "sku_id": offered.sku_id,
        "group_price_fen": offered.group_price_fen,
        "tier_prices_fen": list(offered.tier_prices_fen),
        "solo_price_fen": sku.solo_price_fen if sku is not None else None,
        "product_id": sku.product_id if sku is not None else None,
        "on_sale": sku is not None,
        "supplied": int(stock.supplied) if stock is not None else 0,
        "units_left": int(stock.units_left) if stock is not None else 0,
    }
