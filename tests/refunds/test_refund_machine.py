"""The refunds of one order as a machine: asked for, decided, sent back, sent out, answered late,
twice and in any order, retried and paid by hand; what is left of the payment and what goes back are
always the whole of it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.gateways.wechat_pay import RefundReport, WechatPayOff
from chalicelib.gateways.wechat_pay import RefundRequest as SentToWechat
from chalicelib.kit.clock import after
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.orders.model import SOLD, OrderState
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from chalicelib.orders.receive import receive
from chalicelib.orders.settle import settle as settle_order
from chalicelib.orders.ship import ship
from chalicelib.orders.store import OrderRow, order_key
from chalicelib.refunds.decide import Decision, decide
from chalicelib.refunds.execute import execute
from chalicelib.refunds.model import (
    ENDED,
    MOST_ASKED_BY_MEMBER,
    RETURN_SECONDS,
    SECONDS_BETWEEN_REFUNDS,
    UNDECIDED,
    UNDER_WAY,
    RefundState,
    RefundType,
    attempt_of,
    out_refund_no,
)
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.refunds.retry import resolve_abnormal, retry
from chalicelib.refunds.send_back import send_back
from chalicelib.refunds.settle import settle
from chalicelib.refunds.store import RefundRow, refund_key
from chalicelib.refunds.withdraw import withdraw, withdraw_unsent
from tests.fakes import FakeClock
from tests.goods import product, sku, stocked
from tests.in_memory import InMemory
from tests.machines import BEHIND, STEPS, Arrows, RowsMachine, memory, run
from tests.trades import SKU_ID, Trades, purchase, sign_up

__all__ = ["memory"]

PAID_FEN = 2000
AMOUNTS_FEN = st.sampled_from((1000, None, 500, None, 1, 999, 1999, 2000, 2001))
BY_OPERATOR = st.sampled_from((False, False, True))
WHICH = st.integers(0, 4)

S, AT = RefundState, OrderState
REFUND_ARROWS = Arrows(
    RefundRow,
    "refund_state",
    first={S.REQUESTED, S.AWAITING_OPERATOR},
    then={
        S.AWAITING_OPERATOR: {S.REQUESTED, S.AWAITING_RETURN, S.REJECTED, S.WITHDRAWN},
        S.AWAITING_RETURN: {S.REQUESTED, S.REJECTED, S.WITHDRAWN},
        S.REQUESTED: {S.PROCESSING, S.SUCCEEDED, S.ABNORMAL, S.CLOSED},
        S.PROCESSING: {S.SUCCEEDED, S.ABNORMAL, S.CLOSED, S.REQUESTED},
        S.ABNORMAL: {S.SUCCEEDED, S.CLOSED, S.REQUESTED},
        S.CLOSED: {S.REQUESTED, S.SUCCEEDED},
    },
)
ORDER_ARROWS = Arrows(
    OrderRow,
    "order_state",
    first={AT.AWAITING_PAYMENT, *SOLD},
    then={
        AT.TO_SHIP: {AT.SHIPPED, AT.REFUNDING},
        AT.SHIPPED: {AT.RECEIVED, AT.REFUNDING},
        AT.RECEIVED: {AT.SETTLED, AT.REFUNDING},
        AT.SETTLED: {AT.REFUNDING},
        AT.REFUNDING: {AT.REFUNDED},
    },
)
WECHATS_ARROWS = {
    "PROCESSING": ("SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED"),
    "ABNORMAL": ("SUCCESS", "CLOSED"),
}


class RefundsAtWechat(WechatPayOff):
    """Each attempt with everything it ever was there, and after how many of our commits."""

    def __init__(self, memory: InMemory, clock: FakeClock, order_id: str) -> None:
        super().__init__(missing=())
        self._memory, self._clock, self._order_id = memory, clock, order_id
        self._last: tuple[str, datetime] | None = None
        self.said: dict[str, list[tuple[str, int]]] = {}
        self.amounts_fen: dict[str, int] = {}
        self.loses_answer = False

    def refund(self, request: SentToWechat) -> RefundReport:
        self._memory.catch_up()
        number = request.out_refund_no
        if self._last is not None and self._last[0] != number:
            assert self._clock.now() >= after(self._last[1], SECONDS_BETWEEN_REFUNDS)
        self._last = number, self._clock.now()
        if number not in self.said:
            self.amounts_fen[number] = request.amount_fen
            self.moves(number, "PROCESSING")
        assert self.amounts_fen[number] == request.amount_fen
        assert request.total_fen == PAID_FEN
        if self.loses_answer:
            raise WechatUnavailable()
        return self.report(number, -1)

    def query_refund(self, out_refund_no: str) -> RefundReport | None:
        self._memory.catch_up()
        return self.report(out_refund_no, -1) if out_refund_no in self.said else None

    def moves(self, number: str, status: str) -> None:
        self.said.setdefault(number, []).append((status, self._memory.commit_count))

    def report(self, number: str, which: int) -> RefundReport:
        """What it said then; -1 is the latest."""
        status: Any = self.said[number][which][0]
        amount_fen = self.amounts_fen[number]
        return RefundReport(number, self._order_id, "503", status, amount_fen, None)

    def paid_back_fen(self) -> int:
        latest = {number: said[-1][0] for number, said in self.said.items()}
        return sum(self.amounts_fen[each] for each, now in latest.items() if now == "SUCCESS")


@dataclass
class Asked:
    """One refund, as what has happened says."""

    state: RefundState
    amount_fen: int
    returns: bool
    attempt: int = 1
    sent_back: str | None = None
    asked_for_goods_by: str | None = None
    by_hand: bool = False

    def is_told(self, attempt: int, status: str) -> RefundState:
        """The state that WeChat's word leads to."""
        if attempt != self.attempt:
            return self.state
        under_way, abnormal = self.state in UNDER_WAY, self.state is S.ABNORMAL
        match status:
            case "SUCCESS" if under_way or abnormal or self.state is S.CLOSED:
                return S.SUCCEEDED
            case "PROCESSING" if under_way:
                return S.PROCESSING
            case "ABNORMAL" if under_way:
                return S.ABNORMAL
            case "CLOSED" if under_way or abnormal:
                return S.CLOSED
        return self.state


@dataclass
class Payment:
    """The payment of the order, as what has happened says."""

    state: OrderState
    asked: dict[str, Asked] = field(default_factory=dict)

    def fen_in(self, *states: RefundState) -> int:
        return sum(each.amount_fen for each in self.asked.values() if each.state in states)

    @property
    def left_fen(self) -> int:
        return PAID_FEN - self.fen_in(
            *(each for each in S if each not in (S.REJECTED, S.WITHDRAWN))
        )

    @property
    def undecided_fen(self) -> int:
        return self.fen_in(*UNDECIDED)

    def goes_out(self) -> None:
        """What went out last may have been all there was."""
        if self.left_fen == 0 and self.undecided_fen == 0:
            self.state = AT.REFUNDING

    def comes_back(self) -> None:
        if self.state is AT.REFUNDING and self.fen_in(S.SUCCEEDED) == PAID_FEN:
            self.state = AT.REFUNDED


class RefundMachine(RowsMachine):
    """An order that was bought alone and paid."""

    arrows = (REFUND_ARROWS, ORDER_ARROWS)

    @initialize(
        state=st.sampled_from((AT.TO_SHIP, AT.TO_SHIP, AT.SHIPPED, AT.RECEIVED, AT.SETTLED)),
        said=st.sampled_from((None, None, "PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED")),
        asked=st.lists(st.tuples(AMOUNTS_FEN, st.booleans(), BY_OPERATOR), min_size=2, max_size=3),
    )
    def is_paid(
        self, state: OrderState, said: str | None, asked: list[tuple[int | None, bool, bool]]
    ) -> None:
        self.order_id = purchase("mem_lin").order_id
        self.wechat = RefundsAtWechat(self.memory, self.clock, self.order_id)
        if state is AT.SETTLED:
            self.clock.advance(7 * 24 * 3600)
        self.begins(state, prepare=lambda: self.was_brought_to(state))
        self.payment = Payment(state)
        for key, (amount_fen, returns, by_operator) in zip("xyz", asked, strict=False):
            self.somebody_asks(key, amount_fen, returns, by_operator, 0)
        if said is not None and self.payment.asked:
            self.the_first_went_out(said)

    def the_first_went_out(self, said: str) -> None:
        """To WeChat, which has said this of it; what it closed has been tried again."""
        refund_id, asked = self.pick(0)
        if asked.state in UNDECIDED and not asked.returns:
            self.an_operator_decides(0, True, None, "ann", 0)
        self.goes_to_wechat(0, False, 0)
        if asked.state is S.PROCESSING and said != "PROCESSING":
            self.wechat.moves(out_refund_no(refund_id, 1), said)
            self.wechat_tells(0, -1, 0)
        if asked.state is S.CLOSED:
            self.an_operator_retries(0, 0)

    def was_brought_to(self, state: OrderState) -> None:
        trades = Trades(self.memory)
        stocked(product("apples", sku(SKU_ID)), clock=self.clock)
        sign_up("mem_lin")
        order_id = place(purchase("mem_lin"), clock=self.clock).order.order_id
        trades.pay(order_id, PAID_FEN)
        pay(trades.payment(order_id), clock=self.clock)
        if state is not AT.TO_SHIP:
            ship(order_id, "SF", "1", clock=self.clock)
        if state in (AT.RECEIVED, AT.SETTLED):
            receive(order_id, clock=self.clock)
        if state is AT.SETTLED:
            self.clock.advance(7 * 24 * 3600)
            settle_order(order_id, clock=self.clock)

    def picture(self) -> object:
        """Everything but when somebody looks next, and how often they have."""
        refunds = [
            (row.refund_id, row.refund_state, row.amount_fen, row.attempt, row.return_shipment)
            for row in self.memory.rows(RefundRow)
        ]
        order = self.memory.row(order_key(self.order_id))
        amounts = (order.refundable_fen, order.undecided_fen, order.refunded_fen)
        return refunds, order.order_state, amounts, order.open_refund_count

    def pick(self, which: int, *states: RefundState) -> tuple[str, Asked]:
        """One of the refunds; one in these states, if there is one."""
        named = list(self.payment.asked.items())
        fitting = [each for each in named if each[1].state in states] or named
        return fitting[which % len(fitting)]

    def since(self, refund_id: str) -> int:
        return self.first_seen(RefundRow, refund_id)

    @rule(
        key=st.sampled_from("abcdefgh"),
        amount_fen=AMOUNTS_FEN,
        returns=st.booleans(),
        by_operator=BY_OPERATOR,
        behind=BEHIND,
    )
    def somebody_asks(
        self, key: str, amount_fen: int | None, returns: bool, by_operator: bool, behind: int
    ) -> None:
        payment = self.payment
        kind: RefundType = "return_goods" if returns else "refund_only"
        command = RefundRequest(
            self.order_id, key, "坏了", amount_fen, kind, by_operator=by_operator
        )
        asked_fen = payment.left_fen if amount_fen is None else amount_fen
        with_member = payment.state in SOLD and payment.state is not AT.TO_SHIP
        may = (
            payment.state in SOLD
            and command.refund_id not in payment.asked
            and 1 <= asked_fen <= payment.left_fen
            and (with_member or not returns)
            and (by_operator or len(payment.asked) < MOST_ASKED_BY_MEMBER)
        )
        if self.tries(lambda: request(command, clock=self.clock), may=may, behind=behind):
            takes_all = asked_fen == payment.left_fen and payment.undecided_fen == 0
            by_itself = by_operator or (takes_all and not with_member)
            state = S.REQUESTED if by_itself else S.AWAITING_OPERATOR
            payment.asked[command.refund_id] = Asked(state, asked_fen, returns)
            if by_itself:
                payment.goes_out()

    @precondition(lambda self: self.payment.asked)
    @rule(
        which=WHICH,
        approve=st.sampled_from((True, True, True, False)),
        less=st.sampled_from((None, None, 1, 500, 3000)),
        operator=st.sampled_from(("ann", "bo")),
        behind=BEHIND,
    )
    def an_operator_decides(
        self, which: int, approve: bool, less: int | None, operator: str, behind: int
    ) -> None:
        refund_id, asked = self.pick(which, *UNDECIDED)
        approved_fen = asked.amount_fen if less is None else less
        told_again = (
            asked.state is S.AWAITING_RETURN
            and asked.sent_back is None
            and asked.asked_for_goods_by == operator
        )
        may = asked.state in UNDECIDED and (
            not approve or (approved_fen <= asked.amount_fen and not told_again)
        )
        decision = Decision(refund_id, approve, operator, "看过了", less if approve else None)
        since = self.since(refund_id)
        if not self.tries(
            lambda: decide(decision, clock=self.clock), may=may, behind=behind, since=since
        ):
            return
        if not approve:
            asked.state = S.REJECTED
            return
        asked.amount_fen = approved_fen
        if asked.returns and asked.state is S.AWAITING_OPERATOR:
            asked.state, asked.asked_for_goods_by = S.AWAITING_RETURN, operator
            self.returns_by = after(self.clock.now(), RETURN_SECONDS)
        else:
            asked.state = S.REQUESTED
            self.payment.goes_out()

    @precondition(lambda self: any(each.returns for each in self.payment.asked.values()))
    @rule(which=WHICH, number=st.sampled_from(("1", "2")), behind=BEHIND)
    def the_goods_are_sent_back(self, which: int, number: str, behind: int) -> None:
        refund_id, asked = self.pick(which, S.AWAITING_RETURN)
        may = asked.state is S.AWAITING_RETURN and asked.sent_back != number
        if self.tries(
            lambda: send_back(
                refund_id, "mem_lin", carrier="SF", tracking_no=number, clock=self.clock
            ),
            may=may,
            behind=behind,
            since=self.since(refund_id),
        ):
            asked.sent_back = number

    @precondition(lambda self: self.payment.asked)
    @rule(which=WHICH, is_sure=st.sampled_from((False, False, True)), behind=BEHIND)
    def its_member_withdraws(self, which: int, is_sure: bool, behind: int) -> None:
        refund_id, asked = self.pick(which)
        if not is_sure:
            return
        may = asked.state in UNDECIDED
        verb = partial(withdraw, refund_id, "mem_lin", clock=self.clock)
        if self.tries(verb, may=may, behind=behind, since=self.since(refund_id)):
            asked.state = S.WITHDRAWN

    @precondition(lambda self: self.payment.fen_in(S.AWAITING_RETURN))
    @rule(which=WHICH, behind=BEHIND)
    def the_sweep_finds_goods_that_were_not_sent(self, which: int, behind: int) -> None:
        refund_id, asked = self.pick(which, S.AWAITING_RETURN)
        due_at = self.memory.row(refund_key(refund_id)).due_at
        is_due = due_at is not None and due_at <= self.clock.now()
        may = asked.state is S.AWAITING_RETURN and asked.sent_back is None and is_due
        verb = partial(withdraw_unsent, refund_id, clock=self.clock)
        if self.tries(verb, may=may, behind=behind, since=self.since(refund_id)):
            asked.state = S.WITHDRAWN

    @rule(seconds=st.sampled_from((1, 60, 60, RETURN_SECONDS)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.payment.asked)
    @rule(which=WHICH, loses_answer=st.sampled_from((False, False, True)), behind=BEHIND)
    def goes_to_wechat(self, which: int, loses_answer: bool, behind: int) -> None:
        refund_id, asked = self.pick(which, S.REQUESTED)
        number = out_refund_no(refund_id, asked.attempt)
        has_slot = self.has_slot(number)
        is_sent = asked.state in UNDER_WAY and has_slot
        status = self.wechat.said[number][-1][0] if number in self.wechat.said else "PROCESSING"
        becomes = asked.is_told(asked.attempt, status) if is_sent else asked.state
        if behind and asked.state is S.ABNORMAL and has_slot:
            becomes = asked.is_told(asked.attempt, status)  # sent again by one who read it earlier
        may = becomes is not asked.state and not loses_answer
        self.wechat.loses_answer = loses_answer
        if self.tries(
            lambda: execute(refund_id, clock=self.clock, wechat_pay=self.wechat, notify_url="x"),
            may=may,
            behind=behind,
            since=self.since(refund_id),
        ):
            self.note_told(asked, becomes)
        if is_sent and not behind:
            assert number in self.wechat.said

    def has_slot(self, number: str) -> bool:
        """Whether no other refund of the order went out within the last minute."""
        order = self.memory.row(order_key(self.order_id))
        if order.last_refund_no in (None, number):
            return True
        return bool(after(order.last_refund_at, SECONDS_BETWEEN_REFUNDS) <= self.clock.now())

    def note_told(self, asked: Asked, becomes: RefundState) -> None:
        asked.state = becomes
        self.payment.comes_back()

    @precondition(lambda self: self.wechat.said)
    @rule(which=WHICH, turn=st.integers(0, 3))
    def wechat_goes_on(self, which: int, turn: int) -> None:
        open_ones = [
            number
            for number, said in self.wechat.said.items()
            if said[-1][0] in WECHATS_ARROWS
            and not self.payment.asked[attempt_of(number)[0]].by_hand
        ]
        if open_ones:
            number = open_ones[which % len(open_ones)]
            next_ones = WECHATS_ARROWS[self.wechat.said[number][-1][0]]
            self.wechat.moves(number, next_ones[turn % len(next_ones)])

    @precondition(lambda self: self.wechat.said)
    @rule(which=WHICH, said=st.sampled_from((-1, -1, -1, 0, 1)), behind=BEHIND)
    def wechat_tells(self, which: int, said: int, behind: int) -> None:
        """The latest, or again what it said long ago, of this attempt or one before it."""
        number = list(self.wechat.said)[which % len(self.wechat.said)]
        told = min(said, len(self.wechat.said[number]) - 1)
        status, since = self.wechat.said[number][told]
        refund_id, attempt = attempt_of(number)
        asked = self.payment.asked[refund_id]
        becomes = asked.is_told(attempt, status)
        report = self.wechat.report(number, told)
        if self.tries(
            lambda: settle(report, clock=self.clock),
            may=becomes is not asked.state,
            behind=behind,
            since=since,
        ):
            self.note_told(asked, becomes)

    @precondition(lambda self: len(self.wechat.said) > 1)
    @rule()
    def wechat_tells_of_all_at_once(self) -> None:
        """Each is taken by who has read before the first of them was written."""
        for number, said in self.wechat.said.items():
            if said[-1][0] == "PROCESSING":
                self.wechat.moves(number, "SUCCESS")
        before = self.memory.commit_count
        for which in range(len(self.wechat.said)):
            self.wechat_tells(which, -1, self.memory.commit_count - before)

    @precondition(lambda self: any(each.attempt > 1 for each in self.payment.asked.values()))
    @rule(said=st.integers(-1, 1), behind=BEHIND)
    def wechat_tells_again_of_an_attempt_that_is_over(self, said: int, behind: int) -> None:
        for which, number in enumerate(list(self.wechat.said)):
            refund_id, attempt = attempt_of(number)
            if attempt < self.payment.asked[refund_id].attempt:
                self.wechat_tells(which, said, behind)

    @precondition(lambda self: self.payment.left_fen > 0)
    @rule()
    def it_goes_on_while_the_rest_is_asked_for(self) -> None:
        before = self.memory.commit_count
        self.somebody_asks(f"rest-{before}", None, False, False, 0)
        self.its_order_goes_on(self.memory.commit_count - before)

    @precondition(lambda self: self.payment.asked)
    @rule(which=WHICH, behind=BEHIND)
    def an_operator_retries(self, which: int, behind: int) -> None:
        refund_id, asked = self.pick(which, S.CLOSED)
        may = asked.state in (S.PROCESSING, S.CLOSED)
        verb = partial(retry, refund_id, operator="ann", reason="再试", clock=self.clock)
        if self.tries(verb, may=may, behind=behind, since=self.since(refund_id)):
            asked.attempt += asked.state is S.CLOSED
            asked.state = S.REQUESTED

    @precondition(lambda self: self.payment.fen_in(S.ABNORMAL, S.CLOSED, S.SUCCEEDED))
    @rule(which=WHICH, by_hand=st.booleans(), behind=BEHIND)
    def an_operator_resolves(self, which: int, by_hand: bool, behind: int) -> None:
        refund_id, asked = self.pick(which, S.ABNORMAL, S.CLOSED)
        may = asked.state is S.ABNORMAL or (by_hand and asked.state is S.CLOSED)
        said = self.wechat.said.get(out_refund_no(refund_id, asked.attempt), [("", 0)])
        if self.tries(
            lambda: resolve_abnormal(
                refund_id,
                paid_by_hand=by_hand,
                operator="ann",
                reason="电话",
                clock=self.clock,
                wechat_pay=self.wechat,
            ),
            may=may,
            behind=behind,
            since=self.since(refund_id),
        ):
            asked.by_hand = by_hand and said[-1][0] != "SUCCESS"
            self.note_told(asked, S.SUCCEEDED if by_hand else S.REQUESTED)

    @rule(behind=BEHIND)
    def its_order_goes_on(self, behind: int) -> None:
        payment = self.payment
        before = payment.state
        if before is AT.TO_SHIP:
            may, becomes = payment.left_fen > 0, AT.SHIPPED
            verb = partial(ship, self.order_id, "SF", "1", clock=self.clock)
        elif before is AT.SHIPPED:
            may, becomes = True, AT.RECEIVED
            verb = partial(receive, self.order_id, clock=self.clock)
        else:
            is_time = self.memory.row(order_key(self.order_id)).settles_at or after(
                self.clock.now(), 1
            )
            still_open = [each for each in payment.asked.values() if each.state not in ENDED]
            may = before is AT.RECEIVED and is_time <= self.clock.now() and not still_open
            becomes = AT.SETTLED
            verb = partial(settle_order, self.order_id, clock=self.clock)
        if self.tries(verb, may=may, behind=behind):
            payment.state = becomes

    def looks_right(self) -> None:
        payment = self.payment
        rows = {row.refund_id: row for row in self.memory.rows(RefundRow)}
        assert {each: row.refund_state for each, row in rows.items()} == {
            each: asked.state.value for each, asked in payment.asked.items()
        }
        for refund_id, asked in payment.asked.items():
            row = rows[refund_id]
            assert (row.amount_fen, row.attempt) == (asked.amount_fen, asked.attempt)
            assert bool(row.paid_by_hand) == asked.by_hand
        self.the_order_holds_what_its_refunds_left()
        self.wechat_pays_back_what_was_asked_and_no_more()

    def the_order_holds_what_its_refunds_left(self) -> None:
        payment, order = self.payment, self.memory.row(order_key(self.order_id))
        still_open = sum(each.state not in ENDED for each in payment.asked.values())
        assert order.order_state == payment.state.value
        assert (order.refundable_fen, order.undecided_fen) == (
            payment.left_fen,
            payment.undecided_fen,
        )
        assert order.refunded_fen == payment.fen_in(S.SUCCEEDED)
        assert order.open_refund_count == still_open
        assert order.refund_ids in (None, list(payment.asked))
        assert 0 <= payment.undecided_fen <= PAID_FEN - payment.left_fen <= PAID_FEN

    def wechat_pays_back_what_was_asked_and_no_more(self) -> None:
        by_hand_fen = sum(each.amount_fen for each in self.payment.asked.values() if each.by_hand)
        assert self.wechat.paid_back_fen() + by_hand_fen <= PAID_FEN
        for refund_id, asked in self.payment.asked.items():
            numbers = [each for each in self.wechat.said if attempt_of(each)[0] == refund_id]
            latest = [self.wechat.said[each][-1][0] for each in numbers]
            assert latest.count("SUCCESS") <= 1
            assert all(each == "CLOSED" for each in latest[: asked.attempt - 1])


def test_what_is_left_and_what_goes_back_are_the_whole_payment_whatever_happens(
    memory: InMemory,
) -> None:
    run(lambda: RefundMachine(memory), settings(STEPS, max_examples=100, stateful_step_count=45))
