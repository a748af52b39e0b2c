"""A group as a machine: whoever opens it, joins, pays, is told of late or twice, or leaves, and
however its time ends, it has every seat once, and everyone's money is where it belongs.
"""

from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.draws.seeds import NO_SEEDS
from chalicelib.groups import store as groups
from chalicelib.groups.cancel import cancel
from chalicelib.groups.deal import deal
from chalicelib.groups.join import join
from chalicelib.groups.leave import leave
from chalicelib.groups.model import GroupState
from chalicelib.groups.open import open_group
from chalicelib.groups.settle import settle
from chalicelib.groups.store import GroupRow
from chalicelib.kit.clock import after
from chalicelib.kit.counters import LimitRow
from chalicelib.kit.errors import Refusal
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.pay import pay
from chalicelib.orders.purchase import Placed
from chalicelib.orders.store import OrderRow, order_key
from chalicelib.refunds.refund_seats import refund_seats
from chalicelib.refunds.store import RefundRow
from chalicelib.rules.model import Rules, WhenShort
from chalicelib.stock import store as stock
from chalicelib.stock.errors import OutOfStock
from tests.fakes import NOON
from tests.goods import campaign, campaigning, product, sku, stocked
from tests.in_memory import InMemory
from tests.machines import BEHIND, STEPS, Arrows, RowsMachine, memory, run
from tests.trades import Trades, purchase, sign_up

__all__ = ["memory"]

MEMBERS = ("mem_0", "mem_1", "mem_2", "mem_3", "mem_4")
DURATION_SECONDS, PAY_WINDOW_SECONDS, SELLS_FOR_SECONDS = 1200, 900, 2000

GROUP_ARROWS = Arrows(
    GroupRow,
    "group_state",
    first={"pending"},
    then={"pending": {"forming", "abandoned"}, "forming": {"complete", "failed"}},
)
ORDER_ARROWS = Arrows(
    OrderRow,
    "order_state",
    first={"awaiting_payment"},
    then={
        "awaiting_payment": {"paid", "cancelled", "refunding"},
        "paid": {"to_ship", "refunding"},
        "cancelled": {"refunding"},
    },
)

STANDS = {
    "held": ("awaiting_payment", 1, 1),
    "paid": ("paid", 1, 1),
    "shipping": ("to_ship", 1, 1),
    "cancelled": ("cancelled", 0, 0),
    "refused": ("refunding", 0, 0),
    "left": ("refunding", 0, 0),
    "failed": ("refunding", 0, 0),
}
"""What became of an order: its state, the units it holds, and what it counts of its member's limit.
"""


@dataclass
class Told:
    """The group as a list of who has asked for what, in which order things were told."""

    size: int
    enough: int | None
    may_leave: bool
    state: GroupState = GroupState.PENDING
    ends_at: datetime | None = None
    became: dict[str, str] = field(default_factory=dict)
    pay_deadlines: dict[str, datetime] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    called_off: bool = False

    def all_that(self, *became: str) -> list[str]:
        return [order_id for order_id, what in self.became.items() if what in became]

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and now >= self.ends_at

    def seats(self) -> list[str]:
        return self.all_that("held", "paid", "shipping", "failed")

    def takes(self, member_id: str, now: datetime) -> bool:
        seated = {self.members[order_id] for order_id in self.seats()}
        is_open = self.state is GroupState.FORMING and not self.is_over(now)
        return is_open and member_id not in seated and len(seated) < self.size

    def pays(self, order_id: str, now: datetime, *, in_full: bool) -> None:
        """Its payment is told of: the first time is the only one that counts."""
        if order_id in self.known:
            return
        self.known.add(order_id)
        if self.became[order_id] != "held" or not in_full:
            self.ends_unpaid(order_id, "refused")
            return
        self.became[order_id] = "paid"
        if self.state is GroupState.PENDING:
            self.state = GroupState.FORMING
            ends_at = after(now, DURATION_SECONDS)
            self.ends_at = min(ends_at, after(NOON, SELLS_FOR_SECONDS))
        if len(self.all_that("paid")) == self.size:
            self.state = GroupState.COMPLETE

    def ends_unpaid(self, order_id: str, becomes: str = "cancelled") -> None:
        if self.became[order_id] == "held" and self.state is GroupState.PENDING:
            self.state = GroupState.ABANDONED
        self.became[order_id] = becomes

    def time_is_over(self) -> None:
        """Nobody's seat is held any more."""
        assert not self.all_that("held")
        enough = self.size if self.enough is None or self.called_off else self.enough
        is_enough = len(self.all_that("paid")) >= enough
        self.state = GroupState.COMPLETE if is_enough else GroupState.FAILED


class GroupMachine(RowsMachine):
    """The group of one campaign, which lasts for the rest of its window at the most."""

    arrows = (GROUP_ARROWS, ORDER_ARROWS)

    @initialize(
        come=st.integers(0, 3),
        size=st.integers(2, 4),
        more=st.sampled_from((None, None, -1, 0, 0, 1)),
        may_leave=st.sampled_from((True, True, False)),
        units=st.integers(2, 6),
    )
    def opens(self, come: int, size: int, more: int | None, may_leave: bool, units: int) -> None:
        self.trades = Trades(self.memory)
        self.units = units
        least = min(max(come + more, 1), size) if more is not None else None
        self.begins(
            size,
            least,
            may_leave,
            units,
            prepare=lambda: self.is_on_sale(size, least, units, may_leave=may_leave),
        )
        self.told = Told(size, least, may_leave)
        opened = open_group("autumn", purchase(MEMBERS[0]), clock=self.clock)
        self.group_id = str(opened.order.group_id)
        self.note_placed(opened)
        for number, member_id in enumerate(MEMBERS[1 : come + 1]):
            self.somebody_pays(number, 0, tells=True)
            self.joins(member_id, "0", 0)

    def is_on_sale(self, size: int, least: int | None, units: int, *, may_leave: bool) -> None:
        stocked(product("apples", sku("apples-5", units=units)), clock=self.clock)
        short = WhenShort.REFUND if least is None else WhenShort.HONOUR
        rules = Rules(when_short=short, minimum_payers=least, leave_allowed=may_leave)
        entry = campaign(
            size=size,
            duration_seconds=DURATION_SECONDS,
            ends_in_seconds=SELLS_FOR_SECONDS,
            per_member_limit=2,
            rules=rules,
        )
        campaigning(entry, clock=self.clock)
        sign_up(*MEMBERS)

    def note_placed(self, placed: Placed) -> None:
        order = placed.order
        self.told.became[order.order_id] = "held"
        self.told.members[order.order_id] = order.member_id
        window_ends_at = after(self.clock.now(), PAY_WINDOW_SECONDS)
        ends_at = self.told.ends_at or after(NOON, SELLS_FOR_SECONDS)
        assert order.pay_deadline == min(window_ends_at, ends_at)
        self.told.pay_deadlines[order.order_id] = order.pay_deadline

    def order(self, number: int) -> str:
        order_ids = list(self.told.became)
        return order_ids[number % len(order_ids)]

    def row_of(self, order_id: str) -> OrderRow:
        row = self.memory.row(order_key(order_id))
        assert isinstance(row, OrderRow)
        return row

    def note_resolved(self, order_id: str) -> None:
        """A held order was looked at: paid after all, or closed and given back."""
        if self.trades.is_paid(order_id):
            in_full = self.trades.paid_fen[order_id] == 1500
            self.told.pays(order_id, self.clock.now(), in_full=in_full)
        else:
            self.told.ends_unpaid(order_id)

    @rule(member_id=st.sampled_from(MEMBERS), key=st.sampled_from(("0", "1", "2")), behind=BEHIND)
    def joins(self, member_id: str, key: str, behind: int) -> None:
        now = self.clock.now()
        wanted = purchase(member_id, key)
        was_there = wanted.order_id in self.told.became
        answer: Placed | Refusal
        try:
            with self.memory.behind(behind):
                answer = join(self.group_id, wanted, clock=self.clock, wechat_pay=self.trades)
        except Refusal as refusal:
            answer = refusal
        # A full group first lets go of whoever has not paid in time.
        for order_id in self.told.all_that("held"):
            if self.row_of(order_id).order_state != "awaiting_payment":
                assert self.told.pay_deadlines[order_id] <= now
                self.note_resolved(order_id)
        if isinstance(answer, Refusal):
            is_sold_out = isinstance(answer, OutOfStock)
            assert behind or is_sold_out or not self.told.takes(member_id, now)
            assert behind or not is_sold_out or self.units == len(self.holding())
            assert was_there or self.memory.row(order_key(wanted.order_id)) is None
        elif was_there:
            assert answer.order.member_id == member_id
        else:
            assert not answer.replayed
            assert self.told.takes(member_id, now)
            self.note_placed(answer)

    @precondition(lambda self: self.told.state is GroupState.FORMING)
    @rule(which=st.integers(0, 4), behind=st.integers(0, 3))
    def somebody_comes_late_for_a_seat(self, which: int, behind: int) -> None:
        """Who has not been here, and may have seen it when it was not full yet."""
        seated = {self.told.members[order_id] for order_id in self.told.seats()}
        others = [member_id for member_id in MEMBERS if member_id not in seated]
        self.joins(others[which % len(others)], "late", behind)

    def holding(self) -> list[str]:
        return [each for each, became in self.told.became.items() if STANDS[became][1]]

    @rule(number=st.integers(0, 9))
    def is_announced_at_wechat(self, number: int) -> None:
        self.trades.announce(self.order(number))

    @rule(number=st.integers(0, 9), too_much=st.sampled_from((0, 0, 0, 1)), tells=st.booleans())
    def somebody_pays(self, number: int, too_much: int, tells: bool) -> None:
        order_id = self.order(number)
        if self.trades.can_be_paid(order_id):
            self.trades.pay(order_id, 1500 + too_much)
        if tells and self.trades.is_paid(order_id):
            self.wechat_tells(number, 0)

    @rule(number=st.integers(0, 9), behind=BEHIND)
    def wechat_tells(self, number: int, behind: int) -> None:
        order_id = self.order(number)
        if self.trades.is_paid(order_id):
            payment = self.trades.payment(order_id)
            since = self.trades.paid_since[order_id]
            self.does(lambda: pay(payment, clock=self.clock), behind=behind, since=since)
            in_full = self.trades.paid_fen[order_id] == 1500
            self.told.pays(order_id, self.clock.now(), in_full=in_full)

    @precondition(lambda self: len(self.told.all_that("held")) > 1)
    @rule()
    def everyone_pays_and_wechat_tells_all_at_once(self) -> None:
        """Each is taken by who has read before the first of them was written."""
        order_ids = list(self.told.became)
        for order_id in self.told.all_that("held"):
            self.somebody_pays(order_ids.index(order_id), 0, tells=False)
        first = self.memory.commit_count
        for order_id in self.told.all_that("held"):
            self.wechat_tells(order_ids.index(order_id), self.memory.commit_count - first)

    @rule(number=st.integers(0, 9), behind=BEHIND)
    def an_order_is_closed(self, number: int, behind: int) -> None:
        order_id = self.order(number)
        is_news = self.trades.is_paid(order_id) and order_id not in self.told.known
        may = self.told.became[order_id] == "held" or (behind > 0 and is_news)
        if self.tries(
            lambda: close_unpaid(order_id, "member", clock=self.clock, wechat_pay=self.trades),
            may=may,
            behind=behind,
        ):
            self.note_resolved(order_id)

    @rule(number=st.integers(0, 9), behind=BEHIND)
    def somebody_leaves(self, number: int, behind: int) -> None:
        order_id = self.order(number)
        may = (
            self.told.became[order_id] == "paid"
            and self.told.may_leave
            and self.told.state is GroupState.FORMING
            and not self.told.is_over(self.clock.now())
        )
        if self.tries(lambda: leave(order_id, clock=self.clock), may=may, behind=behind):
            self.told.became[order_id] = "left"

    @precondition(lambda self: self.is_open() and self.told.may_leave and self.is_just_enough())
    @rule(which=st.integers(0, 3))
    def somebody_leaves_in_the_last_moment(self, which: int) -> None:
        order_ids, numbers = self.told.all_that("paid"), list(self.told.became)
        for order_id in self.told.all_that("held"):
            self.an_order_is_closed(numbers.index(order_id), 0)
        before = self.memory.commit_count
        self.somebody_leaves(numbers.index(order_ids[which % len(order_ids)]), 0)
        self.its_time_runs_out_since(before)

    @precondition(lambda self: self.is_open() and not self.told.all_that("held"))
    @rule(which=st.integers(0, 4))
    def somebody_comes_in_the_last_moment(self, which: int) -> None:
        before = self.memory.commit_count
        self.somebody_comes_late_for_a_seat(which, 0)
        self.its_time_runs_out_since(before)

    def its_time_runs_out_since(self, before: int) -> None:
        """The sweep had read by then, and finds the time over when it looks at the clock."""
        if self.is_open():
            assert self.told.ends_at is not None
            self.clock.advance((self.told.ends_at - self.clock.now()).total_seconds())
            self.the_sweep_comes(self.memory.commit_count - before)

    def is_open(self) -> bool:
        """Whether its time runs."""
        return self.told.state is GroupState.FORMING and not self.told.is_over(self.clock.now())

    def is_just_enough(self) -> bool:
        """Whether one fewer would not be enough to honour it."""
        return len(self.told.all_that("paid")) == self.told.enough

    @rule(seconds=st.sampled_from((1, 1, 300, PAY_WINDOW_SECONDS, DURATION_SECONDS)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(behind=BEHIND)
    def the_sweep_comes(self, behind: int) -> None:
        is_due = self.told.state is GroupState.FORMING and self.told.is_over(self.clock.now())
        if self.tries(
            lambda: settle(self.group_id, clock=self.clock, wechat_pay=self.trades),
            may=is_due,
            behind=behind,
        ):
            self.note_settled()

    def note_settled(self) -> None:
        for order_id in self.told.all_that("held"):
            self.note_resolved(order_id)
        if self.told.state is GroupState.FORMING:
            self.told.time_is_over()

    @precondition(lambda self: self.told.became)
    @rule(sure=st.integers(0, 5))
    def an_operator_calls_it_off(self, sure: int) -> None:
        if sure:
            return
        try:
            cancel(self.group_id, clock=self.clock, wechat_pay=self.trades)
        except Refusal:
            assert self.memory.row(groups.group_key(self.group_id)).group_state == "complete"
        if self.told.state is GroupState.PENDING:
            self.note_resolved(self.told.all_that("held")[0])
        if self.told.state is GroupState.FORMING:
            self.told.called_off, self.told.ends_at = True, self.clock.now()
            self.note_settled()

    @rule(behind=BEHIND)
    def what_follows_from_its_end(self, behind: int) -> None:
        before = self.memory.now
        self.does(lambda: deal(self.group_id, clock=self.clock, seeds=NO_SEEDS), behind=behind)
        self.does(lambda: refund_seats(self.group_id, clock=self.clock), behind=behind)
        becomes = {GroupState.COMPLETE: "shipping", GroupState.FAILED: "failed"}
        if self.told.state in becomes and (not behind or self.memory.now != before):
            for order_id in self.told.all_that("paid"):
                self.told.became[order_id] = becomes[self.told.state]

    def looks_right(self) -> None:
        self.every_seat_is_free_held_or_paid_and_as_it_was_told()
        self.every_order_stands_as_what_became_of_it()
        self.what_is_held_is_missing_from_the_stock_and_from_the_limits()
        self.what_was_paid_is_kept_for_an_order_or_on_its_way_back_once()

    def every_seat_is_free_held_or_paid_and_as_it_was_told(self) -> None:
        rows = self.memory.rows(GroupRow)
        (group,) = [row for row in rows if row.kind == "group"]
        seats = {row.order_id: row.seat_state for row in rows if row.kind != "group"}
        held, taken = self.told.all_that("held"), self.told.seats()

        assert group.seats_free + group.held_count + group.paid_count == self.told.size
        assert (group.held_count, group.paid_count) == (len(held), len(taken) - len(held))
        assert seats == {each: "held" if each in held else "paid" for each in taken}
        assert GroupState(group.group_state) is self.told.state
        assert self.told.called_off or group.expires_at == self.told.ends_at

    def every_order_stands_as_what_became_of_it(self) -> None:
        for order_id, became in self.told.became.items():
            row = self.row_of(order_id)
            state, units, _ = STANDS[became]
            assert (row.order_state, row.units_held) == (state, units), became

    def what_is_held_is_missing_from_the_stock_and_from_the_limits(self) -> None:
        row = self.memory.row(stock.stock_key("apples-5"))
        assert (row.supplied, row.units_left) == (self.units, self.units - len(self.holding()))
        used = dict.fromkeys(MEMBERS, 0)
        for order_id, became in self.told.became.items():
            used[self.told.members[order_id]] += STANDS[became][2]
        for limit in self.memory.rows(LimitRow):
            assert limit.used == used[limit.limit_key.rpartition("#")[2]]

    def what_was_paid_is_kept_for_an_order_or_on_its_way_back_once(self) -> None:
        back: dict[str, list[int]] = {}
        for refund in self.memory.rows(RefundRow):
            back.setdefault(refund.order_id, []).append(refund.amount_fen)
        for order_id in self.told.became:
            row = self.row_of(order_id)
            told_fen = self.trades.paid_fen[order_id] if order_id in self.told.known else 0
            assert row.paid_fen == told_fen
            is_going_back = row.order_state == "refunding"
            assert back.get(order_id, []) == ([told_fen] if is_going_back else [])
            assert row.refundable_fen == (0 if is_going_back else told_fen)


def test_a_group_keeps_every_seat_and_every_fen_in_whatever_order_things_happen(
    memory: InMemory,
) -> None:
    run(lambda: GroupMachine(memory), settings(STEPS, max_examples=100))
