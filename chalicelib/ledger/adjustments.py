"""Adjustments in the table `ledger`: one item each, under a key of its own, never deleted. What is
confirmed is booked under its member, as any transfer is.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit import reads
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger.model import Adjustment, AdjustmentState

ADJUSTMENT = "adjustment"
OPERATOR_QUEUE = "waiting"
_ACCOUNT = f"{ADJUSTMENT}:"


class AdjustmentRow(Row):
    """What was asked for, by whom, and what became of it."""

    class Meta:
        table = "ledger"

    account_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    adjustment_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    amount_fen = NumberAttribute()
    asked_by = UnicodeAttribute()
    reason = UnicodeAttribute()
    requested_at = TimeAttribute()
    adjustment_state = UnicodeAttribute()
    decided_by = UnicodeAttribute(null=True)
    decision_reason = UnicodeAttribute(null=True)
    decided_at = TimeAttribute(null=True)
    operator_queue = UnicodeAttribute(null=True)


_MODEL_FIELDS = frozenset(Adjustment.__dataclass_fields__)


def adjustment_key(adjustment_id: str) -> Key[AdjustmentRow]:
    return AdjustmentRow.key(_ACCOUNT + adjustment_id, ADJUSTMENT)


def adjustment_of(row: AdjustmentRow | None) -> Adjustment | None:
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    given["amount_fen"] = int(row.amount_fen)
    given["adjustment_state"] = AdjustmentState(row.adjustment_state)
    return Adjustment(**given)


def get(adjustment_id: str) -> Adjustment:
    """The adjustment, read consistently. Raises NotFound."""
    key = adjustment_key(adjustment_id)
    adjustment = adjustment_of(reads.read(key).find(key))
    if adjustment is None:
        raise NotFound("There is no such adjustment.")
    return adjustment


def ask(writes: WriteSet, adjustment: Adjustment) -> None:
    """Write a new one, in the operators' queue. Guard: it is new -> Changed."""
    given = {name: value for name, value in asdict(adjustment).items() if value is not None}
    key = adjustment_key(adjustment.adjustment_id)
    row = AdjustmentRow(
        account_id=key.hash_value, entry=ADJUSTMENT, operator_queue=OPERATOR_QUEUE, **given
    )
    writes.put(row, guard=AdjustmentRow.account_id.does_not_exist())


def decide(
    writes: WriteSet,
    adjustment: Adjustment,
    becomes: AdjustmentState,
    *,
    operator: str,
    reason: str,
    now: datetime,
) -> None:
    """Confirm or reject it, once. Guard: it is pending -> Changed."""
    row = AdjustmentRow
    writes.update(
        adjustment_key(adjustment.adjustment_id),
        [
            row.adjustment_state.set(becomes.value),
            row.decided_by.set(operator),
            row.decision_reason.set(reason),
            row.decided_at.set(now),
            row.operator_queue.remove(),
        ],
        guard=row.adjustment_state == AdjustmentState.PENDING.value,
    )


def waiting_page(
    *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Adjustment], dict[str, Any] | None]:
    """Those that wait for a second operator, oldest first."""
    items, following = reads.query(
        AdjustmentRow,
        AdjustmentRow.operator_queue == OPERATOR_QUEUE,
        index="review",
        limit=limit,
        start=start,
    )
    ids = (item["account_id"]["S"].removeprefix(_ACCOUNT) for item in items)
    return _read_all(ids), following


def _read_all(adjustment_ids: Iterable[str]) -> list[Adjustment]:
    """As they are now, in this order: those that were decided meanwhile are left out."""
    keys = [adjustment_key(adjustment_id) for adjustment_id in adjustment_ids]
    found = reads.read(*keys)
    there = (adjustment_of(found.find(key)) for key in keys)
    return [
        adjustment
        for adjustment in there
        if adjustment is not None and adjustment.adjustment_state is AdjustmentState.PENDING
    ]
