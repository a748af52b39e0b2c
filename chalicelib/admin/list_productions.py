"""Command: what merchants were asked to make, `{status?, since?, cursor?, limit?}`; since: asked
then or later.

What nobody has answered, which is listed when no status is given, comes from its index, oldest
first; what was accepted or rejected in no order.
"""

from typing import Any

from chalicelib.admin.lists import ListCommand, walk
from chalicelib.admin.shapes import production_in_full
from chalicelib.groups import productions
from chalicelib.groups.model import Group, Production
from chalicelib.groups.store import GROUP, GroupRow, group_of
from chalicelib.kit.paging import from_cursor, page
from chalicelib.wiring import Wiring

_CURSOR_NAMES = frozenset({"production_queue", "production_requested_at", "group_id", "kind"})


class Payload(ListCommand):
    """Which of them."""

    status: Production = Production.REQUESTED


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    is_open = payload.status is Production.REQUESTED
    found, following = _open(payload) if is_open else _answered(payload)
    return page([production_in_full(group) for group in found], following)


def _open(payload: Payload) -> tuple[list[Group], dict[str, Any] | None]:
    start = from_cursor(
        payload.cursor, names=_CURSOR_NAMES, fixed={"production_queue": productions.QUEUE}
    )
    found, following = productions.page_of_open(limit=payload.limit, start=start)
    return [group for group in found if _fits(group, payload)], following


def _answered(payload: Payload) -> tuple[list[Group], dict[str, Any] | None]:
    """A crowd once, whatever its shards."""

    def pick(row: GroupRow) -> Group | None:
        group = group_of(row) if row.kind == GROUP else None
        if group is None or group.crowd_id is not None:
            return None
        return group if _fits(group, payload) else None

    return walk(GroupRow, pick, limit=payload.limit, cursor=payload.cursor)


def _fits(group: Group, payload: Payload) -> bool:
    if group.production is not payload.status or group.production_requested_at is None:
        return False
    return payload.since is None or group.production_requested_at >= payload.since
