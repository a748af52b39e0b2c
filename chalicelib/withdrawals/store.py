"""The withdrawals table: reads, and the writes that move a withdrawal on, each guarded by the state
it moves from.

Beside a withdrawal may lie an operator's decision, an item of its own, written by hand: it is read
as whatever it is, and only its result is written here. Balances stand in ledger/store.py; the verbs
put both into one commit.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit import counters, reads
from chalicelib.kit.clock import stored
from chalicelib.kit.days import end_of_day
from chalicelib.kit.due import StreamedRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.withdrawals.errors import AlreadyRequested, DailyLimitReached
from chalicelib.withdrawals.model import (
    BEFORE_SUBMITTING,
    ERASED,
    Withdrawal,
    WithdrawalState,
    fingerprint_of_decision,
)

WITHDRAWAL = "withdrawal"
DECISION = "decision"
OPERATOR_QUEUE = "waiting"
_COUNTERS_KEPT = timedelta(days=40)
_MOST_PAGES_ERASED = 20


class WithdrawalRow(StreamedRow):
    """One withdrawal, attributes named as in model.Withdrawal."""

    class Meta:
        table = "withdrawals"

    withdrawal_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    member_id = UnicodeAttribute()
    app_id = UnicodeAttribute()
    openid = UnicodeAttribute()
    request_fingerprint = UnicodeAttribute()
    gross_fen = NumberAttribute()
    fee_fen = NumberAttribute()
    tax_fen = NumberAttribute()
    net_fen = NumberAttribute()
    tax_regime = UnicodeAttribute()
    names_payee = BooleanAttribute()
    scene_id = UnicodeAttribute()
    scene_report = PlainMapAttribute()
    remark = UnicodeAttribute()
    charged_day = UnicodeAttribute()
    requested_at = TimeAttribute()
    withdrawal_state = UnicodeAttribute()
    looks = NumberAttribute(null=True)
    notify_url = UnicodeAttribute(null=True)
    submitted_at = TimeAttribute(null=True)
    transfer_bill_no = UnicodeAttribute(null=True)
    package_info = UnicodeAttribute(null=True)
    confirmed_at = TimeAttribute(null=True)
    cancel_requested_at = TimeAttribute(null=True)
    settled_at = TimeAttribute(null=True)
    fail_reason = UnicodeAttribute(null=True)
    refusal_code = UnicodeAttribute(null=True)
    operator = UnicodeAttribute(null=True)
    decision_reason = UnicodeAttribute(null=True)
    operator_queue = UnicodeAttribute(null=True)


class DecisionRow(Row):
    """What is written back on an operator's decision: which words were answered, and how."""

    class Meta:
        table = "withdrawals"

    withdrawal_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    decision_result = UnicodeAttribute(null=True)
    answered = UnicodeAttribute(null=True)
    answered_at = TimeAttribute(null=True)


_MODEL_FIELDS = frozenset(Withdrawal.__dataclass_fields__)


def withdrawal_key(withdrawal_id: str) -> Key[WithdrawalRow]:
    return WithdrawalRow.key(withdrawal_id, WITHDRAWAL)


def withdrawal_of(row: WithdrawalRow | None) -> Withdrawal | None:
    if row is None or row.kind != WITHDRAWAL:
        return None
    given = row.given(_MODEL_FIELDS)
    given["withdrawal_state"] = WithdrawalState(row.withdrawal_state)
    return Withdrawal(**given)


def find(withdrawal_id: str) -> Withdrawal | None:
    key = withdrawal_key(withdrawal_id)
    return withdrawal_of(reads.read(key).find(key))


def get(withdrawal_id: str) -> Withdrawal:
    """The withdrawal, read consistently. Raises NotFound."""
    withdrawal = find(withdrawal_id)
    if withdrawal is None:
        raise NotFound("There is no such withdrawal.")
    return withdrawal


def get_own(withdrawal_id: str, member_id: str) -> Withdrawal:
    """The member's withdrawal. Raises NotFound, also for another's."""
    withdrawal = get(withdrawal_id)
    if withdrawal.member_id != member_id:
        raise NotFound("There is no such withdrawal.")
    return withdrawal


def request(writes: WriteSet, withdrawal: Withdrawal, *, due_at: datetime) -> None:
    """Write a new withdrawal, in the operators' queue when it is to be reviewed. Guard: it is new
    -> AlreadyRequested.
    """
    given = {name: value for name, value in asdict(withdrawal).items() if value is not None}
    due_shard = due_shard_of(withdrawal.withdrawal_id)
    row = WithdrawalRow(**{**given, "kind": WITHDRAWAL, "due_shard": due_shard, "due_at": due_at})
    if withdrawal.withdrawal_state is WithdrawalState.REVIEWING:
        row.operator_queue = OPERATOR_QUEUE
    guard = WithdrawalRow.withdrawal_id.does_not_exist()
    writes.put(row, guard=guard, refusal=lambda _row: AlreadyRequested())


def move(
    writes: WriteSet,
    withdrawal: Withdrawal,
    becomes: WithdrawalState,
    *,
    due_at: datetime | None,
    **facts: Any,
) -> None:
    """Bring it on, with what is newly known of it. Guard: as read. Without `due_at` nothing follows
    by itself any more.
    """
    queue = WithdrawalRow.operator_queue
    reviewing = becomes is WithdrawalState.REVIEWING
    same = becomes is withdrawal.withdrawal_state
    actions: list[Action] = [
        WithdrawalRow.withdrawal_state.set(becomes.value),
        WithdrawalRow.looks.set(withdrawal.looks + 1 if same else 0),
        queue.set(OPERATOR_QUEUE) if reviewing else queue.remove(),
    ]
    if due_at is None:
        actions += not_due(WithdrawalRow)
    else:
        actions += due_then(WithdrawalRow, withdrawal.withdrawal_id, due_at)
    actions += [
        getattr(WithdrawalRow, name).set(value)
        for name, value in facts.items()
        if value is not None
    ]
    if becomes not in BEFORE_SUBMITTING and withdrawal.refusal_code is not None:
        actions.append(WithdrawalRow.refusal_code.remove())
    if facts.get("confirmed_at") is not None or due_at is None:
        actions.append(WithdrawalRow.package_info.remove())
    writes.update(withdrawal_key(withdrawal.withdrawal_id), actions, guard=_as_read(withdrawal))


def look_again(withdrawal: Withdrawal, *, due_at: datetime) -> bool:
    """Nothing new: look again then. False when somebody else has looked or moved it meanwhile."""
    writes = WriteSet()
    actions = [
        *due_then(WithdrawalRow, withdrawal.withdrawal_id, due_at),
        WithdrawalRow.looks.set(withdrawal.looks + 1),
    ]
    writes.update(withdrawal_key(withdrawal.withdrawal_id), actions, guard=_as_read(withdrawal))
    return _is_done(writes)


def ask_to_cancel(withdrawal: Withdrawal, *, now: datetime) -> None:
    """Note that the member wants it back, and that it is due. Guard: as read -> Changed."""
    writes = WriteSet()
    actions = [
        WithdrawalRow.cancel_requested_at.set(now),
        *due_then(WithdrawalRow, withdrawal.withdrawal_id, now),
    ]
    writes.update(withdrawal_key(withdrawal.withdrawal_id), actions, guard=_as_read(withdrawal))
    writes.commit()


def rest(withdrawal: Withdrawal) -> None:
    """What follows from its being paid is done; only if it is still due as it was read."""
    if withdrawal.withdrawal_state is not WithdrawalState.PAID or withdrawal.due_at is None:
        return
    writes = WriteSet()
    guard = _as_read(withdrawal) & (WithdrawalRow.due_at == stored(withdrawal.due_at))
    key = withdrawal_key(withdrawal.withdrawal_id)
    writes.update(key, not_due(WithdrawalRow), guard=guard)
    _is_done(writes)


def page_of_member(
    member_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Withdrawal], dict[str, Any] | None]:
    """A member's withdrawals, newest first."""
    items, following = reads.query(
        WithdrawalRow,
        WithdrawalRow.member_id == member_id,
        index="by_member",
        limit=limit,
        start=start,
        backward=True,
    )
    return _read_all(items), following


def erase_personal_data(member_id: str) -> None:
    """Take the person out of their withdrawals; what was paid stays. Those looked at are the
    newest; none of them is open any more.
    """
    start: dict[str, Any] | None = None
    for _ in range(_MOST_PAGES_ERASED):
        page, start = page_of_member(member_id, limit=100, start=start)
        for withdrawal in page:
            writes = WriteSet()
            key = withdrawal_key(withdrawal.withdrawal_id)
            exists = WithdrawalRow.withdrawal_id.exists()
            writes.update(key, [WithdrawalRow.openid.set(ERASED)], guard=exists)
            writes.commit()
        if start is None:
            return


def review_page(
    *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Withdrawal], dict[str, Any] | None]:
    """Withdrawals that wait for an operator, oldest first."""
    items, following = reads.query(
        WithdrawalRow,
        WithdrawalRow.operator_queue == OPERATOR_QUEUE,
        index="review",
        limit=limit,
        start=start,
    )
    return _read_all(items), following


def count_waiting() -> int:
    """How many wait for an operator, a hundred at most."""
    return reads.count(
        WithdrawalRow, WithdrawalRow.operator_queue == OPERATOR_QUEUE, index="review"
    )


def find_decision(withdrawal_id: str) -> dict[str, Any] | None:
    """An operator's decision as it was written by hand: what is text; anything else is None."""
    keys = (DecisionRow.withdrawal_id == withdrawal_id) & (DecisionRow.kind == DECISION)
    items, _ = reads.query(DecisionRow, keys, limit=1)
    if not items:
        return None
    return {name: value.get("S") for name, value in items[0].items()}


def answer_decision(
    withdrawal_id: str, decision: Mapping[str, Any], result: str, *, now: datetime
) -> None:
    """Write on the decision what became of it."""
    writes = WriteSet()
    actions = [
        DecisionRow.decision_result.set(result),
        DecisionRow.answered.set(fingerprint_of_decision(decision)),
        DecisionRow.answered_at.set(now),
    ]
    key = DecisionRow.key(withdrawal_id, DECISION)
    writes.update(key, actions, guard=DecisionRow.withdrawal_id.exists())
    _is_done(writes)


def count_for_day(
    writes: WriteSet, withdrawal: Withdrawal, *, most_fen: int, most_count: int
) -> None:
    """Use up the day's limits. Guards: so much is left of both -> DailyLimitReached."""
    amount_key, count_key = _limit_keys(withdrawal)
    ends_at = _counters_end_at(withdrawal)
    context = {"daily_fen": most_fen, "daily_count": most_count}
    for limit_key, quantity, limit in (
        (amount_key, withdrawal.gross_fen, most_fen),
        (count_key, 1, most_count),
    ):
        counters.count(
            writes,
            limit_key,
            quantity,
            limit=limit,
            ends_at=ends_at,
            refusal=lambda: DailyLimitReached(context=context),
        )


def give_day_back(writes: WriteSet, withdrawal: Withdrawal) -> None:
    """Undo `count_for_day`, on the day it was counted against."""
    amount_key, count_key = _limit_keys(withdrawal)
    ends_at = _counters_end_at(withdrawal)
    counters.give_back(writes, amount_key, withdrawal.gross_fen, ends_at=ends_at)
    counters.give_back(writes, count_key, 1, ends_at=ends_at)


def _limit_keys(withdrawal: Withdrawal) -> tuple[str, str]:
    of_the_day = f"withdrawals#{withdrawal.member_id}#{withdrawal.charged_day}"
    return f"{of_the_day}#fen", f"{of_the_day}#count"


def _counters_end_at(withdrawal: Withdrawal) -> datetime:
    """Long after the day is over: a withdrawal that fails late is still given back."""
    return end_of_day(withdrawal.charged_day) + _COUNTERS_KEPT


def _read_all(items: list[dict[str, Any]]) -> list[Withdrawal]:
    own = [item for item in items if item["kind"]["S"] == WITHDRAWAL]
    keys = [withdrawal_key(item["withdrawal_id"]["S"]) for item in own]
    found = reads.read(*keys)
    withdrawals = (withdrawal_of(found.find(key)) for key in keys)
    return [withdrawal for withdrawal in withdrawals if withdrawal is not None]


def _is_done(writes: WriteSet) -> bool:
    try:
        writes.commit()
    except Changed:
        return False
    return True


def _as_read(withdrawal: Withdrawal) -> Condition:
    """Its state, how often it was looked at, and whether the member wants it back."""
    asked = WithdrawalRow.cancel_requested_at
    same: Condition = (
        (WithdrawalRow.withdrawal_state == withdrawal.withdrawal_state.value)
        & (WithdrawalRow.looks == withdrawal.looks)
        & (
            asked.does_not_exist()
            if withdrawal.cancel_requested_at is None
            else asked == stored(withdrawal.cancel_requested_at)
        )
    )
    return same
