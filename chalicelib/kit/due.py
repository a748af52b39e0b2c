"""Rows on which something is still to happen at a certain time, and finding those whose time
has come.

A row has `due_shard` and `due_at` only while that is so: the index is sparse, and a sweep reads
what is due and nothing else.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.clock import stored
from chalicelib.kit.ids import shard_of
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet

DUE_SHARDS = 8
"""Over how many partitions what is due is spread."""


class DueRow(Row):
    """A row that can be due."""

    due_shard = NumberAttribute(null=True)
    due_at = TimeAttribute(null=True)


class StreamedRow(DueRow):
    """The same of a table with a stream: each write leaves the id of the request that it belongs
    to, so that what follows from it can be told to belong there too.
    """

    correlation_id = UnicodeAttribute(null=True)


def due_shard_of(row_id: str) -> int:
    """In which partition of the index this row is found."""
    return shard_of(row_id, DUE_SHARDS)


def due_then(row: type[DueRow], row_id: str, due_at: datetime) -> list[Action]:
    """Put the row on the list of what is due then."""
    return [row.due_shard.set(due_shard_of(row_id)), row.due_at.set(due_at)]


def not_due(row: type[DueRow]) -> list[Action]:
    """Take the row off the list."""
    return [row.due_shard.remove(), row.due_at.remove()]


def put_off(key: Key[DueRow], until: datetime, *, now: datetime) -> None:
    """Look at it again then; only while it is still due."""
    writes = WriteSet()
    writes.update(key, [key.row.due_at.set(until)], guard=key.row.due_at <= now)
    try:
        writes.commit()
    except Changed:
        return


def due_items(
    row: type[DueRow], before: datetime, *, limit_per_shard: int
) -> Iterator[dict[str, Any]]:
    """Keys of what is due up to `before`, oldest first in each shard, bounded."""
    for shard in range(DUE_SHARDS):
        condition = (row.due_shard == shard) & (row.due_at <= stored(before))
        items, _ = reads.query(row, condition, index="due", limit=limit_per_shard)
        yield from items
