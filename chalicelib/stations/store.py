"""The stations table: each station, and the pick-up codes of the orders that go there.

A code is written once, by the order's group when it is dealt with; whether it was used is said by
the order's state alone.
"""

from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.kit.tables import Key, Row
from chalicelib.kit.writes import WriteSet
from chalicelib.stations.errors import CodeTaken
from chalicelib.stations.model import Station

STATION = "station"
_CODE = "code#"


class StationRow(Row):
    """A station, or one of its pick-up codes, told apart by `kind`."""

    class Meta:
        table = "stations"

    station_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    leader_id = UnicodeAttribute(null=True)
    closed = BooleanAttribute(null=True)
    order_id = UnicodeAttribute(null=True)


def station_key(station_id: str) -> Key[StationRow]:
    return StationRow.key(station_id, STATION)


def code_key(station_id: str, code: str) -> Key[StationRow]:
    return StationRow.key(station_id, _CODE + code)


def station_of(row: StationRow | None) -> Station | None:
    if row is None:
        return None
    return Station(
        station_id=row.station_id,
        name=str(row.title),
        address=str(row.address),
        phone=row.phone,
        leader_id=str(row.leader_id),
        closed=bool(row.closed),
    )


def station_row(station: Station) -> StationRow:
    given: dict[str, Any] = station.model_dump(exclude={"station_id", "name"}, exclude_none=True)
    return StationRow(station_id=station.station_id, kind=STATION, title=station.name, **given)


def issue_code(writes: WriteSet, station_id: str, code: str, order_id: str) -> None:
    """Let the code stand for the order. Guard: it stands for no other -> CodeTaken."""
    writes.put(
        StationRow(station_id=station_id, kind=_CODE + code, order_id=order_id),
        guard=StationRow.order_id.does_not_exist() | (StationRow.order_id == order_id),
        refusal=lambda _row: CodeTaken(),
    )
