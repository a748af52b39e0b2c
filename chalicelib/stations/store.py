"""The stations table: each station, the pick-up codes of the orders that go there, and a line for
each of these orders whose goods nobody has fetched yet.

A code is written once, when its order's group is dealt with, and marked once, when it is redeemed.
The line is written with it and goes when the code is redeemed, or with the refund that ends the
order: a receipt that its member, WeChat or time has given takes no goods off the shelf.
"""

from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.clock import shown
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import WriteSet, changed
from chalicelib.stations.errors import CodeTaken, CodeUsed
from chalicelib.stations.model import Station

STATION = "station"
WAITS = "waits#"
BY_LEADER = "by_leader"
_CODE = "code#"


class StationRow(Row):
    """A station, one of its pick-up codes, or an order that waits there, told apart by `kind`."""

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
    redeemed_at = TimeAttribute(null=True)


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


def read_all(station_ids: list[str]) -> list[Station]:
    """These stations in the order asked for; unknown ids are passed over."""
    keys = [station_key(station_id) for station_id in station_ids]
    found = reads.read(*keys)
    stations = (station_of(found.find(key)) for key in keys)
    return [station for station in stations if station is not None]


def page_of_leader(
    leader_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Station], dict[str, Any] | None]:
    """The stations a member looks after, by id, and where the next page starts."""
    items, following = reads.query(
        StationRow, StationRow.leader_id == leader_id, index=BY_LEADER, limit=limit, start=start
    )
    found = read_all([item["station_id"]["S"] for item in items])
    # The index may lag behind: somebody else may look after one by now.
    return [station for station in found if station.leader_id == leader_id], following


def looks_after_open(member_id: str) -> bool:
    """Whether any station that is not closed is this member's to look after. The index may lag by a
    moment; whoever slips away then leaves a station to which operators put another leader.
    """
    start: dict[str, Any] | None = None
    while True:
        found, start = page_of_leader(member_id, limit=100, start=start)
        if any(not station.closed for station in found):
            return True
        if start is None:
            return False


def page_of_all(
    *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Station], dict[str, Any] | None]:
    """For operators: every station, in no order. The index holds nothing but stations, while the
    table has every code ever issued.
    """
    items, following = reads.scan_items(
        StationRow, index=BY_LEADER, limit=limit, start=start, consistent=False
    )
    return read_all([item["station_id"]["S"] for item in items]), following


def save(writes: WriteSet, station: Station, *, before: Station | None) -> None:
    """Write a station over what was read of it. Guard: it is as read -> Changed."""
    if before is None:
        row = StationRow(station_id=station.station_id, kind=STATION, **_attributes(station))
        writes.put(row, guard=StationRow.station_id.does_not_exist())
        return
    actions = [_set_or_remove(name, value) for name, value in _attributes(station).items()]
    guard: Condition = StationRow.station_id.exists()
    for name, value in _attributes(before).items():
        attribute = getattr(StationRow, name)
        guard &= attribute.does_not_exist() if value is None else attribute == value
    writes.update(station_key(station.station_id), actions, guard=guard)


def _attributes(station: Station) -> dict[str, Any]:
    given: dict[str, Any] = station.model_dump(exclude={"station_id", "name"})
    return {"title": station.name, **given}


def _set_or_remove(name: str, value: Any) -> Action:
    attribute = getattr(StationRow, name)
    action: Action = attribute.remove() if value is None else attribute.set(value)
    return action


def issue_code(writes: WriteSet, station_id: str, code: str, order_id: str) -> None:
    """Let the code stand for the order, whose goods wait to be fetched from now on. Guard: it
    stands for no other -> CodeTaken.
    """
    writes.put(
        StationRow(station_id=station_id, kind=_CODE + code, order_id=order_id),
        guard=StationRow.order_id.does_not_exist() | (StationRow.order_id == order_id),
        refusal=lambda _row: CodeTaken(),
    )
    writes.put(StationRow(station_id=station_id, kind=WAITS + order_id, order_id=order_id))


def redeem(writes: WriteSet, row: StationRow, *, now: datetime) -> None:
    """The code is used up. Guards: it stands for the order that was read -> Changed, and was not
    used before -> CodeUsed.
    """
    writes.update(
        StationRow.key(row.station_id, row.kind),
        [StationRow.redeemed_at.set(now)],
        guard=(StationRow.order_id == row.order_id) & StationRow.redeemed_at.does_not_exist(),
        refusal=lambda found: used(found) or changed(found),
    )


def used(row: StationRow | None) -> CodeUsed | None:
    """The refusal of a code that was redeemed before; None for one that was not."""
    if row is None or row.redeemed_at is None:
        return None
    return CodeUsed(context={"redeemed_at": shown(row.redeemed_at)})


def waits_no_more(writes: WriteSet, station_id: str, order_id: str) -> None:
    """Its goods are fetched, or will not be. Needs no guard: gone twice is gone."""
    writes.delete(StationRow.key(station_id, WAITS + order_id))


def page_of_waiting(
    station_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[str], dict[str, Any] | None]:
    """The orders whose goods nobody has fetched at this station yet, and where the next page
    starts.
    """
    condition = (StationRow.station_id == station_id) & StationRow.kind.startswith(WAITS)
    items, following = reads.query(StationRow, condition, limit=limit, start=start)
    return [item["order_id"]["S"] for item in items], following
