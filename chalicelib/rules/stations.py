"""The rule of stations (自提点): goods go to one of these, where members fetch them; whoever looks
after a station earns the leader's bonus on what is fetched there.
"""

from collections.abc import Iterator

from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import Terms


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    stations = terms.rules.stations
    for station_id in sorted({each for each in stations if stations.count(each) > 1}):
        yield f"stations: {station_id} stands there twice"
    if stations and terms.rules.leader.free and crowd_of(terms.rules) is None:
        yield (
            "leader.free: with stations the leader is whoever looks after the station, and need not"
            " buy; give leader.bonus_bp instead"
        )
