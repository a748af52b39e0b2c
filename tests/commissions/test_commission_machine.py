"""What uplines and a leader earn on one order as a machine: the one verb that looks after it comes
whenever it likes, goes by what it has read some time ago, and every level ends at its target.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.commissions.adjust import adjust
from chalicelib.commissions.errors import ReleaseBlocked
from chalicelib.commissions.store import CommissionRow
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.store import LedgerRow, balance_of
from chalicelib.ledger.transfers import Balance, Phase, Transfer, member_account
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.model import SOLD, LeaderBonus, Order, OrderState, Upline
from chalicelib.orders.receive import receive
from chalicelib.orders.settle import settle
from chalicelib.orders.ship import ship
from chalicelib.rules.party import Grant, Share, Why
from tests.fakes import NOON
from tests.in_memory import InMemory
from tests.machines import BEHIND, STEPS, Arrows, RowsMachine, memory, run
from tests.money import transfer_of

__all__ = ["memory"]

ORDER_ID, CAP_BP = "ord_1", 3000
MEMBERS = ("mem_1", "mem_2", "mem_leader")
RATES_BP = st.sampled_from(((1000,), (3000,), (1, 2999), (777, 333), (1500, 1500), (0, 50)))
BONUSES = st.sampled_from((None, ("mem_leader", 1), ("mem_1", 400), ("mem_leader", 99_999)))
WHICH = st.integers(0, 9)

ARROWS = Arrows(
    CommissionRow,
    "commission_state",
    first={"pending"},
    then={"pending": {"released", "voided"}},
)


@dataclass
class Level:
    """What one level was announced, what is left of that, and whether it is theirs."""

    member_id: str
    announced_fen: int
    earned_fen: int
    state: str = "pending"


@dataclass
class Sale:
    """The order as a list of what was paid and what went back, and what follows from it."""

    goods_fen: int
    paid_fen: int
    rates_bp: tuple[int, ...]
    cut_fen: int = 0
    marketing_fen: int = 0
    bonus: tuple[str, int] | None = None
    state: OrderState = OrderState.PAID
    back_fen: list[int] = field(default_factory=list)
    open_fen: list[tuple[str, int]] = field(default_factory=list)
    levels: dict[int, Level] = field(default_factory=dict)

    @property
    def left_fen(self) -> int:
        """What nobody has asked for."""
        asked_fen = sum(self.back_fen) + sum(fen for _, fen in self.open_fen)
        return self.paid_fen - asked_fen

    def target_fen(self, whole: Fraction) -> int:
        """So much of the whole, in proportion to what is not refunded of the price."""
        price_fen = self.paid_fen - self.cut_fen - self.marketing_fen
        sold_fen = min(self.paid_fen - sum(self.back_fen), price_fen)
        if self.state not in SOLD or sold_fen < 1:
            return 0
        return int(whole * sold_fen / price_fen)

    def targets(self) -> dict[int, tuple[str, int]]:
        base_fen = self.goods_fen - self.cut_fen
        named = {
            level: (f"mem_{level}", self.target_fen(Fraction(base_fen * rate_bp, 10_000)))
            for level, rate_bp in enumerate(self.rates_bp, start=1)
        }
        if self.bonus is not None:
            member_id, bonus_fen = self.bonus
            named[0] = member_id, self.target_fen(Fraction(bonus_fen))
        return named

    def adjusted(self) -> dict[int, Level]:
        """The levels once somebody has looked after all of it."""
        levels = {level: replace(each) for level, each in self.levels.items()}
        for level, (member_id, target_fen) in self.targets().items():
            if level not in levels and target_fen > 0:
                levels[level] = Level(member_id, target_fen, target_fen)
            if level not in levels:
                continue
            each = levels[level]
            each.earned_fen = min(each.earned_fen, target_fen)
            if each.state == "pending" and target_fen == 0:
                each.state = "voided"
            if each.state == "pending" and self.may_be_released():
                each.state = "released"
        return levels

    def may_be_released(self) -> bool:
        return self.state is OrderState.SETTLED and not self.open_fen

    def waits(self, levels: dict[int, Level]) -> bool:
        """Whether a refund keeps something from being released."""
        pending = [each for each in levels.values() if each.state == "pending"]
        return self.state is OrderState.SETTLED and bool(self.open_fen and pending)


class CommissionMachine(RowsMachine):
    """One paid order of a group, with whoever brought its member."""

    arrows = (ARROWS,)

    @initialize(
        unit_price_fen=st.sampled_from((1, 7, 999, 2000, 99_999)),
        quantity=st.integers(1, 3),
        freight_fen=st.sampled_from((0, 0, 1, 800)),
        rates_bp=RATES_BP,
        stage=st.sampled_from((0, 1, 1, 2, 3, 4, 4)),
        bonus=BONUSES,
        cut=st.sampled_from((0, 0, 1, 500)),
    )
    def is_paid(
        self,
        unit_price_fen: int,
        quantity: int,
        freight_fen: int,
        rates_bp: tuple[int, ...],
        stage: int,
        bonus: tuple[str, int] | None,
        cut: int,
    ) -> None:
        goods_fen = unit_price_fen * quantity
        self.sale = Sale(goods_fen, goods_fen + freight_fen, rates_bp)
        self.withdrawn_fen = dict.fromkeys(MEMBERS, 0)
        self.refund_count = 0
        order = Order(
            order_id=ORDER_ID,
            member_id="mem_buyer",
            app_id="wx0",
            openid="o-buyer",
            request_fingerprint="f",
            sku_id="apples-5",
            product_id="apples",
            merchant_id="orchard",
            title="苹果",
            quantity=quantity,
            unit_price_fen=unit_price_fen,
            freight_fen=freight_fen,
            discount_fen=0,
            amount_fen=self.sale.paid_fen,
            address={},
            placed_at=NOON,
            pay_deadline=NOON,
            order_state=OrderState.PAID,
            uplines=tuple(Upline(f"mem_{n}", rate) for n, rate in enumerate(rates_bp, start=1)),
            commission_cap_bp=CAP_BP,
            paid_fen=self.sale.paid_fen,
            paid_at=NOON,
            refundable_fen=self.sale.paid_fen,
        )
        self.writes(lambda writes: orders.place(writes, order))
        if stage > 0:
            self.its_group_completes(bonus, cut, is_free=False)
            if stage % 2:
                self.somebody_looks_after_it(0)
        for _ in range(min(stage, 3) if stage > 1 else 0):
            self.it_goes_on()

    def order(self) -> Order:
        return orders.get(ORDER_ID)

    @precondition(lambda self: self.sale.state is OrderState.PAID)
    @rule(bonus=BONUSES, cut=st.sampled_from((0, 1, 500)), is_free=st.booleans())
    def its_group_completes(self, bonus: tuple[str, int] | None, cut: int, is_free: bool) -> None:
        """The price falls by as much as it can; a free leader gets back the rest."""
        order, sale = self.order(), self.sale
        sale.cut_fen = min(cut, order.unit_price_fen - 1) * order.quantity
        sale.marketing_fen = sale.paid_fen - sale.cut_fen if is_free else 0
        sale.bonus = None if is_free else bonus
        named = ((Why.LADDER, sale.cut_fen), (Why.LEADER_FREE, sale.marketing_fen))
        grants = tuple(Grant(why, fen) for why, fen in named if fen)
        sale.open_fen = [(each.why.value, each.amount_fen) for each in grants]
        sale.state = OrderState.TO_SHIP
        self.writes(
            lambda writes: refundable.let_ship(
                writes,
                order,
                Share(grants=grants, price_cut_fen=sale.cut_fen),
                refund_ids=[refund_id for refund_id, _ in sale.open_fen],
                leader_bonus=LeaderBonus(*sale.bonus) if sale.bonus else None,
                due_at=NOON,
            )
        )

    @precondition(lambda self: self.sale.state in SOLD)
    @rule()
    def it_goes_on(self) -> None:
        """Shipped, received, settled; but not with a refund in its way."""
        sale = self.sale
        self.clock.advance(7 * 24 * 3600)
        if sale.state is OrderState.TO_SHIP and (sale.left_fen or sale.marketing_fen):
            sale.state = ship(ORDER_ID, "SF", "1", clock=self.clock).order_state
        elif sale.state is OrderState.SHIPPED:
            sale.state = receive(ORDER_ID, clock=self.clock).order_state
        elif sale.state is OrderState.RECEIVED:
            sale.state = settle(ORDER_ID, clock=self.clock).order_state
            assert (sale.state is OrderState.SETTLED) == (not sale.open_fen)

    @precondition(lambda self: self.sale.state in SOLD and self.sale.left_fen > 0)
    @rule(amount_fen=st.sampled_from((1, 2, 333, 1000, 50_000)), all_of_it=st.booleans())
    def a_refund_is_asked_for(self, amount_fen: int, all_of_it: bool) -> None:
        order, sale = self.order(), self.sale
        fen = sale.left_fen if all_of_it else min(amount_fen, sale.left_fen)
        self.refund_count += 1
        refund_id = f"rfd_{self.refund_count}"
        if fen == sale.left_fen:
            self.writes(
                lambda writes: refundable.begin_ending(writes, order, refund_id, units_back_at=None)
            )
            sale.state = OrderState.REFUNDING
        else:
            self.writes(
                lambda writes: refundable.reserve(writes, order, refund_id, fen, undecided=False)
            )
        sale.open_fen.append((refund_id, fen))

    @precondition(lambda self: self.sale.open_fen)
    @rule(which=WHICH)
    def a_refund_has_reached_its_member(self, which: int) -> None:
        order, sale = self.order(), self.sale
        _, fen = sale.open_fen.pop(which % len(sale.open_fen))
        sale.back_fen.append(fen)
        self.writes(lambda writes: refundable.finish(writes, order, fen))
        sale.state = self.order().order_state

    @rule(behind=BEHIND)
    def somebody_looks_after_it(self, behind: int) -> None:
        before = self.written_levels()
        wanted = self.sale.adjusted()
        try:
            with self.memory.behind(behind):
                adjust(ORDER_ID, clock=self.clock)
            assert behind or not self.sale.waits(wanted)
        except ReleaseBlocked:
            assert behind or self.sale.waits(wanted)
        if not behind or self.written_levels() != before:
            self.sale.levels = wanted

    @precondition(lambda self: self.sale.state in SOLD)
    @rule(what=st.sampled_from(("asked", "back", "on", "asked once settled")))
    def somebody_looks_after_it_while_something_happens(self, what: str) -> None:
        """They have read before it happened, and write after."""
        part_fen = 1 + self.sale.left_fen // 3
        if what == "back" and not self.sale.open_fen and self.sale.left_fen > 1:
            self.a_refund_is_asked_for(part_fen, False)
        for _ in range(3 if what == "asked once settled" else 0):
            self.it_goes_on()
        before = self.memory.commit_count
        if what == "back" and self.sale.open_fen:
            self.a_refund_has_reached_its_member(0)
        elif what.startswith("asked") and self.sale.left_fen > 1:
            self.a_refund_is_asked_for(part_fen, False)
        elif what == "on":
            self.it_goes_on()
        self.somebody_looks_after_it(self.memory.commit_count - before)

    @rule()
    def two_look_after_it_at_once(self) -> None:
        """The second has read before the first has written, and writes a second later."""
        before = self.memory.commit_count
        self.somebody_looks_after_it(0)
        self.clock.advance(1)
        self.somebody_looks_after_it(self.memory.commit_count - before)

    @rule(member_id=st.sampled_from(MEMBERS), share=st.sampled_from((1, 2)))
    def a_member_takes_money_out(self, member_id: str, share: int) -> None:
        available_fen = self.available_fen(member_id) // share
        if available_fen < 1:
            return
        name = f"wdr{self.memory.commit_count}"
        taken = recipes.withdrawal_reserved(member_id, name, available_fen, now=self.clock.now())
        paid = recipes.withdrawal_ended(
            member_id, name, available_fen, paid=True, now=self.clock.now()
        )
        self.writes(lambda writes: ledger.reserve(writes, member_id, taken, name))
        self.writes(
            lambda writes: ledger.end_withdrawal(
                writes, member_id, paid, name, paid_fen=available_fen
            )
        )
        self.withdrawn_fen[member_id] += available_fen

    def available_fen(self, member_id: str) -> int:
        """What is released to them, less what they have taken out: below zero it is a debt."""
        own = [each for each in self.sale.levels.values() if each.member_id == member_id]
        released_fen = sum(each.earned_fen for each in own if each.state == "released")
        return released_fen - self.withdrawn_fen[member_id]

    def written_levels(self) -> dict[int, Level]:
        return {
            int(row.commission_level): Level(
                row.beneficiary_id,
                int(row.amount_fen),
                int(row.amount_fen) - int(row.reversed_fen or 0),
                row.commission_state,
            )
            for row in self.memory.rows(CommissionRow)
        }

    def transfers(self) -> list[Transfer]:
        rows = self.memory.rows(LedgerRow)
        return [transfer_of(row) for row in rows if row.transfer_id is not None]

    def looks_right(self) -> None:
        sale, levels = self.sale, self.written_levels()
        assert levels == sale.levels
        for each in levels.values():
            assert 0 <= each.earned_fen <= each.announced_fen
        referred_fen = sum(each.announced_fen for level, each in levels.items() if level)
        assert referred_fen * 10_000 <= (sale.goods_fen - sale.cut_fen) * CAP_BP
        self.the_books_hold_what_the_levels_say()

    def the_books_hold_what_the_levels_say(self) -> None:
        booked = self.transfers()
        for member_id in MEMBERS:
            row = self.memory.row(ledger.balance_key(member_id))
            balance = balance_of(row)
            own = [each for each in self.sale.levels.values() if each.member_id == member_id]
            pending_fen = sum(each.earned_fen for each in own if each.state == "pending")
            assert balance == Balance().after(member_account(member_id), booked)
            assert balance.available_fen == self.available_fen(member_id)
            assert balance.credits_pending_fen == pending_fen
            assert row is None or row.available_fen == balance.available_fen
        for pending in booked:
            if pending.phase is Phase.PENDING:
                parts = [each for each in booked if each.pending_id == pending.transfer_id]
                assert sum(each.amount_fen for each in parts) <= pending.amount_fen


def test_every_level_ends_at_its_target_whenever_somebody_looks_after_it(
    memory: InMemory,
) -> None:
    run(
        lambda: CommissionMachine(memory), settings(STEPS, max_examples=240, stateful_step_count=15)
    )
