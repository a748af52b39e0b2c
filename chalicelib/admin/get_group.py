"""Command: a group with its seats, and who sits on each, `{group_id}`. Of a crowd, its shards
instead: how far each is counted, closed and dealt with.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import group_in_brief, seat_answer, shard_answer
from chalicelib.catalog.model import Identifier
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.kit.errors import NotFound
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which group."""

    group_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound."""
    group, seats = groups.find_with_seats(payload.group_id)
    if group is None:
        raise NotFound(f"There is no group {payload.group_id}.")
    (counted,) = crowds.counted([group])
    return {
        **group_in_brief(counted, now=wiring.clock.now()),
        "seats": [seat_answer(seat) for seat in seats],
        "shards": [shard_answer(shard) for shard in crowds.read_shards(group)],
    }
