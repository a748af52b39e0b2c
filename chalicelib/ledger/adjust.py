"""Put a member's balance right by hand (调账): one operator asks, another confirms, and only the
confirmation books anything, in the commit that says who gave it.

What is taken is never more than what is available: only a refund makes a debt.
"""

from dataclasses import dataclass

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import adjustments, recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.model import Adjustment, AdjustmentState
from chalicelib.members import store as members
from chalicelib.orders.errors import IdempotencyConflict


@dataclass(frozen=True)
class Decided:
    """The adjustment as it is then (in a dry run: as it is), and whether this changes anything."""

    adjustment: Adjustment
    changes: bool


@dataclass(frozen=True)
class Decision:
    """A second operator's word on one."""

    adjustment_id: str
    confirm: bool
    operator: str
    reason: str


def ask(wanted: Adjustment, *, dry_run: bool) -> Decided:
    """Write down what is to be put right; nothing is booked. Raises NotFound for who is not there,
    InsufficientBalance, IdempotencyConflict.
    """
    return until_settled(lambda: _ask(wanted, dry_run))


def decide(decision: Decision, *, clock: Clock, dry_run: bool) -> Decided:
    """Book it, or let it go. Raises NotAllowed when whoever asked for it confirms it, or it was
    decided otherwise, InsufficientBalance, NotFound.
    """
    return until_settled(lambda: _decide(decision, clock, dry_run))


def _ask(wanted: Adjustment, dry_run: bool) -> Decided:
    key = adjustments.adjustment_key(wanted.adjustment_id)
    member_key = members.profile_key(wanted.member_id)
    balance_key = ledger.balance_key(wanted.member_id)
    found = read(key, member_key, balance_key)
    before = adjustments.adjustment_of(found.find(key))
    if before is not None:
        if not before.is_same_request(wanted):
            raise IdempotencyConflict()
        return Decided(before, changes=False)
    if not members.is_staying(found.find(member_key)):
        raise _nobody(wanted.member_id)
    refusal = ledger.refusal_to_correct(found.find(balance_key), wanted.amount_fen)
    if refusal is not None:
        raise refusal
    if not dry_run:
        writes = WriteSet()
        adjustments.ask(writes, wanted)  # guard: new -> read again
        # guard: not leaving -> NotFound
        members.must_stay(writes, wanted.member_id, refusal=lambda _row: _nobody(wanted.member_id))
        writes.commit()
    return Decided(wanted, changes=True)


def _nobody(member_id: str) -> NotFound:
    return NotFound(f"There is no member {member_id}.")


def _decide(decision: Decision, clock: Clock, dry_run: bool) -> Decided:
    adjustment = adjustments.get(decision.adjustment_id)
    becomes = AdjustmentState.CONFIRMED if decision.confirm else AdjustmentState.REJECTED
    if adjustment.adjustment_state is becomes:
        return Decided(adjustment, changes=False)
    if adjustment.adjustment_state is not AdjustmentState.PENDING:
        raise NotAllowed(f"It is {adjustment.adjustment_state.value} already.")
    if decision.confirm:
        _refuse_confirming(adjustment, decision.operator)
    if dry_run:
        return Decided(adjustment, changes=True)
    now = clock.now()
    writes = WriteSet()
    adjustments.decide(  # guard: pending -> read again
        writes,
        adjustment,
        becomes,
        operator=decision.operator,
        reason=decision.reason,
        now=now,
    )
    if decision.confirm:
        transfer = recipes.correction(
            adjustment.member_id, adjustment.adjustment_id, adjustment.amount_fen, now=now
        )
        # guards: the account is open, so much is available -> NotFound, InsufficientBalance
        ledger.correct(writes, adjustment.member_id, transfer, adjustment.amount_fen)
    writes.commit()
    return Decided(adjustments.get(decision.adjustment_id), changes=True)


def _refuse_confirming(adjustment: Adjustment, operator: str) -> None:
    """Two pairs of eyes; and what the booking's guard would refuse, told beforehand."""
    if adjustment.is_asked_by(operator):
        raise NotAllowed("Somebody else than who asked for it has to confirm it.")
    balance_key = ledger.balance_key(adjustment.member_id)
    refusal = ledger.refusal_to_correct(read(balance_key).find(balance_key), adjustment.amount_fen)
    if refusal is not None:
        raise refusal
