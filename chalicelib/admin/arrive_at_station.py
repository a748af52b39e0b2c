"""Command: the goods of a complete group are at their station, `{group_id, station_id?, cursor?}`,
or those of one order, `{order_id}`.

Each order that may ship can be fetched with its code from now on. Safe to repeat: until
`left_count` is 0, and with `next_cursor` as long as there is one.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.paging import to_cursor
from chalicelib.orders import store as orders
from chalicelib.stations.arrive import Arrived, arrive, arrive_one
from chalicelib.stations.seats import start_of
from chalicelib.wiring import Wiring


class Payload(Command):
    """Whose goods have arrived. `station_id`: only those that go there, of a group whose members
    fetch them at several.
    """

    group_id: Identifier | None = None
    order_id: Identifier | None = None
    station_id: Identifier | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.group_id is None) is (self.order_id is None):
            raise ValueError("give exactly one of group_id, order_id")
        if self.order_id is not None and (self.station_id or self.cursor):
            raise ValueError("station_id and cursor go with group_id")
        return self


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises GroupForming, NotAllowed for what is sent to addresses or never shipped, NotFound,
    InvalidRequest for a station it does not go to.
    """
    if payload.order_id is not None:
        order = orders.get(payload.order_id)
        return _answer(arrive_one(order, clock=wiring.clock, dry_run=payload.dry_run), payload)
    arrived = arrive(
        str(payload.group_id),
        clock=wiring.clock,
        station_id=payload.station_id,
        start=start_of(payload.cursor),
        dry_run=payload.dry_run,
    )
    return _answer(arrived, payload)


def _answer(arrived: Arrived, payload: Payload) -> dict[str, Any]:
    return {
        "arrived_count": arrived.arrived,
        "unchanged_count": arrived.unchanged,
        "left_out_count": arrived.left_out,
        "left_count": arrived.left,
        "next_cursor": to_cursor(arrived.following),
        "dry_run": payload.dry_run,
    }
