"""An order as a machine: paid, closed, let ship, shipped, corrected, received, settled and refunded
in any order and told of late, it goes along the arrows, and no fen of it is in two places.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.draws.seeds import NO_SEEDS
from chalicelib.gateways.wechat_pay import RefundReport
from chalicelib.groups.deal import deal
from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.groups.store import group_key
from chalicelib.kit.clock import after
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.correct_shipment import correct_shipment
from chalicelib.orders.end_free import end_free
from chalicelib.orders.model import SOLD, OrderState
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from chalicelib.orders.receive import receive
from chalicelib.orders.settle import settle as settle_order
from chalicelib.orders.ship import ship
from chalicelib.orders.store import OrderRow, order_key, order_of
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.refunds.settle import settle as settle_refund
from chalicelib.refunds.store import RefundRow
from chalicelib.rules.model import LeaderRule, Rules, Tier
from chalicelib.stock import store as stock
from tests.goods import campaign, campaigning, product, sku, stocked
from tests.in_memory import InMemory
from tests.machines import BEHIND, STEPS, Arrows, RowsMachine, memory, run
from tests.trades import SKU_ID, Trades, purchase, sign_up

__all__ = ["memory"]

ALONE_FEN, GROUP_FEN, LOWER_FEN, UNITS = 2000, 1500, 1101, 5
KINDS = {
    "alone": Rules(),
    "group": Rules(),
    "ladder": Rules(
        tiers=(
            Tier(headcount=1, price_fen=GROUP_FEN),
            Tier(headcount=2, price_fen=LOWER_FEN),
        )
    ),
    "leader_free": Rules(leader=LeaderRule(free=True)),
}
WHICH = st.integers(0, 20)
DAY_SECONDS = 24 * 3600
RECEIVES_AFTER_SECONDS, SETTLES_AFTER_SECONDS = 10 * DAY_SECONDS, 7 * DAY_SECONDS

S = OrderState
ARROWS = Arrows(
    OrderRow,
    "order_state",
    first={S.AWAITING_PAYMENT},
    then={
        S.AWAITING_PAYMENT: {S.PAID, S.TO_SHIP, S.CANCELLED, S.REFUNDING},
        S.CANCELLED: {S.REFUNDING},
        S.PAID: {S.TO_SHIP, S.REFUNDING},
        S.TO_SHIP: {S.SHIPPED, S.REFUNDING, S.REFUNDED},
        S.SHIPPED: {S.RECEIVED, S.REFUNDING},
        S.RECEIVED: {S.SETTLED, S.REFUNDING},
        S.SETTLED: {S.REFUNDING},
        S.REFUNDING: {S.REFUNDED},
    },
)
"""What a refund ends is refunded once all is back: at once where all of it was, already."""


LIKELY = {
    S.AWAITING_PAYMENT: {"close", "tell"},
    S.CANCELLED: {"close", "tell"},
    S.PAID: {"tell", "deal"},
    S.TO_SHIP: {"ship"},
    S.SHIPPED: {"correct", "receive"},
    S.RECEIVED: {"correct", "settle"},
}
"""What else may well happen, besides what gives money back."""


@dataclass
class Life:
    """What has happened to the order, as a list of facts."""

    state: OrderState
    amount_fen: int
    paid_fen: int = 0
    asked_fen: dict[str, int] = field(default_factory=dict)
    back_fen: dict[str, int] = field(default_factory=dict)
    marketing_fen: int = 0
    settled_fen: int = 0
    shipment: tuple[str, str] | None = None
    settles_at: datetime | None = None
    holds_units: bool = True

    @property
    def left_fen(self) -> int:
        """What can still be asked for."""
        return self.paid_fen - sum(self.asked_fen.values())

    @property
    def open_count(self) -> int:
        return len(self.asked_fen) - len(self.back_fen)

    @property
    def is_free(self) -> bool:
        return self.marketing_fen > 0

    def ends(self) -> None:
        """Whatever is left of it is on its way back."""
        all_back = sum(self.back_fen.values()) == self.paid_fen
        self.state = S.REFUNDED if all_back else S.REFUNDING


class OrderMachine(RowsMachine):
    """One order, bought alone or by the leader of a group of two."""

    arrows = (ARROWS,)

    @initialize(
        kind=st.sampled_from((*KINDS, "alone", "leader_free")),
        quantity=st.integers(1, 2),
        stage=st.sampled_from((0, 0, 1, 2, 3, 3, 4, 5, 5, 6)),
    )
    def is_placed(self, kind: str, quantity: int, stage: int) -> None:
        self.trades = Trades(self.memory)
        self.kind, self.quantity, self.group_id = kind, quantity, ""
        if kind == "leader_free":
            self.quantity = 1
        self.begins(kind, prepare=self.is_on_sale)
        wanted = purchase("mem_lin", quantity=self.quantity)
        if kind == "alone":
            placed = place(wanted, clock=self.clock)
        else:
            placed = open_group("autumn", wanted, clock=self.clock)
            self.group_id = str(placed.order.group_id)
        self.order_id = placed.order.order_id
        price_fen = ALONE_FEN if kind == "alone" else GROUP_FEN
        self.life = Life(S.AWAITING_PAYMENT, price_fen * self.quantity)
        self.partner_holds = 0
        self.goes_well(stage)

    def is_on_sale(self) -> None:
        stocked(product("apples", sku(SKU_ID, units=UNITS)), clock=self.clock)
        sign_up("mem_lin", "mem_ann")
        rules = KINDS[self.kind]
        campaigning(campaign(prices_fen={SKU_ID: GROUP_FEN}, rules=rules), clock=self.clock)

    def goes_well(self, stage: int) -> None:
        """So far an ordinary life."""
        if stage > 0:
            self.its_member_pays(0)
            self.wechat_tells_of_the_payment(0)
        if stage > 1 and self.group_id:
            self.somebody_joins_and_pays()
        if stage > 2 and self.group_id:
            self.its_group_is_dealt_with(0)
        if stage > 3:
            self.is_shipped("1", 0)
        if stage > 4:
            self.is_received(0)
        if stage > 5:
            for _ in range(self.life.open_count):
                self.wechat_tells_of_a_refund(0, 0)
            self.time_passes(SETTLES_AFTER_SECONDS)
            self.the_sweep_comes(0)

    @precondition(lambda self: not self.trades.is_paid(self.order_id))
    @rule()
    def is_announced_at_wechat(self) -> None:
        self.trades.announce(self.order_id)

    @precondition(lambda self: self.trades.can_be_paid(self.order_id))
    @rule(off_by_fen=st.sampled_from((0, 0, 0, 0, -1, 1)))
    def its_member_pays(self, off_by_fen: int) -> None:
        self.trades.pay(self.order_id, self.life.amount_fen + off_by_fen)

    @precondition(lambda self: self.trades.is_paid(self.order_id) and not self.life.paid_fen)
    @rule(behind=BEHIND)
    def wechat_tells_of_the_payment(self, behind: int) -> None:
        payment = self.trades.payment(self.order_id)
        may = self.life.paid_fen == 0
        since = self.trades.paid_since[self.order_id]
        if self.tries(lambda: pay(payment, clock=self.clock), may=may, behind=behind, since=since):
            self.note_paid()

    def note_paid(self) -> None:
        life = self.life
        life.paid_fen = self.trades.paid_fen[self.order_id]
        if life.state is S.AWAITING_PAYMENT and life.paid_fen == life.amount_fen:
            life.state = S.TO_SHIP if self.kind == "alone" else S.PAID
            return
        life.holds_units = False
        life.asked_fen["by itself"] = life.paid_fen
        life.ends()

    @precondition(lambda self: self.life.state is S.AWAITING_PAYMENT)
    @rule(behind=BEHIND)
    def is_closed(self, behind: int) -> None:
        is_news = self.trades.is_paid(self.order_id) and self.life.paid_fen == 0
        if self.tries(
            lambda: close_unpaid(self.order_id, "late", clock=self.clock, wechat_pay=self.trades),
            may=self.life.state is S.AWAITING_PAYMENT or (behind > 0 and is_news),
            behind=behind,
        ):
            if self.trades.is_paid(self.order_id):
                self.note_paid()
            else:
                self.life.state, self.life.holds_units = S.CANCELLED, False

    @precondition(lambda self: self.group_is_open())
    @rule()
    def somebody_joins_and_pays(self) -> None:
        joined = join(self.group_id, purchase("mem_ann"), clock=self.clock, wechat_pay=self.trades)
        self.trades.pay(joined.order.order_id, joined.order.amount_fen)
        pay(self.trades.payment(joined.order.order_id), clock=self.clock)
        self.partner_holds = 1

    def group_is_open(self) -> bool:
        group = self.memory.row(group_key(self.group_id)) if self.group_id else None
        if group is None or group.group_state != "forming":
            return False
        return bool(group.expires_at > self.clock.now())

    @precondition(lambda self: self.partner_holds and self.life.state is S.PAID)
    @rule(behind=BEHIND)
    def its_group_is_dealt_with(self, behind: int) -> None:
        may = self.life.state is S.PAID and self.partner_holds == 1
        before = self.state_of()
        self.does(lambda: deal(self.group_id, clock=self.clock, seeds=NO_SEEDS), behind=behind)
        if self.state_of() == before:
            assert behind or not may
            return
        assert may
        self.life.state = S.TO_SHIP
        if self.kind == "ladder":
            self.life.asked_fen["ladder"] = (GROUP_FEN - LOWER_FEN) * self.quantity
        if self.kind == "leader_free":
            self.life.asked_fen["leader_free"] = self.life.marketing_fen = self.life.paid_fen

    def state_of(self) -> str:
        return str(self.memory.row(order_key(self.order_id)).order_state)

    @precondition(lambda self: self.life.state is S.TO_SHIP)
    @rule(number=st.sampled_from(("1", "2")), behind=BEHIND)
    def is_shipped(self, number: str, behind: int) -> None:
        life = self.life
        may = life.state is S.TO_SHIP and (life.is_free or life.left_fen > 0)
        if self.tries(
            lambda: ship(self.order_id, "SF", number, clock=self.clock), may=may, behind=behind
        ):
            life.state, life.shipment = S.SHIPPED, ("SF", number)

    @precondition(lambda self: self.life.state in (S.SHIPPED, S.RECEIVED))
    @rule(number=st.sampled_from(("1", "2", "3")), behind=BEHIND)
    def its_shipment_is_corrected(self, number: str, behind: int) -> None:
        life = self.life
        may = life.state in (S.SHIPPED, S.RECEIVED) and life.shipment != ("SF", number)
        if self.tries(
            lambda: correct_shipment(self.order_id, "SF", number, clock=self.clock),
            may=may,
            behind=behind,
        ):
            life.shipment = ("SF", number)

    @precondition(lambda self: self.life.state is S.SHIPPED)
    @rule(behind=BEHIND)
    def is_received(self, behind: int) -> None:
        may = self.life.state is S.SHIPPED
        if self.tries(lambda: receive(self.order_id, clock=self.clock), may=may, behind=behind):
            self.life.state = S.RECEIVED
            self.life.settles_at = after(self.clock.now(), SETTLES_AFTER_SECONDS)

    @rule(seconds=st.sampled_from((60, 600, SETTLES_AFTER_SECONDS)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.life.state is S.RECEIVED)
    @rule(behind=BEHIND)
    def the_sweep_comes(self, behind: int) -> None:
        life, before = self.life, self.state_of()
        is_time = life.settles_at is not None and life.settles_at <= self.clock.now()
        may = life.state is S.RECEIVED and is_time and life.open_count == 0
        self.does(lambda: settle_order(self.order_id, clock=self.clock), behind=behind)
        if self.state_of() == before:
            assert behind or not may
            return
        assert may
        life.state = S.SETTLED
        life.settled_fen = life.paid_fen - sum(life.back_fen.values()) + life.marketing_fen

    @precondition(lambda self: self.life.state in SOLD and self.life.left_fen)
    @rule(
        key=st.sampled_from(("0", "1", "2", "3")),
        amount_fen=st.sampled_from((None, None, None, 1, 399, 400, 1101, 1500, 2000, 4001)),
        returns=st.booleans(),
        behind=BEHIND,
    )
    def an_operator_refunds(
        self, key: str, amount_fen: int | None, returns: bool, behind: int
    ) -> None:
        life = self.life
        asked_fen = life.left_fen if amount_fen is None else amount_fen
        command = RefundRequest(
            self.order_id,
            key,
            "坏了",
            amount_fen,
            "return_goods" if returns else "refund_only",
            by_operator=True,
        )
        has_left = life.state in SOLD and life.state is not S.TO_SHIP
        may = (
            life.state in SOLD
            and command.refund_id not in life.asked_fen
            and 1 <= asked_fen <= life.left_fen
            and (has_left or not returns)
        )
        if self.tries(lambda: request(command, clock=self.clock), may=may, behind=behind):
            refund = self.refunds()[command.refund_id]
            asked_fen = int(refund.amount_fen) if amount_fen is None else asked_fen
            is_all = asked_fen == life.left_fen
            assert refund.ends_order == is_all
            life.asked_fen[command.refund_id] = asked_fen
            if is_all:
                life.holds_units = life.holds_units and has_left and not returns
                life.ends()

    def refunds(self) -> dict[str, RefundRow]:
        rows = self.memory.rows(RefundRow)
        return {row.refund_id: row for row in rows if row.order_id == self.order_id}

    @precondition(lambda self: self.life.open_count)
    @rule(number=st.integers(0, 5), behind=BEHIND)
    def wechat_tells_of_a_refund(self, number: int, behind: int) -> None:
        life, rows = self.life, list(self.refunds().values())
        row = rows[number % len(rows)]
        report = RefundReport(
            f"{row.refund_id}_1", self.order_id, "503", "SUCCESS", int(row.amount_fen), None
        )
        may = row.refund_id not in life.back_fen
        verb = partial(settle_refund, report, clock=self.clock)
        since = self.first_seen(RefundRow, row.refund_id)
        if self.tries(verb, may=may, behind=behind, since=since):
            life.back_fen[row.refund_id] = int(row.amount_fen)
            if life.state is S.REFUNDING:
                life.ends()

    @precondition(lambda self: self.life.is_free and self.life.state is S.TO_SHIP)
    @rule(behind=BEHIND)
    def an_operator_ends_it_free(self, behind: int) -> None:
        life = self.life
        may = life.is_free and life.state is S.TO_SHIP
        if self.tries(
            lambda: end_free(self.order_id, "卖完了", clock=self.clock), may=may, behind=behind
        ):
            life.holds_units = False
            life.ends()

    @precondition(lambda self: self.life.paid_fen > 0)
    @rule(behind=st.sampled_from((0, 1, 2, 8)))
    def wechat_tells_of_the_payment_again(self, behind: int) -> None:
        self.wechat_tells_of_the_payment(behind)

    @rule(which=WHICH, behind=st.sampled_from((0, 1, 2, 8)))
    def somebody_comes_at_the_wrong_time(self, which: int, behind: int) -> None:
        ways = list(self.ways().values())
        ways[which % len(ways)](behind)

    @rule(first=WHICH, second=WHICH)
    def two_come_at_once(self, first: int, second: int) -> None:
        """The second has read before the first has written. A received order's time has come."""
        if self.life.state is S.RECEIVED:
            self.clock.advance(SETTLES_AFTER_SECONDS)
        likely = [name for name in self.ways() if name in self.likely()]
        if likely:
            before = self.memory.commit_count
            self.ways()[likely[first % len(likely)]](0)
            late = self.ways().get(likely[second % len(likely)])
            if late is not None:
                late(self.memory.commit_count - before)

    @precondition(lambda self: self.life.state is S.RECEIVED and self.life.left_fen > 1)
    @rule()
    def a_part_is_refunded_just_as_it_settles(self) -> None:
        self.clock.advance(SETTLES_AFTER_SECONDS)
        before = self.memory.commit_count
        self.ways()["a part"](0)
        self.the_sweep_comes(self.memory.commit_count - before)

    @precondition(lambda self: self.life.is_free and self.life.open_count)
    @rule()
    def it_is_ended_just_as_its_leader_has_the_money(self) -> None:
        before = self.memory.commit_count
        self.ways()["back"](0)
        self.an_operator_ends_it_free(self.memory.commit_count - before)

    def likely(self) -> set[str]:
        """What may well happen at the same time."""
        life = self.life
        back = {"back"} if life.open_count else set()
        asks = {"refund", "a part"} if life.left_fen else set()
        if life.is_free and life.state is S.TO_SHIP:
            return {"end"} | back
        return LIKELY.get(life.state, set()) | back | asks

    @precondition(lambda self: self.life.open_count > 1)
    @rule()
    def wechat_tells_of_all_refunds_at_once(self) -> None:
        """Each is taken by who has read before the first of them was written."""
        before = self.memory.commit_count
        for number in range(len(self.life.asked_fen)):
            self.wechat_tells_of_a_refund(number, self.memory.commit_count - before)

    def ways(self) -> dict[str, Callable[[int], object]]:
        """What can be tried just now, whether it makes sense or not."""
        life = self.life
        key, back = str(len(life.asked_fen)), len(life.back_fen)
        ways: dict[str, tuple[object, Callable[[int], object]]] = {
            "close": (True, self.is_closed),
            "tell": (self.trades.is_paid(self.order_id), self.wechat_tells_of_the_payment),
            "deal": (self.group_id, self.its_group_is_dealt_with),
            "ship": (True, partial(self.is_shipped, "2")),
            "correct": (True, partial(self.its_shipment_is_corrected, "3")),
            "receive": (True, self.is_received),
            "settle": (True, self.the_sweep_comes),
            "refund": (
                life.state is not S.PAID,
                partial(self.an_operator_refunds, key, None, False),
            ),
            "a part": (
                life.state is not S.PAID,
                partial(self.an_operator_refunds, key, 1, False),
            ),
            "back": (life.asked_fen, partial(self.wechat_tells_of_a_refund, back)),
            "end": (life.state is not S.PAID, self.an_operator_ends_it_free),
        }
        return {name: way for name, (makes_sense, way) in ways.items() if makes_sense}

    def looks_right(self) -> None:
        life = self.life
        order = order_of(self.memory.row(order_key(self.order_id)))
        assert order is not None
        assert order.order_state is life.state
        assert (order.paid_fen, order.refundable_fen) == (life.paid_fen, life.left_fen)
        assert order.refunded_fen == sum(life.back_fen.values())
        assert (order.open_refund_count, order.undecided_fen) == (life.open_count, 0)
        assert (order.marketing_fen, order.settled_fen) == (life.marketing_fen, life.settled_fen)
        assert 0 <= order.refunded_fen <= order.paid_fen - order.refundable_fen <= order.paid_fen
        assert 0 <= order.sold_fen <= order.price_paid_fen
        assert life.state in SOLD or order.sold_fen == 0
        shipped = order.shipment and (order.shipment.carrier, order.shipment.tracking_no)
        assert shipped == life.shipment
        asked_fen = sorted(row.amount_fen for row in self.refunds().values())
        assert asked_fen == sorted(life.asked_fen.values())
        self.units_are_where_they_belong(order.units_held)

    def units_are_where_they_belong(self, units_held: int) -> None:
        assert units_held == (self.quantity if self.life.holds_units else 0)
        row = self.memory.row(stock.stock_key(SKU_ID))
        assert row.units_left + units_held + self.partner_holds == UNITS


def test_an_order_goes_along_the_arrows_and_no_fen_of_it_is_in_two_places(
    memory: InMemory,
) -> None:
    run(lambda: OrderMachine(memory), settings(STEPS, max_examples=160, stateful_step_count=15))
