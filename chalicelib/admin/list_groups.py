"""Command: groups, in no order, `{status?, since?, cursor?, limit?}`; since: opened then or
later. A crowd is one of them, its shards are not.
"""

from typing import Any

from chalicelib.admin.lists import ListCommand, walk
from chalicelib.admin.shapes import group_in_brief
from chalicelib.groups import crowds
from chalicelib.groups.model import Group, GroupState
from chalicelib.groups.store import GROUP, GroupRow, group_of
from chalicelib.kit.paging import page
from chalicelib.wiring import Wiring


class Payload(ListCommand):
    """Which groups."""

    status: GroupState | None = None


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    def pick(row: GroupRow) -> Group | None:
        group = group_of(row) if row.kind == GROUP else None
        return group if group is not None and _fits(group, payload) else None

    found, following = walk(GroupRow, pick, limit=payload.limit, cursor=payload.cursor)
    now = wiring.clock.now()
    return page([group_in_brief(group, now=now) for group in crowds.counted(found)], following)


def _fits(group: Group, payload: Payload) -> bool:
    if group.crowd_id is not None:
        return False
    if payload.status is not None and group.group_state is not payload.status:
        return False
    return payload.since is None or group.opened_at >= payload.since
