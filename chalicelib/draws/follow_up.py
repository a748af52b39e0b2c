"""Look after the draw of a campaign whose time has come: hold it once every group of it is over,
then tell the groups that took part.

Run by the sweep. A group that is still forming, or complete and not entered yet, puts it off.
"""

from collections.abc import Iterator

from aws_lambda_powertools import Logger

from chalicelib.draws import store as draws
from chalicelib.draws.hold import hold
from chalicelib.draws.model import Draw
from chalicelib.draws.seeds import Seeds
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.orders.model import REACTION_SECONDS

logger = Logger()

TOLD_AT_ONCE = 500
"""Groups told in one look; the next look goes on, so that no look takes too long."""

LATE_SECONDS = 3600
_GROUPS_AT_ONCE = 100
_MAY_STILL_ENTER = frozenset({GroupState.PENDING, GroupState.FORMING})


def follow_up(draw_id: str, *, clock: Clock, seeds: Seeds) -> Draw:
    """The draw as it is afterwards. Raises TryAgain while groups of it are not over, DrawsOff,
    CannotOpen, NotFound.
    """
    draw = draws.get(draw_id)
    now = clock.now()
    if draw.due_at is None or draw.draws_at is None or draw.draws_at > now:
        return draw
    if not draw.is_drawn:
        waiting = sum(_may_still_enter(group) for group in _groups_outside(draw_id))
        if waiting:
            if after(draw.draws_at, LATE_SECONDS) < now:
                logger.error("draw_is_late", alarm="draw_is_late", draw_id=draw_id, groups=waiting)
            raise TryAgain(f"{waiting} groups of the draw are not over yet.")
        draw = hold(draw_id, clock=clock, seeds=seeds, due_at=now)
    _tell(draw, clock)
    return draws.get(draw_id)


def _groups_outside(draw_id: str) -> Iterator[Group]:
    """Groups of the campaign that have not entered."""
    outside = [each for each in draws.participations(draw_id) if not each.has_entered]
    for first in range(0, len(outside), _GROUPS_AT_ONCE):
        batch = outside[first : first + _GROUPS_AT_ONCE]
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


def _tell(draw: Draw, clock: Clock) -> None:
    """The next groups; what is left goes to the next look."""
    told = draws.participations_after(draw.draw_id, draw.told_through, limit=TOLD_AT_ONCE)
    now = clock.now()
    for each in told:
        if each.has_entered:
            groups.tell_drawn(each.group_id, now=now, due_at=after(now, REACTION_SECONDS))
    more = len(told) == TOLD_AT_ONCE
    last = told[-1].group_id if told else draw.told_through
    draws.tell_through(draw, last, due_at=after(now, 1) if more else None)
