"""Put a station (自提点): where it is and who looks after it. Orders placed before keep what they
were told of it; sending it again changes nothing.
"""

from chalicelib.catalog.model import Outcome, outcome_of
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.stations import store as stations
from chalicelib.stations.model import Station


def put_station(station: Station, *, dry_run: bool = False) -> Outcome:
    """Write the station; with `dry_run` only say what that would do. Raises NotFound when its
    leader is no member.
    """
    return until_settled(lambda: _attempt(station, dry_run=dry_run))


def _attempt(station: Station, *, dry_run: bool) -> Outcome:
    key = stations.station_key(station.station_id)
    leader_key = members.profile_key(station.leader_id)
    found = read(key, leader_key)
    if not members.is_staying(found.find(leader_key)):
        raise _no_member(station)
    before = stations.station_of(found.find(key))
    outcome = outcome_of(before, station)
    if not dry_run and before != station:
        writes = WriteSet()
        # guard: there, and not leaving -> NotFound
        members.must_stay(writes, station.leader_id, refusal=lambda _row: _no_member(station))
        stations.save(writes, station, before=before)  # guard: as read -> Changed
        writes.commit()
    return outcome


def _no_member(station: Station) -> NotFound:
    return NotFound(f"There is no member {station.leader_id}; let them sign in first.")
