"""The commissions table: reads, and the writes that move a commission on, each guarded by its
amounts and state as read.

What it does to the upline's balance stands in ledger/store.py; the verbs put both into one commit.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commissions.model import Commission, CommissionState
from chalicelib.kit import reads
from chalicelib.kit.due import StreamedRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, TimeAttribute
from chalicelib.kit.writes import WriteSet


class CommissionRow(StreamedRow):
    """One commission, attributes named as in model.Commission."""

    class Meta:
        table = "commissions"

    commission_id = UnicodeAttribute(hash_key=True)
    order_id = UnicodeAttribute()
    commission_level = NumberAttribute()
    beneficiary_id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    rate_bp = NumberAttribute()
    amount_fen = NumberAttribute()
    reversed_fen = NumberAttribute()
    commission_state = UnicodeAttribute()
    accrued_at = TimeAttribute()
    released_at = TimeAttribute(null=True)
    counted_fen = NumberAttribute(null=True)
    ranked_fen = NumberAttribute(null=True)


_MODEL_FIELDS = frozenset(Commission.__dataclass_fields__)


def commission_key(commission_id: str) -> Key[CommissionRow]:
    return CommissionRow.key(commission_id)


def commission_of(row: CommissionRow | None) -> Commission | None:
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    given["commission_state"] = CommissionState(row.commission_state)
    return Commission(**given)


def get(commission_id: str) -> Commission:
    """The commission, read consistently. Raises NotFound."""
    key = commission_key(commission_id)
    commission = commission_of(reads.read(key).find(key))
    if commission is None:
        raise NotFound("There is no such commission.")
    return commission


def page_of_member(
    member_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Commission], dict[str, Any] | None]:
    """What a member earns, newest first."""
    items, following = reads.query(
        CommissionRow,
        CommissionRow.beneficiary_id == member_id,
        index="by_beneficiary",
        limit=limit,
        start=start,
        backward=True,
    )
    keys = [commission_key(item["commission_id"]["S"]) for item in items]
    found = reads.read(*keys)
    commissions = [commission_of(found.find(key)) for key in keys]
    return [each for each in commissions if each is not None], following


def move(
    writes: WriteSet, before: Commission | None, after: Commission, *, due_at: datetime
) -> None:
    """Write a new commission, or bring one on. Guard: as read. Due until the figures know."""
    if before is None:
        given = {name: value for name, value in asdict(after).items() if value is not None}
        due_shard = due_shard_of(after.commission_id)
        row = CommissionRow(**{**given, "due_shard": due_shard, "due_at": due_at})
        writes.put(row, guard=CommissionRow.commission_id.does_not_exist())
        return
    actions: list[Action] = [
        CommissionRow.reversed_fen.set(after.reversed_fen),
        CommissionRow.commission_state.set(after.commission_state.value),
        *due_then(CommissionRow, after.commission_id, due_at),
    ]
    if after.released_at is not None:
        actions.append(CommissionRow.released_at.set(after.released_at))
    writes.update(commission_key(after.commission_id), actions, guard=_as_read(before))


def mark_counted(writes: WriteSet, commission: Commission) -> None:
    """The figures and boards hold all of it. Guards: as read, and counted as read."""
    actions: list[Action] = [
        CommissionRow.counted_fen.set(commission.earned_fen),
        CommissionRow.ranked_fen.set(commission.released_fen),
        *not_due(CommissionRow),
    ]
    counted_as_read: Condition = CommissionRow.counted_fen.does_not_exist()
    if commission.counted_fen is not None:
        counted_as_read = (CommissionRow.counted_fen == commission.counted_fen) & (
            CommissionRow.ranked_fen == commission.ranked_fen
        )
    guard = _as_read(commission) & counted_as_read
    writes.update(commission_key(commission.commission_id), actions, guard=guard)


def _as_read(commission: Commission) -> Condition:
    same: Condition = (CommissionRow.reversed_fen == commission.reversed_fen) & (
        CommissionRow.commission_state == commission.commission_state.value
    )
    return same
