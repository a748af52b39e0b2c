"""Requests to make what a complete group has ordered (定制生产): asked of the merchant, decided by
them.

Only makes guarded commits; ask_production.py asks and decide_production.py decides. A crowd asks
once, and all its shards hear of the answer in the same commit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.groups.model import Group, GroupState, Production
from chalicelib.groups.store import GroupRow, group_key, group_of, in_group_state
from chalicelib.kit import reads
from chalicelib.kit.due import due_then, not_due
from chalicelib.kit.writes import WriteSet

QUEUE = "open"


def ask(group: Group, *, now: datetime, due_at: datetime) -> None:
    """The merchant is to say whether it is made. Guards: complete, and not asked yet -> Changed.
    `due_at`: until when they may answer.
    """
    writes = WriteSet()
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.production.set(Production.REQUESTED.value),
            GroupRow.production_queue.set(QUEUE),
            GroupRow.production_requested_at.set(now),
            *due_then(GroupRow, group.group_id, due_at),
        ],
        guard=in_group_state(GroupState.COMPLETE) & GroupRow.production.does_not_exist(),
    )
    writes.commit()


def decide(
    group: Group,
    becomes: Production,
    *,
    decided_by: str,
    ships_by: datetime | None,
    due_at: datetime,
) -> None:
    """The merchant has answered. Guard: asked, and not answered yet -> Changed. A sweep deals with
    its orders at `due_at`, should no stream tell.
    """
    said: list[Action] = [
        GroupRow.production.set(becomes.value),
        GroupRow.production_decided_by.set(decided_by),
    ]
    if ships_by is not None:
        said.append(GroupRow.ships_by.set(ships_by))
    due = not_due(GroupRow) if group.is_crowd else due_then(GroupRow, group.group_id, due_at)
    writes = WriteSet()
    writes.update(
        group_key(group.group_id),
        [*said, GroupRow.production_queue.remove(), *due],
        guard=in_group_state(GroupState.COMPLETE)
        & (GroupRow.production == Production.REQUESTED.value),
    )
    for shard_id in group.shard_ids:
        writes.update(
            group_key(shard_id),
            [*said, *due_then(GroupRow, shard_id, due_at)],
            guard=in_group_state(GroupState.COMPLETE) & GroupRow.production.does_not_exist(),
        )
    writes.commit()


def page_of_open(
    *, limit: int, start: dict[str, Any] | None
) -> tuple[Sequence[Group], dict[str, Any] | None]:
    """Requests that nobody has answered, oldest first."""
    items, following = reads.query(
        GroupRow,
        GroupRow.production_queue == QUEUE,
        index="production",
        limit=limit,
        start=start,
    )
    keys = [group_key(item["group_id"]["S"]) for item in items]
    found = reads.read(*keys)
    groups = [group_of(found.find(key)) for key in keys]
    is_open = Production.REQUESTED  # the index may not know of an answer yet
    return [one for one in groups if one is not None and one.production is is_open], following
