"""Look after the draw of a campaign whose time has come: hold it once every group of it is over,
then tell the groups that took part.

Run by the sweep. A group that is still forming, or complete and not entered yet, puts it off; once
it is closed it waits for nobody.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from aws_lambda_powertools import Logger

from chalicelib.draws import store as draws
from chalicelib.draws.hold import hold
from chalicelib.draws.model import Draw, DrawState
from chalicelib.draws.seeds import Seeds
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.orders.model import REACTION_SECONDS

logger = Logger()

TOLD_AT_ONCE = 100
"""Groups told before it is looked whether there is time for more."""

LATE_SECONDS = 3600
"""How long a group may be over before a person is told that the draw still waits for it."""

_GROUPS_AT_ONCE = 100
_MOST_NAMED = 10
_MAY_STILL_ENTER = frozenset({GroupState.PENDING, GroupState.FORMING})


def follow_up(draw_id: str, *, clock: Clock, seeds: Seeds, time_left: Callable[[], bool]) -> Draw:
    """The draw as it is afterwards; it stays due while there are groups to be told. Raises TryAgain
    while groups of it are not over, CannotOpen, NotFound.
    """
    draw = draws.get(draw_id)
    now = clock.now()
    if draw.due_at is None or draw.draws_at is None or draw.draws_at > now:
        return draw
    if draw.draw_state is DrawState.OPEN:
        _wait_for_groups(draw_id, now)
    draw = hold(draw_id, clock=clock, seeds=seeds, due_at=now)
    _tell(draw, clock, time_left)
    return draws.get(draw_id)


def _wait_for_groups(draw_id: str, now: datetime) -> None:
    """Raises TryAgain while any may still enter. A person is told when one should be over."""
    waiting = (group for group in _groups_outside(draw_id) if _may_still_enter(group))
    first = list(islice(waiting, _MOST_NAMED))
    late = [group.group_id for group in first if _over_at(group) < after(now, -LATE_SECONDS)]
    if late:
        logger.error("draw_is_late", alarm="draw_is_late", draw_id=draw_id, group_ids=late)
    if first:
        raise TryAgain(f"The draw waits for groups to be over: {first[0].group_id} for one.")


def _groups_outside(draw_id: str) -> Iterator[Group]:
    """Groups of the campaign that have not entered."""
    outside = draws.participations(draw_id, has_entered=False)
    while batch := list(islice(outside, _GROUPS_AT_ONCE)):
        keys = [groups.group_key(each.group_id) for each in batch]
        found = read(*keys)
        for key in keys:
            group = groups.group_of(found.find(key))
            if group is not None:
                yield group


def _may_still_enter(group: Group) -> bool:
    """Open still, or complete with its orders to be dealt with."""
    is_undealt = group.group_state is GroupState.COMPLETE and group.due_at is not None
    return group.group_state in _MAY_STILL_ENTER or is_undealt


def _over_at(group: Group) -> datetime:
    """When it was over, or is to be at the latest."""
    return group.settled_at or group.expires_at or group.campaign_ends_at


def _tell(draw: Draw, clock: Clock, time_left: Callable[[], bool]) -> None:
    """As many groups as there is time for; the next look goes on after them."""
    while True:
        told, goes_on = draws.participations_after(
            draw.draw_id, draw.told_through, limit=TOLD_AT_ONCE
        )
        now = clock.now()
        for each in told:
            if each.has_entered:
                groups.tell_drawn(each.group_id, now=now, due_at=after(now, REACTION_SECONDS))
        last = told[-1].group_id if told else draw.told_through
        through = draws.tell_through(draw, last, goes_on=goes_on)
        if through is None or not goes_on or not time_left():
            return
        draw = through
