"""The demand sheet (汇总单): how much of each SKU is wanted at each station, summed over the rounds
of a business day, or over one group. What to order from the supplier, and where it goes.

A round is of the day on which its last orders came: the day it ends on. One that ends at midnight
is of the day that is over then, not of the one that begins.

Reads only. A round's id follows from its campaign, its station and when it ends, so that none has
to be searched for. Only orders that stand count.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState, crowd_id_for
from chalicelib.kit.days import day_of, time_on
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.reads import read
from chalicelib.orders.model import SOLD, Order, OrderState
from chalicelib.stations.seats import Start, orders_of, where_seats_are

MOST_PAGES = 200
"""Of seats, looked at for one sheet; what is left goes on the next."""
_MOST_REVISIONS = 10_000
"""Of a campaign that was changed every hour for a year."""
_INSTANT = timedelta(microseconds=1)

_STANDS = SOLD | {OrderState.PAID}
_NOTHING_OF_IT = frozenset({GroupState.FAILED, GroupState.ABANDONED})


@dataclass
class Line:
    """How much of one SKU is wanted."""

    sku_id: str
    title: str
    units: int = 0
    orders: int = 0

    def add(self, units: int, orders: int) -> None:
        self.units += units
        self.orders += orders


@dataclass
class Wanted:
    """What one group wants at one station; None: nothing of it is fetched."""

    group: Group
    station_id: str | None
    lines: dict[str, Line] = field(default_factory=dict)

    def count(self, order: Order) -> None:
        line = self.lines.setdefault(order.sku_id, Line(order.sku_id, order.title))
        line.add(order.quantity, 1)


class _Terms(NamedTuple):
    """What of a revision tells which rounds there may be: many revisions say the same."""

    cutoff: str | None
    stations: tuple[str, ...]
    ends_at: datetime


@dataclass(frozen=True)
class Sheet:
    """What is wanted, by station. `following`: where the next sheet goes on, to be added up with
    this one.
    """

    wanted: tuple[Wanted, ...]
    following: Start | None


def demand_of_day(
    campaign_id: str,
    day: date,
    *,
    station_id: str | None = None,
    start: Start | None = None,
    most_pages: int = MOST_PAGES,
) -> Sheet:
    """The rounds of this business day, at all stations or at one. Raises NotFound, InvalidRequest
    for a campaign without a daily cut-off.
    """
    revisions = catalog.revisions_of(campaign_id, most=_MOST_REVISIONS)
    terms = {_terms(campaign) for campaign in revisions}
    if not terms:
        raise NotFound(f"There is no campaign {campaign_id}.")
    if not any(each.cutoff for each in terms):
        message = "It has no daily cut-off: name one of its groups, by group_id."
        raise InvalidRequest(message, errors=[{"field": "campaign_id", "message": message}])
    ids = [
        group_id
        for where, group_id in sorted(_rounds(campaign_id, terms, day))
        if station_id in (None, where)
    ]
    found = read(*(groups.group_key(group_id) for group_id in ids))
    rounds = (groups.group_of(found.find(groups.group_key(group_id))) for group_id in ids)
    return _sheet([each for each in rounds if each is not None], start, most_pages)


def demand_of_group(group_id: str, *, start: Start | None = None) -> Sheet:
    """One group, whatever its kind. Raises NotFound."""
    group = groups.get(group_id)
    if group.crowd_id is not None:
        raise NotFound("There is no such group.")
    return _sheet([group], start, MOST_PAGES)


def _terms(campaign: Campaign) -> _Terms:
    return _Terms(campaign.rules.cutoff, campaign.rules.stations, campaign.ends_at)


def _rounds(campaign_id: str, terms: Set[_Terms], day: date) -> set[tuple[str, str]]:
    """Station and id of every round that may have been opened on these terms, as one of that
    day's.
    """
    return {
        (station_id or "", crowd_id_for(campaign_id, station_id, ends_at))
        for each in terms
        for ends_at in _ends(each, day)
        for station_id in each.stations or (None,)
    }


def _ends(terms: _Terms, day: date) -> Iterator[datetime]:
    """When its rounds of that day end: at the cut-off, and at the campaign's own end."""
    if terms.cutoff is not None:
        next_day = day + timedelta(days=1)
        ends = (time_on(day, terms.cutoff), time_on(next_day, terms.cutoff), terms.ends_at)
        yield from (at for at in ends if day_of(at - _INSTANT) == day.isoformat())


def _sheet(rounds: Sequence[Group], start: Start | None, most_pages: int) -> Sheet:
    """What did not come about is named, and wants nothing."""
    going_on = [each for each in rounds if each.group_state not in _NOTHING_OF_IT]
    group_of = {place: each for each in going_on for place in where_seats_are(each)}
    wanted: dict[tuple[str, str | None], Wanted] = {}
    if start is None:
        named = (each for each in rounds if each.is_crowd or each not in going_on)
        wanted = {(each.group_id, each.station_id): Wanted(each, each.station_id) for each in named}
    following = None
    for place, page, after in orders_of(tuple(group_of), start=start, most_pages=most_pages):
        group, following = group_of[place], after
        for order in page:
            if order.order_state in _STANDS:
                at = order.pickup.station_id if order.pickup is not None else None
                key = group.group_id, at
                wanted.setdefault(key, Wanted(group, at)).count(order)
    return Sheet(tuple(wanted.values()), following)
