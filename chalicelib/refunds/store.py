"""The refunds table: reads, and the writes that move a refund on, each guarded by the state and
attempt it moves from.

What it does to the order's amounts stands in orders/store.py; the verbs put both into one commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.clock import after, from_stored, stored
from chalicelib.kit.due import StreamedRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, PlainMapAttribute, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.refunds.model import (
    ENDED,
    FIRST_LOOK_SECONDS,
    Cause,
    Refund,
    RefundState,
    ReturnShipment,
)

OPERATOR_QUEUE = "waiting"


class RefundRow(StreamedRow):
    """One refund, attributes named as in model.Refund."""

    class Meta:
        table = "refunds"

    refund_id = UnicodeAttribute(hash_key=True)
    order_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    cause = UnicodeAttribute()
    reason = UnicodeAttribute()
    refund_type = UnicodeAttribute()
    amount_fen = NumberAttribute()
    total_fen = NumberAttribute()
    ends_order = BooleanAttribute()
    requested_at = TimeAttribute()
    refund_state = UnicodeAttribute()
    attempt = NumberAttribute()
    looks = NumberAttribute(null=True)
    request_fingerprint = UnicodeAttribute(null=True)
    wechat_refund_id = UnicodeAttribute(null=True)
    settled_at = TimeAttribute(null=True)
    decision_reason = UnicodeAttribute(null=True)
    operator = UnicodeAttribute(null=True)
    return_shipment = PlainMapAttribute(null=True)
    after_settlement = BooleanAttribute(null=True)
    paid_by_hand = BooleanAttribute(null=True)
    evidence_urls: ListAttribute[Any] = ListAttribute(null=True)
    operator_queue = UnicodeAttribute(null=True)


_MODEL_FIELDS = frozenset(Refund.__dataclass_fields__)


def refund_key(refund_id: str) -> Key[RefundRow]:
    return RefundRow.key(refund_id)


def refund_of(row: RefundRow | None) -> Refund | None:
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    given["refund_state"] = RefundState(row.refund_state)
    given["cause"] = Cause(row.cause)
    given["evidence_urls"] = tuple(row.evidence_urls or ())
    given["return_shipment"] = _return_shipment_of(row.return_shipment)
    return Refund(**given)


def _return_shipment_of(sent: Mapping[str, Any] | None) -> ReturnShipment | None:
    if sent is None:
        return None
    return ReturnShipment(**{**sent, "sent_at": from_stored(sent["sent_at"])})


def _return_shipment_stored(sent: ReturnShipment) -> dict[str, Any]:
    return {**asdict(sent), "sent_at": stored(sent.sent_at)}


def find(refund_id: str) -> Refund | None:
    key = refund_key(refund_id)
    return refund_of(reads.read(key).find(key))


def get(refund_id: str) -> Refund:
    """The refund, read consistently. Raises NotFound."""
    refund = find(refund_id)
    if refund is None:
        raise NotFound("There is no such refund.")
    return refund


def read_all(refund_ids: Iterable[str]) -> dict[str, Refund]:
    """These refunds by id; unknown ids are passed over."""
    keys = [refund_key(refund_id) for refund_id in refund_ids]
    found = reads.read(*keys)
    refunds = (refund_of(found.find(key)) for key in keys)
    return {refund.refund_id: refund for refund in refunds if refund is not None}


def erase_personal_data(refund_ids: Iterable[str]) -> None:
    """Take what their member said and showed out of these refunds; what went back stays. Guard:
    each has ended -> Changed; WeChat wants to hear the same of one it is still asked for.
    """
    ended = RefundRow.refund_state.is_in(*(state.value for state in sorted(ENDED)))
    for refund_id in refund_ids:
        writes = WriteSet()
        actions: list[Action] = [RefundRow.reason.set("erased"), RefundRow.evidence_urls.remove()]
        writes.update(refund_key(refund_id), actions, guard=ended)
        writes.commit()


def request(writes: WriteSet, refund: Refund) -> None:
    """Write a new refund: due at once when it waits for nobody, else in the operators' queue.
    Guard: it is new.
    """
    given = {name: value for name, value in asdict(refund).items() if value not in (None, ())}
    if refund.evidence_urls:
        given["evidence_urls"] = list(refund.evidence_urls)
    row = RefundRow(**given)
    if refund.refund_state is RefundState.REQUESTED:
        row.due_shard = due_shard_of(refund.refund_id)
        row.due_at = after(refund.requested_at, FIRST_LOOK_SECONDS)
    else:
        row.operator_queue = OPERATOR_QUEUE
    writes.put(row, guard=RefundRow.refund_id.does_not_exist())


def move(
    writes: WriteSet,
    refund: Refund,
    becomes: RefundState,
    *,
    now: datetime,
    due_at: datetime | None = None,
    waits_for_operator: bool = False,
    wechat_refund_id: str | None = None,
    amount_fen: int | None = None,
    operator: str | None = None,
    decision_reason: str | None = None,
    next_attempt: bool = False,
    ends_order: bool | None = None,
    paid_by_hand: bool | None = None,
) -> None:
    """Move it on. Guards: its state, attempt and return shipment as read. Without `due_at` no sweep
    will look at it again.
    """
    actions: list[Action] = [RefundRow.refund_state.set(becomes.value)]
    if due_at is not None:
        actions += due_then(RefundRow, refund.refund_id, due_at)
        actions.append(RefundRow.looks.set((RefundRow.looks | 0) + 1))
    else:
        actions += not_due(RefundRow)
    if becomes in ENDED:
        actions.append(RefundRow.settled_at.set(now))
    queue = RefundRow.operator_queue
    actions.append(queue.set(OPERATOR_QUEUE) if waits_for_operator else queue.remove())
    optional: list[tuple[Any, Any]] = [
        (RefundRow.wechat_refund_id, wechat_refund_id),
        (RefundRow.amount_fen, amount_fen),
        (RefundRow.operator, operator),
        (RefundRow.decision_reason, decision_reason),
        (RefundRow.ends_order, ends_order),
        (RefundRow.paid_by_hand, paid_by_hand),
    ]
    actions += [attribute.set(value) for attribute, value in optional if value is not None]
    if next_attempt:
        actions.append(RefundRow.attempt.set(refund.attempt + 1))
    writes.update(refund_key(refund.refund_id), actions, guard=_as_read(refund))


def send_back(writes: WriteSet, refund: Refund, sent: ReturnShipment) -> None:
    """Its goods are on their way back: an operator looks at them, and no sweep withdraws it any
    more. Guards: its state, attempt and return shipment as read.
    """
    actions: list[Action] = [
        RefundRow.return_shipment.set(_return_shipment_stored(sent)),
        RefundRow.operator_queue.set(OPERATOR_QUEUE),
        *not_due(RefundRow),
    ]
    writes.update(refund_key(refund.refund_id), actions, guard=_as_read(refund))


def look_again(refund: Refund, *, due_at: datetime) -> None:
    """Nothing new: look again then. Does nothing when somebody moved the refund meanwhile."""
    writes = WriteSet()
    actions = [
        *due_then(RefundRow, refund.refund_id, due_at),
        RefundRow.looks.set((RefundRow.looks | 0) + 1),
    ]
    guard = _as_read(refund)
    if refund.due_at is not None:
        guard &= RefundRow.due_at == stored(refund.due_at)
    writes.update(refund_key(refund.refund_id), actions, guard=guard)
    try:
        writes.commit()
    except Changed:
        return


def finish(refund: Refund) -> None:
    """What follows from the refund's success is done: no sweep need look at it again."""
    writes = WriteSet()
    writes.update(refund_key(refund.refund_id), not_due(RefundRow), guard=_as_read(refund))
    try:
        writes.commit()
    except Changed:
        return


def waiting_page(
    *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Refund], dict[str, Any] | None]:
    """Refunds that wait for an operator, oldest first."""
    items, following = reads.query(
        RefundRow,
        RefundRow.operator_queue == OPERATOR_QUEUE,
        index="awaiting_operator",
        limit=limit,
        start=start,
    )
    by_id = read_all(item["refund_id"]["S"] for item in items)
    return list(by_id.values()), following


def count_waiting() -> int:
    """How many wait for an operator, a hundred at most."""
    return reads.count(
        RefundRow, RefundRow.operator_queue == OPERATOR_QUEUE, index="awaiting_operator"
    )


def _as_read(refund: Refund) -> Condition:
    same: Condition = (RefundRow.refund_state == refund.refund_state.value) & (
        RefundRow.attempt == refund.attempt
    )
    if refund.return_shipment is None:
        same &= RefundRow.return_shipment.does_not_exist()
    else:
        same &= RefundRow.return_shipment == _return_shipment_stored(refund.return_shipment)
    return same
