"""Browse campaigns (活动): what a shopper sees of one, and pages of those that are live or to come.

Shows the SKUs that can be bought now, at their price in a group. A campaign left without any is
not shown; nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import shelves
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignStanding, CampaignState, Sku
from chalicelib.catalog.store import CatalogRow
from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, campaign_draw_id
from chalicelib.draws.store import DrawRow
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key
from chalicelib.rules.draw import over_all_groups
from chalicelib.rules.ladder import prices_fen
from chalicelib.stock.store import stock_key


@dataclass(frozen=True)
class ShownSku:
    """A SKU in a campaign, with its price there per unit, and at each tier of its ladder."""

    sku: Sku
    group_price_fen: int
    tier_prices_fen: tuple[int, ...]
    units_left: int


@dataclass(frozen=True)
class ShownCampaign:
    """A campaign as it stands at `now`."""

    campaign: Campaign
    state: CampaignState
    sold_count: int
    draw: Draw | None
    skus: tuple[ShownSku, ...]
    now: datetime


def get_campaign(campaign_id: str, *, clock: Clock) -> ShownCampaign:
    """One campaign in any state. Raises NotFound when unknown or nothing in it is on sale."""
    key = catalog.campaign_key(campaign_id)
    row = read(key).find(key)
    shown = _shown([row], clock.now()) if row is not None else []
    if not shown:
        raise NotFound()
    return shown[0]


def list_campaigns(
    *, state: CampaignState, limit: int, cursor: str | None, clock: Clock
) -> tuple[list[ShownCampaign], shelves.Start | None]:
    """Campaigns in that state, the soonest to end first, and where the next page starts."""
    now = clock.now()

    def keep(row: CatalogRow) -> bool:
        standing = catalog.standing_of(row)
        return standing is not None and standing.state(now) is state

    shelf = shelves.campaigns_not_over(now)
    rows, start = shelves.browse(shelf, keep, limit=limit, cursor=cursor)
    return _shown(rows, now), start


def _shown(rows: Sequence[CatalogRow], now: datetime) -> list[ShownCampaign]:
    standings = [standing for row in rows if (standing := catalog.standing_of(row)) is not None]
    campaigns = [standing.campaign for standing in standings]
    sku_ids = [sku.sku_id for campaign in campaigns for sku in campaign.skus]
    found = read(
        *(catalog.figures_key(campaign.campaign_id) for campaign in campaigns),
        *(catalog.sku_key(sku_id) for sku_id in sku_ids),
        *(stock_key(sku_id) for sku_id in sku_ids),
        *(_draw_key(campaign) for campaign in campaigns),
    )
    shown = (_with_skus(standing, found, now) for standing in standings)
    return [campaign for campaign in shown if campaign.skus]


def _draw_key(campaign: Campaign) -> Key[DrawRow] | None:
    """The key of the draw over all its groups, if that is what is drawn."""
    if over_all_groups(campaign.rules) is None:
        return None
    return draws.draw_key(campaign_draw_id(campaign.campaign_id))


def _with_skus(standing: CampaignStanding, found: Found, now: datetime) -> ShownCampaign:
    campaign = standing.campaign
    skus = []
    for offered in campaign.skus:
        sku = catalog.sku_of(found.find(catalog.sku_key(offered.sku_id)))
        stock = found.find(stock_key(offered.sku_id))
        if sku is not None:
            units_left = int(stock.units_left) if stock is not None else 0
            tier_prices_fen = prices_fen(campaign.rules, offered)
            skus.append(ShownSku(sku, offered.group_price_fen, tier_prices_fen, units_left))
    figures = found.find(catalog.figures_key(campaign.campaign_id))
    draw_key = _draw_key(campaign)
    return ShownCampaign(
        campaign=campaign,
        state=standing.state(now),
        sold_count=catalog.sold_count_of(figures),
        draw=draws.draw_of(found.find(draw_key)) if draw_key is not None else None,
        skus=tuple(skus),
        now=now,
    )
