"""Command: a station and a page of what waits there, or is on its way, `{station_id, cursor?,
limit?}`. Each with its pick-up code, for somebody who has lost theirs.
"""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import to_cursor
from chalicelib.stations import store as stations
from chalicelib.stations.list_waiting import Waiting, list_waiting
from chalicelib.stations.schemas import waiting_answer
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which station, and which page of what waits there."""

    station_id: Identifier
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, and InvalidRequest for a cursor of another list."""
    found = stations.read_all([payload.station_id])
    if not found:
        raise NotFound(f"There is no station {payload.station_id}.")
    waiting, following = list_waiting(
        payload.station_id, by_member_id=None, limit=payload.limit, cursor=payload.cursor
    )
    return {
        **found[0].model_dump(),
        "pickups": [_pickup(each) for each in waiting],
        "next_cursor": to_cursor(following),
    }


def _pickup(waiting: Waiting) -> dict[str, Any]:
    order = waiting.order
    return {
        "order_id": order.order_id,
        "member_id": order.member_id,
        "group_id": order.group_id,
        "pickup_code": order.pickup_code,
        **waiting_answer(order, waiting.nickname),
    }
