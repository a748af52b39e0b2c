"""What to order, and where it goes: the demand sheets of a business day on paper, over all
campaigns with a daily cut-off.

From the index of campaigns that are not over: one that an operator ended by hand is not on it, and
has `get_demand`.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.catalog.shelves import browse, campaigns_not_over
from chalicelib.catalog.store import CatalogRow
from chalicelib.files.tables import Cell, write_table
from chalicelib.kit.clock import shown
from chalicelib.kit.days import end_of_day
from chalicelib.kit.paging import to_cursor
from chalicelib.stations import store as stations
from chalicelib.stations.demand import Wanted, demand_of_day
from chalicelib.stations.seats import Start

DEMAND = (
    "campaign_id",
    "station_id",
    "station_name",
    "group_id",
    "status",
    "ends_at",
    "sku_id",
    "title",
    "units",
    "orders",
)
_CAMPAIGNS_PER_PAGE = 100


def demand(day: str) -> bytes:
    """Only orders that stand are counted: what was given back since is not."""
    rows = [row for campaign_id in _campaigns(day) for row in _rows(campaign_id, day)]
    return write_table(DEMAND, rows)


def _campaigns(day: str) -> list[str]:
    """Those with rounds that may have ended on that day."""
    day_before = f"{date.fromisoformat(day) - timedelta(days=1)}"
    shelf = campaigns_not_over(end_of_day(day_before))
    found: list[str] = []
    start: dict[str, Any] | None = None
    while True:
        rows, start = browse(shelf, _has_cutoff, limit=_CAMPAIGNS_PER_PAGE, cursor=to_cursor(start))
        found += [row.id for row in rows]
        if start is None:
            return sorted(found)


def _has_cutoff(row: CatalogRow) -> bool:
    standing = catalog.standing_of(row)
    return standing is not None and standing.campaign.rules.cutoff is not None


def _rows(campaign_id: str, day: str) -> list[tuple[Cell, ...]]:
    """Of one campaign, all sheets added up, by station and SKU."""
    together: dict[tuple[str, str, str], list[Cell]] = {}
    for wanted in _wanted(campaign_id, day):
        group = wanted.group
        ends_at = shown(group.expires_at) if group.expires_at is not None else None
        for line in wanted.lines.values():
            place = wanted.station_id or "", group.group_id, line.sku_id
            state: list[Cell] = [group.group_state.value, ends_at, line.sku_id, line.title]
            before = together.get(place)
            units, orders = (before[-2], before[-1]) if before is not None else (0, 0)
            together[place] = [*state, int(units or 0) + line.units, int(orders or 0) + line.orders]
    names = {
        each.station_id: each.name
        for each in stations.read_all(sorted({place[0] for place in together} - {""}))
    }
    return [
        (campaign_id, place[0], names.get(place[0]), place[1], *rest)
        for place, rest in sorted(together.items())
    ]


def _wanted(campaign_id: str, day: str) -> Iterator[Wanted]:
    start: Start | None = None
    while True:
        sheet = demand_of_day(campaign_id, date.fromisoformat(day), start=start)
        yield from sheet.wanted
        start = sheet.following
        if start is None:
            return
