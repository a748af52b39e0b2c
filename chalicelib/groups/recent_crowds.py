"""Crowds with what their shards have counted, from two seconds' memory, for what only tells and
shows: thousands may look at one while thousands come to it.

Whoever lets somebody in or decides a crowd goes by what is there, in a guard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.groups import crowds
from chalicelib.groups.model import Group
from chalicelib.kit.cache import ShortMemory

_counted: ShortMemory[Mapping[str, Group]] = ShortMemory(seconds=2, most=256)
"""By the ids that were looked for together."""


def recent_crowd(group_id: str, *, now: datetime) -> Group | None:
    """That crowd, if somebody has just looked at it."""
    kept = _counted.get((group_id,), lambda: None, now=now)
    return kept[group_id] if kept is not None else None


def with_heads(found: Sequence[Group], *, now: datetime) -> list[Group]:
    """These groups, in this order, crowds with their heads; one read for all of them at most."""
    its_crowds = [group for group in found if group.is_crowd]
    if not its_crowds:
        return list(found)
    ids = tuple(crowd.group_id for crowd in its_crowds)
    counted = _counted.get(ids, lambda: _count(its_crowds), now=now) or {}
    return [_with(group, counted.get(group.group_id, group)) for group in found]


def forget_crowds() -> None:
    """Remember none: for tests that start over in one process."""
    _counted.forget()


def _count(its_crowds: Sequence[Group]) -> Mapping[str, Group]:
    return {crowd.group_id: crowd for crowd in crowds.counted(its_crowds)}


def _with(group: Group, counted: Group) -> Group:
    """One that is decided meanwhile counts for itself."""
    if group.group_state is not counted.group_state:
        return group
    return replace(group, held_count=counted.held_count, paid_count=counted.paid_count)
