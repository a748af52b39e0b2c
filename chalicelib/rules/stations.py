"""The rule of stations (自提点): goods go to one of these, where members fetch them; whoever looks
after a station earns the leader's bonus on what is fetched there.
"""

from collections.abc import Iterator

from chalicelib.rules.model import Terms


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    stations = terms.rules.stations
    if len(set(stations)) != len(stations):
        yield "stations: one of them stands there twice"
    if stations and terms.rules.leader.free:
        yield "leader.free: whoever looks after a station need not buy, so nothing can be free"
