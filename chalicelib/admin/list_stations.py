"""Command: stations, in no order, `{campaign_id?, cursor?, limit?}`; campaign_id: the stations of
that campaign, all of them.
"""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import from_cursor, page
from chalicelib.kit.reads import read
from chalicelib.stations import store as stations
from chalicelib.stations.model import Station
from chalicelib.wiring import Wiring

_CURSOR = frozenset({"leader_id", "station_id", "kind"})


class Payload(Command):
    """Which stations. `cursor` and `limit` are for all there are."""

    campaign_id: Identifier | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound for an unknown campaign, InvalidRequest for a cursor of another list."""
    if payload.campaign_id is not None:
        found, following = _of_campaign(payload.campaign_id), None
    else:
        start = from_cursor(payload.cursor, names=_CURSOR, fixed={"kind": stations.STATION})
        found, following = stations.page_of_all(limit=payload.limit, start=start)
    return page([station.model_dump() for station in found], following)


def _of_campaign(campaign_id: str) -> list[Station]:
    key = catalog.campaign_key(campaign_id)
    standing = catalog.standing_of(read(key).find(key))
    if standing is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    return stations.read_all(list(standing.campaign.rules.stations))
