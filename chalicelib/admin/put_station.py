"""Command: put a station, `{station_id, name, address, phone?, leader_id, closed?}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.stations.model import Station
from chalicelib.stations.put_station import put_station
from chalicelib.wiring import Wiring


class Payload(Command, Station):
    """A station and `dry_run`."""


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound when its leader is no member."""
    station = Station.model_validate(payload.model_dump(exclude={"dry_run"}))
    outcome = put_station(station, dry_run=payload.dry_run)
    return {"station_id": station.station_id, "outcome": outcome, "dry_run": payload.dry_run}
