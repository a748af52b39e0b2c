"""What uplines and a leader earn, whatever happens to the order and however often and late it is
looked after: the pure steps, without a database.
"""

from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.settings import WHOLE_BP
from chalicelib.commissions.model import (
    BONUS_LEVEL,
    Commission,
    CommissionState,
    Step,
    earners,
    is_release_blocked,
    next_step,
)
from chalicelib.ledger.transfers import Balance, Phase, Transfer, member_account
from chalicelib.orders.model import LeaderBonus, Order, OrderState, Upline
from tests.fakes import NOON

CAP_BP = 3000
MOST_STEPS = 3
"""Announced, taken back in part, released."""


def levels_of(order: Order) -> list[int]:
    return [earner.level for earner in earners(order)]


def granted_fen(order: Order) -> list[int]:
    """The refunds by which the group's rules give a part of the payment back."""
    return [fen for fen in (order.price_cut_fen, order.marketing_fen) if fen]


@dataclass
class Sale:
    """An order and what is earned on it; `follow` is what the verb does, without its commits."""

    order: Order
    asked_fen: int = 0
    grants_fen: list[int] = field(default_factory=list)
    commissions: dict[int, Commission] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    most_earned_fen: int = 0

    def refunds(self, amount_fen: int) -> None:
        """A refund that was asked for succeeds; what takes all that the rules leave ends the
        order.
        """
        part_fen = min(amount_fen, self.order.price_paid_fen - self.asked_fen)
        if part_fen:
            self.asked_fen += part_fen
            self._comes_back(part_fen)

    def grants(self) -> None:
        """One of the refunds that the rules give succeeds."""
        if self.grants_fen:
            self._comes_back(self.grants_fen.pop(0))
            self._opens(-1)

    def _comes_back(self, amount_fen: int) -> None:
        refunded_fen = self.order.refunded_fen + amount_fen
        state = self.order.order_state
        if self.asked_fen and self.asked_fen == self.order.price_paid_fen:
            all_back = refunded_fen == self.order.paid_fen
            state = OrderState.REFUNDED if all_back else OrderState.REFUNDING
        self.order = replace(self.order, refunded_fen=refunded_fen, order_state=state)

    def opens_refund(self) -> None:
        self._opens(1)

    def drops_refund(self) -> None:
        if self.order.open_refund_count > len(self.grants_fen):
            self._opens(-1)

    def _opens(self, more: int) -> None:
        still_open = self.order.open_refund_count + more
        self.order = replace(self.order, open_refund_count=still_open)

    def settles(self) -> None:
        sold = self.order.order_state is OrderState.TO_SHIP
        if sold and self.order.open_refund_count == 0:
            self.order = replace(self.order, order_state=OrderState.SETTLED, settled_at=NOON)

    def follow(self) -> None:
        """Take each level's steps until there is none left."""
        for earner in earners(self.order):
            for _ in range(MOST_STEPS):
                held = self.commissions.get(earner.level)
                step = next_step(self.order, earner, held, NOON)
                if step is None:
                    break
                assert step.before == held
                self.commissions[earner.level] = step.after
                self.transfers.append(step.transfer)
                self._note(step)
            held = self.commissions.get(earner.level)
            assert next_step(self.order, earner, held, NOON) is None

    def _note(self, step: Step) -> None:
        """What must hold at every moment, and the most that was ever earned together."""
        if step.releases:
            assert self.order.settled_at is not None
            assert self.order.open_refund_count == 0
        earned_fen = sum(one.earned_fen for one in self.commissions.values())
        self.most_earned_fen = max(self.most_earned_fen, earned_fen)

    def earned_fen(self, level: int) -> int:
        commission = self.commissions.get(level)
        return commission.earned_fen if commission is not None else 0

    def balances(self) -> dict[str, Balance]:
        accounts = [member_account(earner.member_id) for earner in earners(self.order)]
        return {account: Balance().after(account, self.transfers) for account in accounts}

    def of_member(self, account: str) -> list[Commission]:
        """What one member earns on it; a leader may be an upline too."""
        held = self.commissions.values()
        return [one for one in held if member_account(one.beneficiary_id) == account]


def paid_order(
    unit_price_fen: int,
    quantity: int,
    freight_fen: int,
    rates_bp: list[int],
    cut_fen: int,
    bonus: LeaderBonus | None,
    *,
    is_free: bool,
) -> Order:
    """An order of a complete group: the price has fallen by `cut_fen` a unit, as far as it can;
    what it then costs, the shop bears for a free leader.
    """
    amount_fen = unit_price_fen * quantity + freight_fen
    price_cut_fen = min(cut_fen, unit_price_fen - 1) * quantity
    marketing_fen = amount_fen - price_cut_fen if is_free else 0
    return Order(
        order_id="ord_1",
        member_id="mem_buyer",
        app_id="",
        openid="",
        request_fingerprint="",
        sku_id="apples-5",
        product_id="apples",
        merchant_id="orchard",
        title="",
        quantity=quantity,
        unit_price_fen=unit_price_fen,
        freight_fen=freight_fen,
        discount_fen=0,
        amount_fen=amount_fen,
        address={},
        placed_at=NOON,
        pay_deadline=NOON,
        order_state=OrderState.TO_SHIP,
        uplines=tuple(Upline(f"mem_{each}", rate) for each, rate in enumerate(rates_bp, start=1)),
        commission_cap_bp=CAP_BP,
        leader_bonus=None if is_free else bonus,
        paid_fen=amount_fen,
        price_cut_fen=price_cut_fen,
        marketing_fen=marketing_fen,
        open_refund_count=bool(price_cut_fen) + bool(marketing_fen),
    )


RATES = st.lists(st.integers(0, CAP_BP), min_size=1, max_size=2).filter(lambda r: sum(r) <= CAP_BP)
BONUSES = st.none() | st.builds(
    LeaderBonus, st.sampled_from(["mem_1", "mem_leader"]), st.integers(1, 99_999)
)
ORDERS = st.builds(
    paid_order,
    st.integers(1, 99_999),
    st.integers(1, 7),
    st.integers(0, 1500),
    RATES,
    st.just(0) | st.integers(1, 99_999),
    BONUSES,
    is_free=st.booleans(),
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["refunds", "grants", "opens_refund", "drops_refund", "settles", "nothing"]
        ),
        st.integers(1, 150_000),
        st.booleans(),
    ),
    max_size=20,
)


ALL_GRANTED = [("grants", 0, False)] * 2
"""Whatever the rules give back is back."""


def played(order: Order, events: list[tuple[str, int, bool]]) -> Sale:
    """The events in turn; after some of them the order is looked after, and at the end always."""
    sale = Sale(order, grants_fen=granted_fen(order))
    for name, amount_fen, followed in events:
        match name:
            case "refunds":
                sale.refunds(amount_fen)
            case "grants":
                sale.grants()
            case "opens_refund":
                sale.opens_refund()
            case "drops_refund":
                sale.drops_refund()
            case "settles":
                sale.settles()
        if followed:
            sale.follow()
    sale.follow()
    return sale


@given(ORDERS, EVENTS)
def test_each_level_ends_at_its_target_which_is_what_is_left_of_its_share(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, [*events, *ALL_GRANTED])

    kept_fen = order.paid_fen - order.price_cut_fen - order.marketing_fen
    left_fen = kept_fen - sale.asked_fen
    assert sale.order.paid_fen - sale.order.refunded_fen == left_fen
    for earner in earners(sale.order):
        whole = (order.goods_fen - order.price_cut_fen) * earner.rate_bp
        if earner.level == BONUS_LEVEL and order.leader_bonus is not None:
            whole = order.leader_bonus.amount_fen * WHOLE_BP
        earned_fen = sale.earned_fen(earner.level)
        assert earned_fen == earner.target_fen
        if kept_fen:
            rest = whole * left_fen - earned_fen * kept_fen * WHOLE_BP
            assert 0 <= rest < kept_fen * WHOLE_BP
        else:
            assert earned_fen == 0


@given(ORDERS, EVENTS)
def test_nobody_ever_earns_more_than_their_part_of_what_is_paid_in_the_end(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    for earner in earners(order):
        whole = (order.goods_fen - order.price_cut_fen) * earner.rate_bp
        if earner.level == BONUS_LEVEL and order.leader_bonus is not None:
            whole = order.leader_bonus.amount_fen * WHOLE_BP
        commission = sale.commissions.get(earner.level)
        if commission is not None:
            assert not order.is_free
            assert 0 <= commission.reversed_fen <= commission.amount_fen
            assert commission.amount_fen * WHOLE_BP <= whole


@given(ORDERS, EVENTS)
def test_together_the_levels_never_earn_more_than_the_cap(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    announced_fen = sum(one.amount_fen for one in sale.commissions.values())
    referred_fen = sum(one.amount_fen for one in sale.commissions.values() if not one.is_bonus)
    assert sale.most_earned_fen <= announced_fen
    assert referred_fen * WHOLE_BP <= (order.goods_fen - order.price_cut_fen) * CAP_BP


@given(ORDERS, EVENTS)
def test_nobody_earns_on_an_order_that_is_wholly_refunded(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, [*events, ("refunds", order.paid_fen, True), *ALL_GRANTED])

    # A free leader's order goes on although all of it is back, and nobody earns on that either.
    assert (sale.order.order_state is OrderState.REFUNDED) != order.is_free
    assert {sale.earned_fen(level) for level in levels_of(order)} <= {0}
    for balance in sale.balances().values():
        assert (balance.credits_pending_fen, balance.available_fen) == (0, 0)


@given(ORDERS, EVENTS)
def test_a_balance_is_what_is_announced_and_what_is_released(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    for account, balance in sale.balances().items():
        released_fen = sum(one.released_fen for one in sale.of_member(account))
        earned_fen = sum(one.earned_fen for one in sale.of_member(account))
        assert balance.available_fen == released_fen
        assert balance.credits_pending_fen == earned_fen - released_fen


@given(ORDERS, EVENTS)
def test_what_was_announced_is_released_and_taken_back_once_and_never_more(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)
    announced = {one.transfer_id: one for one in sale.transfers if one.phase is Phase.PENDING}

    assert len({one.transfer_id for one in sale.transfers}) == len(sale.transfers)
    for transfer_id, pending in announced.items():
        settled = [one.amount_fen for one in sale.transfers if one.pending_id == transfer_id]
        assert sum(settled) <= pending.amount_fen


@given(ORDERS, EVENTS)
def test_nothing_is_released_before_the_order_is_settled_or_while_a_refund_is_open(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    releases = [one for one in sale.transfers if one.phase is Phase.POST]
    released = [one for one in sale.commissions.values() if one.released_at is not None]
    assert len(releases) == len(released)
    assert not released or sale.order.settled_at is not None


@given(ORDERS, EVENTS)
def test_whatever_waits_although_the_order_is_settled_waits_for_a_refund(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    for commission in sale.commissions.values():
        waits = commission.commission_state is CommissionState.PENDING
        if waits and sale.order.order_state is OrderState.SETTLED:
            assert is_release_blocked(sale.order, commission)


@given(
    ORDERS,
    st.lists(st.integers(1, 150_000), max_size=6),
    st.lists(st.booleans(), min_size=16, max_size=16),
    st.randoms(use_true_random=False),
)
def test_every_order_of_events_reaches_the_same_end(
    order: Order, refunds_fen: list[int], followed: list[bool], chance: Random
) -> None:
    happened = [("refunds", amount_fen) for amount_fen in refunds_fen]
    happened += [("grants", 0), ("grants", 0)]
    happened += [("opens_refund", 0), ("drops_refund", 0), ("settles", 0)]
    shuffled = list(happened)
    chance.shuffle(shuffled)
    last = [("drops_refund", 0), ("settles", 0)]
    ends = [
        played(order, [(*event, often) for event, often in zip(told, followed, strict=False)])
        for told in ([*happened, *last], [*shuffled, *last])
    ]

    first, other = ends
    assert first.order.order_state is other.order.order_state
    for level in levels_of(order):
        assert first.earned_fen(level) == other.earned_fen(level)
    for account, balance in first.balances().items():
        same = other.balances()[account]
        assert balance.available_fen == same.available_fen
        assert balance.credits_pending_fen == same.credits_pending_fen
