"""Put a station (自提点): where it is and who looks after it. Orders placed before keep what they were
told of it.
"""

from chalicelib.catalog.model import Outcome, outcome_of
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.stations import store as stations
from chalicelib.stations.model import Station


def put_station(station: Station, *, dry_run: bool = False) -> Outcome:
    """Raises NotFound when its leader is no member."""
    key, leader_key = (
        stations.station_key(station.station_id),
        members.profile_key(station.leader_id),
    )
    found = read(key, leader_key)
    if found.find(leader_key) is None:
        raise NotFound(f"There is no member {station.leader_id}; let them sign in first.")
    before = stations.station_of(found.find(key))
    if not dry_run and before != station:
        writes = WriteSet()
        writes.put(stations.station_row(station))
        writes.commit()
    return outcome_of(before, station)
