"""Counters with a limit and an end, in the limits table: so much per member and campaign, or per
member and day.

Counting is guarded in the write; giving back happens in the commit that moves its cause on, so
that it happens once.
"""

from collections.abc import Callable
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit.clock import epoch_seconds
from chalicelib.kit.tables import Key, Row
from chalicelib.kit.writes import WriteSet


class LimitRow(Row):
    """How much of one limit is used up."""

    class Meta:
        table = "limits"

    limit_key = UnicodeAttribute(hash_key=True)
    used = NumberAttribute(null=True)
    expires_epoch_seconds = NumberAttribute(null=True)


def limit_row_key(limit_key: str) -> Key[LimitRow]:
    return LimitRow.key(limit_key)


def count(
    writes: WriteSet,
    limit_key: str,
    quantity: int,
    *,
    limit: int,
    ends_at: datetime,
    refusal: Callable[[], Exception],
) -> None:
    """Use up `quantity` of `limit`. Guard: that much is left. The counter may vanish after
    `ends_at`.
    """
    if quantity > limit:
        raise refusal()
    used, ends = LimitRow.used, LimitRow.expires_epoch_seconds
    writes.update(
        limit_row_key(limit_key),
        [used.set((used | 0) + quantity), ends.set(epoch_seconds(ends_at))],
        guard=used.does_not_exist() | (used <= limit - quantity),
        refusal=lambda _row: refusal(),
    )


def give_back(writes: WriteSet, limit_key: str, quantity: int, *, ends_at: datetime) -> None:
    """Undo a `count`. A counter that has vanished meanwhile comes back at zero and vanishes
    again.
    """
    used, ends = LimitRow.used, LimitRow.expires_epoch_seconds
    writes.update(
        limit_row_key(limit_key),
        [used.set((used | quantity) - quantity), ends.set(ends | epoch_seconds(ends_at))],
    )
