"""Ask for a withdrawal (申请提现): its money is set aside, counted against the day's limits and
split into fee, tax and what is transferred, in one commit.

Calls nobody outside. A small one is approved by itself, and the stream submits it; a larger one
waits for an operator.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.settings import TaxRegime, WithdrawalSettings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.days import day_of
from chalicelib.kit.errors import NotFound
from chalicelib.kit.ids import fingerprint
from chalicelib.kit.reads import read
from chalicelib.kit.tokens import Caller, NotSignedIn
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders.errors import IdempotencyConflict
from chalicelib.orders.model import REACTION_SECONDS
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.breakdown import Breakdown, break_down
from chalicelib.withdrawals.errors import AlreadyRequested, AmountNotAllowed, PayeeRequired
from chalicelib.withdrawals.model import (
    NAME_ALLOWED_FROM_FEN,
    NAME_REQUIRED_FROM_FEN,
    REVIEW_LOOK_SECONDS,
    SMALLEST_TRANSFER_FEN,
    Withdrawal,
    WithdrawalState,
    withdrawal_id_for,
)


@dataclass(frozen=True)
class WithdrawalRequest:
    """Who wants how much, gross, and the key that makes a repeat one."""

    caller: Caller
    idempotency_key: str
    amount_fen: int

    @property
    def withdrawal_id(self) -> str:
        return withdrawal_id_for(self.caller.member_id, self.idempotency_key)

    @property
    def fingerprint(self) -> str:
        return fingerprint({"amount_fen": self.amount_fen})


@dataclass(frozen=True)
class Requested:
    """The withdrawal in its present state, and whether it was there before this request."""

    withdrawal: Withdrawal
    replayed: bool


def request(command: WithdrawalRequest, *, clock: Clock) -> Requested:
    """Raises AmountNotAllowed, PayeeRequired, InsufficientBalance, WithdrawalOpen,
    DailyLimitReached, IdempotencyConflict, NotSignedIn, AccountBlocked.
    """
    member_id = command.caller.member_id
    withdrawal_key = withdrawals.withdrawal_key(command.withdrawal_id)
    member_key, payee_key = members.profile_key(member_id), members.payee_key(member_id)
    found = read(withdrawal_key, member_key, payee_key, catalog.settings_key())
    before = _replay(withdrawals.withdrawal_of(found.find(withdrawal_key)), command)
    if before is not None:
        return before
    member = members.member_of(found.find(member_key))
    settings = catalog.settings_of(found.find(catalog.settings_key())).withdrawal
    parts = break_down(command.amount_fen, settings)
    _refuse_amount(parts, settings)
    needs_payee = _needs_payee(parts, settings)
    if needs_payee and found.find(payee_key) is None:
        raise PayeeRequired()

    now = clock.now()
    withdrawal = _draft(command, member, parts, settings, needs_payee=needs_payee, now=now)
    writes = WriteSet()
    reviewing = withdrawal.withdrawal_state is WithdrawalState.REVIEWING
    due_at = after(now, REVIEW_LOOK_SECONDS if reviewing else REACTION_SECONDS)
    withdrawals.request(writes, withdrawal, due_at=due_at)  # guard: new -> AlreadyRequested
    standing.must_take_part(writes, member_id)  # guards: -> NotSignedIn, AccountBlocked
    reserved = recipes.withdrawal_reserved(
        member_id, withdrawal.withdrawal_id, parts.gross_fen, now=now
    )
    # guards: available, none under way -> WithdrawalOpen, InsufficientBalance
    ledger.reserve(writes, member_id, reserved, withdrawal.withdrawal_id)
    withdrawals.count_for_day(  # guards: left of the day's limits -> DailyLimitReached
        writes, withdrawal, most_fen=settings.daily_fen, most_count=settings.daily_count
    )
    try:
        writes.commit()
    except AlreadyRequested:
        return _read_again(command)
    return Requested(withdrawal, replayed=False)


def _replay(withdrawal: Withdrawal | None, command: WithdrawalRequest) -> Requested | None:
    if withdrawal is None:
        return None
    if withdrawal.request_fingerprint != command.fingerprint:
        raise IdempotencyConflict()
    return Requested(withdrawal, replayed=True)


def _read_again(command: WithdrawalRequest) -> Requested:
    """What another request under the same key asked for while this one ran."""
    requested = _replay(withdrawals.get(command.withdrawal_id), command)
    if requested is None:
        raise NotFound()
    return requested


def _refuse_amount(parts: Breakdown, settings: WithdrawalSettings) -> None:
    within = settings.minimum_fen <= parts.gross_fen <= settings.maximum_fen
    if not within or parts.net_fen < SMALLEST_TRANSFER_FEN:
        context = {"minimum_fen": settings.minimum_fen, "maximum_fen": settings.maximum_fen}
        raise AmountNotAllowed(context=context)


def _needs_payee(parts: Breakdown, settings: WithdrawalSettings) -> bool:
    """Where the tax office, WeChat or the shop's own setting wants to know who is paid."""
    return (
        settings.tax_regime is not TaxRegime.NONE
        or parts.gross_fen >= settings.payee_from_fen
        or parts.net_fen >= NAME_REQUIRED_FROM_FEN
    )


def _draft(
    command: WithdrawalRequest,
    member: Member | None,
    parts: Breakdown,
    settings: WithdrawalSettings,
    *,
    needs_payee: bool,
    now: datetime,
) -> Withdrawal:
    """Everything that must not change later, fixed. Raises NotSignedIn when the member has no
    identity in the app they came through.
    """
    openid = member.openid_for(command.caller.app_id) if member is not None else None
    if openid is None:
        raise NotSignedIn("Sign in through this app first.")
    to_review = parts.gross_fen > settings.review_above_fen
    return Withdrawal(
        withdrawal_id=command.withdrawal_id,
        member_id=command.caller.member_id,
        app_id=command.caller.app_id,
        openid=openid,
        request_fingerprint=command.fingerprint,
        gross_fen=parts.gross_fen,
        fee_fen=parts.fee_fen,
        tax_fen=parts.tax_fen,
        net_fen=parts.net_fen,
        tax_regime=settings.tax_regime.value,
        names_payee=needs_payee and parts.net_fen >= NAME_ALLOWED_FROM_FEN,
        scene_id=settings.scene_id,
        scene_report=dict(settings.scene_report),
        remark=settings.remark,
        charged_day=day_of(now),
        requested_at=now,
        withdrawal_state=WithdrawalState.REVIEWING if to_review else WithdrawalState.APPROVED,
    )
