"""Browse campaigns (活动): what a shopper sees of one, and pages of those that are live or to come.

Shows the SKUs that can be bought now, at their price in a group. A campaign left without any is
not shown; nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import shelves
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState, Sku
from chalicelib.catalog.recent_allotments import UnitsLeft, units_left
from chalicelib.catalog.store import CatalogRow
from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, campaign_draw_id
from chalicelib.draws.store import DrawRow
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key
from chalicelib.rules.allotment import takes_stock
from chalicelib.rules.draw import over_all_groups
from chalicelib.rules.ladder import prices_fen
from chalicelib.stations import store as stations
from chalicelib.stations.model import Station
from chalicelib.stock.store import StockRow, stock_key, units_in


@dataclass(frozen=True)
class ShownSku:
    """A SKU in a campaign, with its price there per unit, and at each tier of its ladder.
    `units_left`: what the campaign can sell; None where none need to be there.
    """

    sku: Sku
    group_price_fen: int
    tier_prices_fen: tuple[int, ...]
    units_left: int | None


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


def stations_of(campaign: Campaign) -> list[Station]:
    """Where its goods can be fetched, of those that take orders."""
    found = stations.read_all(list(campaign.rules.stations))
    return [station for station in found if not station.closed]


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
    offered = [(campaign, sku.sku_id) for campaign in campaigns for sku in campaign.skus]
    found = read(
        *(key for row in rows for key in catalog.figures_keys(row)),
        *(catalog.sku_key(sku_id) for _, sku_id in offered),
        *(_stock_key(campaign, sku_id) for campaign, sku_id in offered),
        *(_draw_key(campaign) for campaign in campaigns),
    )
    allotted = units_left(campaigns, now=now)
    shown = (_with_skus(row, found, allotted, now) for row in rows)
    return [campaign for campaign in shown if campaign is not None and campaign.skus]


def _stock_key(campaign: Campaign, sku_id: str) -> Key[StockRow] | None:
    """Where the units lie that the campaign sells, if that is the SKU's own stock."""
    if campaign.stock_shards is not None or not takes_stock(campaign.rules):
        return None
    return stock_key(sku_id)


def _units_left(
    campaign: Campaign, sku_id: str, found: Found, allotted: Mapping[str, UnitsLeft]
) -> int | None:
    if campaign.campaign_id in allotted:
        return allotted[campaign.campaign_id].get(sku_id, 0)
    key = _stock_key(campaign, sku_id)
    return units_in(found, [key]) if key is not None else None


def _draw_key(campaign: Campaign) -> Key[DrawRow] | None:
    """The key of the draw over all its groups, if that is what is drawn."""
    if over_all_groups(campaign.rules) is None:
        return None
    return draws.draw_key(campaign_draw_id(campaign.campaign_id))


def _with_skus(
    row: CatalogRow, found: Found, allotted: Mapping[str, UnitsLeft], now: datetime
) -> ShownCampaign | None:
    standing = catalog.standing_of(row)
    if standing is None:
        return None
    campaign = standing.campaign
    skus = []
    for offered in campaign.skus:
        sku = catalog.sku_of(found.find(catalog.sku_key(offered.sku_id)))
        if sku is not None:
            left = _units_left(campaign, offered.sku_id, found, allotted)
            tier_prices_fen = prices_fen(campaign.rules, offered)
            skus.append(ShownSku(sku, offered.group_price_fen, tier_prices_fen, left))
    draw_key = _draw_key(campaign)
    return ShownCampaign(
        campaign=campaign,
        state=standing.state(now),
        sold_count=catalog.sold_count_in(found, row),
        draw=draws.draw_of(found.find(draw_key)) if draw_key is not None else None,
        skus=tuple(skus),
        now=now,
    )
