"""What the end of a group's time writes: called early, settled, its crowd's shards closed and
decided, how far its orders are dealt with.

Only adds guarded writes, or makes one commit of them; settle.py, settle_crowd.py and deal.py
decide.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.groups.model import Group, GroupState
from chalicelib.groups.store import GroupRow, ended, group_key, in_group_state
from chalicelib.kit.due import due_then, not_due
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.model import WhenShort


def settle(
    writes: WriteSet, group: Group, becomes: GroupState, *, now: datetime, due_at: datetime
) -> None:
    """Time has run out. Guards: forming, no seat held, as many paid as were read."""
    writes.update(
        group_key(group.group_id),
        ended(group.group_id, becomes, now=now, due_at=due_at),
        guard=in_group_state(GroupState.FORMING)
        & (GroupRow.held_count == 0)
        & (GroupRow.paid_count == group.paid_count),
    )


def call_time(group: Group, *, now: datetime, refusal: Callable[[Any], Exception]) -> None:
    """End the group's time now, to be refunded: nobody can join from here on. Guard: forming."""
    writes = WriteSet()
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.expires_at.set(now),
            GroupRow.when_short.set(WhenShort.REFUND.value),
            *due_then(GroupRow, group.group_id, now),
        ],
        guard=in_group_state(GroupState.FORMING),
        refusal=refusal,
    )
    writes.commit()


def await_draw(group_id: str) -> None:
    """It has entered its campaign's draw, which will tell it: nothing is due until then. Guards:
    complete, not told yet -> Changed.
    """
    writes = WriteSet()
    guard = in_group_state(GroupState.COMPLETE) & GroupRow.drawn_at.does_not_exist()
    writes.update(group_key(group_id), not_due(GroupRow), guard=guard)
    writes.commit()


def close_shard(shard_id: str) -> None:
    """Let nobody come to this shard any more. Guards: forming, and no seat held -> Changed."""
    writes = WriteSet()
    writes.update(
        group_key(shard_id),
        [GroupRow.group_state.set(GroupState.CLOSED.value)],
        guard=in_group_state(GroupState.FORMING) & (GroupRow.held_count == 0),
    )
    writes.commit()


def decide_crowd(
    crowd: Group,
    shards: Sequence[Group],
    becomes: GroupState,
    *,
    now: datetime,
    due_at: datetime,
    asks_production: bool = False,
) -> None:
    """All shards are closed and summed: the crowd is decided, and every shard with it. Guards: the
    crowd still forming, on the terms that were read, and each shard closed -> Changed.
    `asks_production`: the crowd is to ask its merchant first, so that its shards wait.
    """
    headcount = sum(shard.paid_count for shard in shards)
    writes = WriteSet()
    terms = (GroupRow.when_short == crowd.when_short.value) & (
        GroupRow.minimum_payers == crowd.minimum_payers
    )
    writes.update(
        group_key(crowd.group_id),
        [
            GroupRow.group_state.set(becomes.value),
            GroupRow.paid_count.set(headcount),
            GroupRow.settled_at.set(now),
            GroupRow.joinable_campaign_id.remove(),
            *(due_then(GroupRow, crowd.group_id, due_at) if asks_production else not_due(GroupRow)),
        ],
        guard=in_group_state(GroupState.FORMING) & terms,
    )
    for shard in shards:
        actions: list[Action] = [
            GroupRow.group_state.set(becomes.value),
            GroupRow.headcount.set(headcount),
            GroupRow.settled_at.set(now),
        ]
        actions += [] if asks_production else due_then(GroupRow, shard.group_id, due_at)
        guard = in_group_state(GroupState.CLOSED)
        writes.update(group_key(shard.group_id), actions, guard=guard)
    writes.commit()


def note_dealt(shard: Group, through: str, units: int, *, stuck: bool) -> None:
    """So many more of a shard's seats are dealt with, and there are more. `stuck`: some of these
    could not be. Guard: as far as was read -> Changed.
    """
    actions: list[Action] = [
        GroupRow.dealt_through.set(through),
        GroupRow.dealt_units.set((GroupRow.dealt_units | 0) + units),
    ]
    if stuck:
        actions.append(GroupRow.dealt_stuck.set(True))
    _move_on(shard, actions)


def deal_again(shard: Group) -> None:
    """Some of a shard's seats could not be dealt with: it begins anew, those that were pass by.
    Guard: as far as was read -> Changed.
    """
    if shard.dealt_through is None:
        return
    actions: list[Action] = [
        GroupRow.dealt_through.remove(),
        GroupRow.dealt_units.set(0),
        GroupRow.dealt_stuck.set(False),
    ]
    _move_on(shard, actions)


def _move_on(shard: Group, actions: list[Action]) -> None:
    guard = in_group_state(shard.group_state)
    if shard.dealt_through is None:
        guard &= GroupRow.dealt_through.does_not_exist()
    else:
        guard &= GroupRow.dealt_through == shard.dealt_through
    writes = WriteSet()
    writes.update(group_key(shard.group_id), actions, guard=guard)
    writes.commit()
