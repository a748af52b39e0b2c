"""Command: the demand sheet of the rounds of a business day, `{campaign_id, day?, station_id?,
cursor?}`, or of one group, `{group_id, cursor?}`. Without a day it is today's.

A round is of the day it ends on; one that ends at midnight is of the day that is over then: just
after it, ask for yesterday's. With a `next_cursor` the rest is on the next sheet: add them up.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.groups.model import GroupState
from chalicelib.kit.clock import shown
from chalicelib.kit.days import business_time
from chalicelib.kit.paging import to_cursor
from chalicelib.stations import store as stations
from chalicelib.stations.demand import Line, Sheet, Wanted, demand_of_day, demand_of_group
from chalicelib.stations.seats import start_of
from chalicelib.wiring import Wiring


class Payload(Command):
    """Whose demand."""

    campaign_id: Identifier | None = None
    group_id: Identifier | None = None
    day: Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))] | None = None
    station_id: Identifier | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.campaign_id is None) is (self.group_id is None):
            raise ValueError("give exactly one of campaign_id, group_id")
        if self.group_id is not None and (self.day or self.station_id):
            raise ValueError("day and station_id go with campaign_id")
        return self


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, InvalidRequest for a campaign without a daily cut-off."""
    start = start_of(payload.cursor)
    day = payload.day or business_time(wiring.clock.now()).date()
    if payload.group_id is not None:
        sheet = demand_of_group(payload.group_id, start=start)
    else:
        sheet = demand_of_day(
            str(payload.campaign_id), day, station_id=payload.station_id, start=start
        )
    return {
        "day": f"{day:%Y-%m-%d}" if payload.group_id is None else None,
        "items": _items(sheet),
        "totals": _totals(sheet),
        "next_cursor": to_cursor(sheet.following),
    }


def _items(sheet: Sheet) -> list[dict[str, Any]]:
    ids = [each.station_id for each in sheet.wanted if each.station_id is not None]
    names = {station.station_id: station.name for station in stations.read_all(ids)}
    return [_item(each, names.get(each.station_id or "")) for each in sheet.wanted]


def _item(wanted: Wanted, station_name: str | None) -> dict[str, Any]:
    group, lines = wanted.group, wanted.lines.values()
    return {
        "station_id": wanted.station_id,
        "station_name": station_name,
        "group_id": group.group_id,
        "status": group.group_state.value,
        "ends_at": shown(group.expires_at) if group.expires_at is not None else None,
        "orders": sum(line.orders for line in lines),
        "units": sum(line.units for line in lines),
        "skus": [_line(line) for line in _by_sku(lines)],
    }


def _totals(sheet: Sheet) -> list[dict[str, Any]]:
    """Per SKU over all stations: what is to be ordered, and what may still be added to it."""
    certain: dict[str, Line] = {}
    forming: dict[str, Line] = {}
    for wanted in sheet.wanted:
        is_certain = wanted.group.group_state is GroupState.COMPLETE
        for line in wanted.lines.values():
            for sums, counts in ((certain, is_certain), (forming, not is_certain)):
                total = sums.setdefault(line.sku_id, Line(line.sku_id, line.title))
                if counts:
                    total.add(line.units, line.orders)
    return [
        {
            **_line(line),
            "forming_units": forming[line.sku_id].units,
            "forming_orders": forming[line.sku_id].orders,
        }
        for line in _by_sku(certain.values())
    ]


def _by_sku(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.sku_id)


def _line(line: Line) -> dict[str, Any]:
    return {
        "sku_id": line.sku_id,
        "title": line.title,
        "units": line.units,
        "orders": line.orders,
    }
