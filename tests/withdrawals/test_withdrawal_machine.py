"""A member's withdrawals as a machine: asked for, decided, sent, confirmed, taken back and told of
late, twice and in any order, with debts that come up meanwhile. Money is theirs, on its way or
paid, never two of these, and WeChat's word alone says which.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.catalog.put_settings import put_settings
from chalicelib.catalog.settings import WithdrawalSettings
from chalicelib.gateways.wechat_pay import RefusedByWechat, WechatPayOff
from chalicelib.gateways.wechat_transfers import TransferReport, TransferRequest
from chalicelib.kit.counters import LimitRow
from chalicelib.kit.errors import NotAllowed, Refusal, WechatUnavailable
from chalicelib.kit.tokens import Caller
from chalicelib.ledger import store as ledger
from chalicelib.ledger.store import LedgerRow, balance_of
from chalicelib.ledger.transfers import Account, Balance, member_account
from chalicelib.withdrawals.breakdown import break_down
from chalicelib.withdrawals.cancel import cancel, cancel_at_wechat
from chalicelib.withdrawals.decide import Decision, decide
from chalicelib.withdrawals.follow_up import follow_up
from chalicelib.withdrawals.model import (
    BEFORE_SUBMITTING,
    OPEN,
    SMALLEST_TRANSFER_FEN,
    WithdrawalState,
)
from chalicelib.withdrawals.request import WithdrawalRequest, request
from chalicelib.withdrawals.resolve import Resolution, resolve
from chalicelib.withdrawals.settle import settle
from chalicelib.withdrawals.store import WithdrawalRow, withdrawal_key, withdrawal_of
from chalicelib.withdrawals.submit import submit
from tests.in_memory import InMemory
from tests.machines import BEHIND, STEPS, Arrows, RowsMachine, memory, run
from tests.money import claws_back, earns, transfer_of
from tests.trades import APP_ID, sign_up

__all__ = ["memory"]

LIN = "mem_lin"
TERMS = {
    "minimum_fen": 11,
    "maximum_fen": 3_000,
    "daily_fen": 6_000,
    "daily_count": 4,
    "review_above_fen": 1_000,
}
DAY_SECONDS = 24 * 3600

S = WithdrawalState
BACK = {S.REJECTED, S.FAILED, S.CANCELLED}
ARROWS = Arrows(
    WithdrawalRow,
    "withdrawal_state",
    first={S.REVIEWING, S.APPROVED},
    then={
        S.REVIEWING: {S.APPROVED, *BACK, S.SUBMITTED, S.CONFIRMING, S.PAID},
        S.APPROVED: {S.REVIEWING, *BACK, S.SUBMITTED, S.CONFIRMING, S.PAID},
        S.SUBMITTED: {S.REVIEWING, S.CONFIRMING, S.PAID, S.FAILED, S.CANCELLED},
        S.CONFIRMING: {S.SUBMITTED, S.PAID, S.FAILED, S.CANCELLED},
    },
)
"""What WeChat says of one that is open is believed wherever it stands: only the ends have no way
out, and `rejected` is reached only from where WeChat has not been asked.
"""
WECHATS_ARROWS = {
    "ACCEPTED": ("WAIT_USER_CONFIRM", "WAIT_USER_CONFIRM", "FAIL"),
    "WAIT_USER_CONFIRM": ("TRANSFERING", "FAIL"),
    "TRANSFERING": ("SUCCESS", "SUCCESS", "FAIL"),
    "CANCELING": ("CANCELLED",),
}


@dataclass
class Bill:
    """One transfer at WeChat: what was asked for, everything it ever was, and since when."""

    amount_fen: int
    openid: str
    said: list[tuple[str, int]] = field(default_factory=list)

    @property
    def now(self) -> str:
        return self.said[-1][0]


class TransfersAtWechat(WechatPayOff):
    """WeChat's side. `mood` is what the next calls meet: nothing, an answer that is lost, silence
    before anything is done, or a definite no.
    """

    def __init__(self, memory: InMemory) -> None:
        super().__init__(missing=())
        self._memory = memory
        self.bills: dict[str, Bill] = {}
        self.mood = ""

    def says(self, bill_no: str, state: str) -> None:
        self.bills[bill_no].said.append((state, self._memory.commit_count))

    def report(self, bill_no: str, which: int = -1) -> TransferReport:
        bill = self.bills[bill_no]
        state: Any = bill.said[which][0]
        package = f"package-{bill_no}" if state == "WAIT_USER_CONFIRM" else None
        return TransferReport(bill_no, f"wx{bill_no}", state, bill.amount_fen, bill.openid, package)

    def transfer(self, request: TransferRequest) -> TransferReport:
        """Only what stands as sent may be sent: nobody may then give the money back."""
        self._memory.catch_up()
        self._may_be_silent("silent")
        bill_no = request.out_bill_no
        row = self._memory.row(withdrawal_key(bill_no))
        known = self.bills.get(bill_no)
        if self.mood == "refuses":  # which says nothing of what stands under the number
            raise RefusedByWechat("NOT_ENOUGH", "", 403)
        if known is None:
            assert row.withdrawal_state in ("submitted", "confirming"), (
                "sent, and may be given back"
            )
            self.bills[bill_no] = Bill(request.amount_fen, request.openid)
            self.says(bill_no, "ACCEPTED")
        else:
            assert (known.amount_fen, known.openid) == (request.amount_fen, request.openid)
        self._may_be_silent("loses")
        return self.report(bill_no)

    def query_transfer(self, out_bill_no: str) -> TransferReport | None:
        self._memory.catch_up()
        self._may_be_silent("silent")
        return self.report(out_bill_no) if out_bill_no in self.bills else None

    def cancel_transfer(self, out_bill_no: str) -> TransferReport:
        self._memory.catch_up()
        self._may_be_silent("silent")
        bill = self.bills.get(out_bill_no)
        if bill is None or bill.now in ("TRANSFERING", "SUCCESS", "FAIL"):
            raise RefusedByWechat("INVALID_REQUEST", "", 400)
        if bill.now in ("ACCEPTED", "WAIT_USER_CONFIRM"):
            self.says(out_bill_no, "CANCELING")
        self._may_be_silent("loses")
        return self.report(out_bill_no)

    def _may_be_silent(self, mood: str) -> None:
        if self.mood == mood:
            raise WechatUnavailable()


class WithdrawalMachine(RowsMachine):
    """One member, who has earned something."""

    arrows = (ARROWS,)

    @initialize(
        fee_bp=st.sampled_from((0, 37, 600)),
        asks_fen=st.sampled_from((11, 1_000, 1_001, 3_000)),
        stage=st.sampled_from((0, 1, 2, 3, 4, 5)),
        is_refused=st.sampled_from((False, False, True)),
    )
    def has_earned(self, fee_bp: int, asks_fen: int, stage: int, is_refused: bool) -> None:
        self.wechat = TransfersAtWechat(self.memory)
        self.begins(fee_bp, prepare=lambda: self.was_signed_up(fee_bp))
        self.terms = WithdrawalSettings.model_validate({**TERMS, "fee_bp": fee_bp})
        self.earned_fen = 0
        self.somebody_buys(5_000)
        if stage > 0:
            self.asks(asks_fen, "a", 0)
            self.goes_well(min(stage, 2) if is_refused else stage, is_refused=is_refused)

    def goes_well(self, stage: int, *, is_refused: bool) -> None:
        """So far an ordinary life; or one that WeChat would not take, and an operator sees."""
        if stage > 1:
            self.an_operator_decides(0, True, 0)
            self.wechat.mood = "refuses" if is_refused else ""
            self.the_stream_submits_it(0, 0)
            self.wechat.mood = ""
        for _ in range(stage - 2):
            self.wechat_goes_on(0, 0, tells=True)

    def was_signed_up(self, fee_bp: int) -> None:
        sign_up(LIN)
        put_settings({"withdrawal": {**TERMS, "fee_bp": fee_bp}})

    def pick(self, which: int, *states: WithdrawalState) -> WithdrawalRow:
        rows = self.memory.rows(WithdrawalRow)
        fitting = [row for row in rows if row.withdrawal_state in states] or rows
        row = fitting[which % len(fitting)]
        assert isinstance(row, WithdrawalRow)
        return row

    def since(self, row: WithdrawalRow) -> int:
        address = (row.withdrawal_id, row.kind)
        moments = enumerate(self.memory.moments)
        table = WithdrawalRow.table_name()
        return next(count for count, each in moments if address in each[table])

    def balance(self) -> Balance:
        return balance_of(self.memory.row(ledger.balance_key(LIN)))

    @rule(amount_fen=st.sampled_from((1, 50, 1_000, 4_000)))
    def somebody_buys(self, amount_fen: int) -> None:
        earns(self.clock, LIN, amount_fen, order_id=f"ord_{self.memory.commit_count}")
        self.earned_fen += amount_fen

    @rule(amount_fen=st.sampled_from((1, 900, 6_000)), is_sure=st.sampled_from((True, False)))
    def somebody_sends_it_back(self, amount_fen: int, is_sure: bool) -> None:
        if is_sure:
            claws_back(self.clock, LIN, amount_fen, order_id=f"ord_{self.memory.commit_count}")
            self.earned_fen -= amount_fen

    @rule(
        amount_fen=st.sampled_from((10, 11, 999, 1_000, 1_001, 3_000, 3_001)),
        key=st.sampled_from("abcdefgh"),
        behind=BEHIND,
    )
    def asks(self, amount_fen: int, key: str, behind: int) -> None:
        command = WithdrawalRequest(Caller(LIN, APP_ID), key, amount_fen)
        rows = {row.withdrawal_id: row for row in self.memory.rows(WithdrawalRow)}
        today = self.charged_today()
        may = (
            command.withdrawal_id not in rows
            and 11 <= amount_fen <= 3_000
            and break_down(amount_fen, self.terms).net_fen >= SMALLEST_TRANSFER_FEN
            and not [row for row in rows.values() if row.withdrawal_state in OPEN]
            and self.balance().available_fen >= amount_fen
            and sum(today) + amount_fen <= 6_000
            and len(today) < 4
        )
        self.tries(lambda: request(command, clock=self.clock), may=may, behind=behind)

    def charged_today(self) -> list[int]:
        """What counts against today's limits: all but what failed or was taken back."""
        day = f"{self.clock.now():%Y-%m-%d}"
        return [
            int(row.gross_fen)
            for row in self.memory.rows(WithdrawalRow)
            if row.charged_day == day and row.withdrawal_state not in ("failed", "cancelled")
        ]

    @rule(mood=st.sampled_from(("", "", "", "loses", "silent", "refuses")))
    def wechat_is_in_a_mood(self, mood: str) -> None:
        self.wechat.mood = mood

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), approve=st.sampled_from((True, True, False)), behind=BEHIND)
    def an_operator_decides(self, which: int, approve: bool, behind: int) -> None:
        row = self.pick(which, S.REVIEWING)
        decision = Decision(row.withdrawal_id, approve, "ann", "看过了")
        is_in_debt = self.balance().available_fen < 0
        try:
            with self.memory.behind(behind, since=self.since(row)):
                decided = decide(decision, clock=self.clock, wechat_pay=self.wechat)
        except (NotAllowed, WechatUnavailable):
            return
        was_reviewing = row.withdrawal_state == "reviewing"
        if was_reviewing and approve and not behind:
            is_known = row.withdrawal_id in self.wechat.bills
            assert is_known or decided.withdrawal_state is (
                S.REJECTED if is_in_debt else S.APPROVED
            )

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), behind=BEHIND)
    def the_stream_submits_it(self, which: int, behind: int) -> None:
        row = self.pick(which, S.APPROVED)
        self.calls(
            lambda: submit(
                row.withdrawal_id,
                clock=self.clock,
                wechat_pay=self.wechat,
                notify_url="https://x",
                payee_keys=None,
            ),
            behind=behind,
            since=self.since(row),
        )

    @precondition(lambda self: self.open_before_submitting() is not None)
    @rule()
    def a_debt_comes_up_just_before_it_goes_out(self) -> None:
        row = self.open_before_submitting()
        assert row is not None
        was_never_sent = row.submitted_at is None
        self.somebody_sends_it_back(max(self.balance().available_fen, 0) + 1, True)
        if row.withdrawal_state == "reviewing":
            self.an_operator_decides(0, True, 0)
        else:
            self.the_stream_submits_it(0, 0)
        state = self.memory.row(withdrawal_key(row.withdrawal_id)).withdrawal_state
        assert state == "rejected" or not was_never_sent

    def open_before_submitting(self) -> WithdrawalRow | None:
        rows = self.memory.rows(WithdrawalRow)
        waiting = (row for row in rows if row.withdrawal_state in BEFORE_SUBMITTING)
        return next(waiting, None)

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), behind=BEHIND)
    def the_sweep_follows_it_up(self, which: int, behind: int) -> None:
        row = self.pick(which, *OPEN)
        self.calls(
            lambda: follow_up(
                row.withdrawal_id,
                clock=self.clock,
                wechat_pay=self.wechat,
                notify_url="https://x",
                payee_keys=None,
            ),
            behind=behind,
            since=self.since(row),
        )

    def calls(self, verb: Any, *, behind: int, since: int) -> None:
        """A verb that WeChat's mood may stop half-way."""
        with suppress(WechatUnavailable), self.memory.behind(behind, since=since):
            verb()

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), is_sure=st.sampled_from((True, False)), behind=BEHIND)
    def its_member_wants_it_back(self, which: int, is_sure: bool, behind: int) -> None:
        row = self.pick(which, *OPEN)
        if not is_sure:
            return
        withdrawal = withdrawal_of(row)
        assert withdrawal is not None
        at_once = withdrawal.is_before_submitting and withdrawal.submitted_at is None
        asks_wechat = withdrawal.withdrawal_state is S.CONFIRMING or withdrawal.is_before_submitting
        may_ask = asks_wechat and withdrawal.confirmed_at is None
        may = at_once or (may_ask and withdrawal.cancel_requested_at is None)
        self.tries(
            lambda: cancel(row.withdrawal_id, LIN, clock=self.clock),
            may=may,
            behind=behind,
            since=self.since(row),
        )
        if not behind and withdrawal.withdrawal_state is not S.CANCELLED:
            state = self.memory.row(withdrawal_key(row.withdrawal_id)).withdrawal_state
            assert (state == "cancelled") == at_once

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), behind=BEHIND)
    def the_stream_asks_wechat_for_it(self, which: int, behind: int) -> None:
        row = self.pick(which, *OPEN)
        self.calls(
            lambda: cancel_at_wechat(row.withdrawal_id, clock=self.clock, wechat_pay=self.wechat),
            behind=behind,
            since=self.since(row),
        )

    @precondition(lambda self: self.wechat.bills)
    @rule(which=st.integers(0, 5), turn=st.sampled_from((0, 0, 1, 2)), tells=st.booleans())
    def wechat_goes_on(self, which: int, turn: int, tells: bool) -> None:
        open_ones = [
            number for number, bill in self.wechat.bills.items() if bill.now in WECHATS_ARROWS
        ]
        if open_ones:
            number = open_ones[which % len(open_ones)]
            next_ones = WECHATS_ARROWS[self.wechat.bills[number].now]
            self.wechat.says(number, next_ones[turn % len(next_ones)])
            if tells:
                self.wechat_tells(list(self.wechat.bills).index(number), -1, 0)

    @precondition(lambda self: self.wechat.bills)
    @rule(which=st.integers(0, 5), said=st.sampled_from((-1, -1, -1, 0, 1, 2)), behind=BEHIND)
    def wechat_tells(self, which: int, said: int, behind: int) -> None:
        """The latest, or again what it said long ago."""
        number = list(self.wechat.bills)[which % len(self.wechat.bills)]
        bill = self.wechat.bills[number]
        told = min(said, len(bill.said) - 1)
        state, since = bill.said[told]
        report = self.wechat.report(number, told)
        answered = self.does(lambda: settle(report, clock=self.clock), behind=behind, since=since)
        ends = {"SUCCESS": S.PAID, "FAIL": S.FAILED, "CANCELLED": S.CANCELLED}
        assert not isinstance(answered, Refusal)
        assert answered is not None
        assert state not in ends or answered.withdrawal_state is ends[state]

    @precondition(lambda self: self.memory.rows(WithdrawalRow))
    @rule(which=st.integers(0, 5), was_paid=st.booleans())
    def an_operator_looks_it_up(self, which: int, was_paid: bool) -> None:
        """WeChat still knows, so that nobody's word counts for more."""
        row = self.pick(which, S.SUBMITTED, S.CONFIRMING)
        command = Resolution(row.withdrawal_id, was_paid, "ann", "查过了")
        if row.withdrawal_state in OPEN:
            verb = partial(resolve, command, clock=self.clock, wechat_pay=self.wechat)
            assert isinstance(self.does(verb), NotAllowed)

    @rule(seconds=st.sampled_from((29, 31, 601, 3_601, DAY_SECONDS)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def looks_right(self) -> None:
        rows = self.memory.rows(WithdrawalRow)
        open_ones = [row for row in rows if row.withdrawal_state in OPEN]
        paid_fen = sum(row.gross_fen for row in rows if row.withdrawal_state == "paid")
        on_its_way_fen = sum(row.gross_fen for row in open_ones)
        own = self.memory.row(ledger.balance_key(LIN))
        balance = balance_of(own)

        assert len(open_ones) <= 1
        assert own.open_withdrawal_id == (open_ones[0].withdrawal_id if open_ones else None)
        assert balance.debits_pending_fen == on_its_way_fen
        assert own.available_fen == balance.available_fen
        assert balance.available_fen + on_its_way_fen + paid_fen == self.earned_fen
        for row in rows:
            assert row.gross_fen == row.net_fen + row.fee_fen + row.tax_fen
            self.it_stands_as_wechat_says(row)
        self.the_books_say_the_same(paid_fen)
        self.the_days_hold_what_counts(rows)

    def it_stands_as_wechat_says(self, row: WithdrawalRow) -> None:
        bill = self.wechat.bills.get(row.withdrawal_id)
        at_wechat, state = bill.now if bill is not None else None, S(row.withdrawal_state)
        assert bill is None or bill.amount_fen == row.net_fen
        if state is S.PAID:
            assert at_wechat == "SUCCESS"
        if state is S.FAILED:
            assert at_wechat == "FAIL"
        if state is S.CANCELLED:
            assert at_wechat in (None, "CANCELLED")
        if state is S.REJECTED:
            assert at_wechat is None

    def the_books_say_the_same(self, paid_fen: int) -> None:
        rows = self.memory.rows(LedgerRow)
        booked = [transfer_of(row) for row in rows if row.transfer_id is not None]
        assert len({each.transfer_id for each in booked}) == len(booked)
        assert self.balance() == Balance().after(member_account(LIN), booked)
        payouts = Balance().after(Account.PAYOUTS, booked)
        parts = (Account.WECHAT, Account.FEE_INCOME, Account.TAX_PAYABLE)
        split_fen = sum(Balance().after(each, booked).credits_posted_fen for each in parts)
        assert payouts.credits_posted_fen == payouts.debits_posted_fen == split_fen == paid_fen

    def the_days_hold_what_counts(self, rows: list[WithdrawalRow]) -> None:
        """What was asked for that day, but for what failed or was taken back."""
        used: dict[str, int] = {}
        for row in rows:
            if row.withdrawal_state not in ("failed", "cancelled"):
                for name, quantity in (("fen", int(row.gross_fen)), ("count", 1)):
                    key = f"withdrawals#{LIN}#{row.charged_day}#{name}"
                    used[key] = used.get(key, 0) + quantity
        kept = {row.limit_key: row.used for row in self.memory.rows(LimitRow) if row.used}
        assert kept == used


def test_money_is_theirs_on_its_way_or_paid_and_never_two_of_these(memory: InMemory) -> None:
    run(
        lambda: WithdrawalMachine(memory), settings(STEPS, max_examples=240, stateful_step_count=15)
    )
