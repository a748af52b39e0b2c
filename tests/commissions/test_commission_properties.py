"""What uplines earn, whatever happens to the order and however often and late it is looked after:
the pure steps, without a database.
"""

from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.settings import WHOLE_BP
from chalicelib.commissions.model import (
    Commission,
    CommissionState,
    Step,
    earners,
    is_release_blocked,
    next_step,
    target_fen,
)
from chalicelib.ledger.transfers import Balance, Phase, Transfer, member_account
from chalicelib.orders.model import Order, OrderState, Upline
from tests.fakes import NOON

CAP_BP = 3000
MOST_STEPS = 3
"""Announced, taken back in part, released."""


def levels_of(order: Order) -> list[int]:
    return [earner.level for earner in earners(order)]


@dataclass
class Sale:
    """An order and what is earned on it; `follow` is what the verb does, without its commits."""

    order: Order
    commissions: dict[int, Commission] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    most_earned_fen: int = 0

    def refunds(self, amount_fen: int) -> None:
        """A refund succeeds; the last part ends the order."""
        left_fen = self.order.paid_fen - self.order.refunded_fen
        refunded_fen = self.order.refunded_fen + min(amount_fen, left_fen)
        whole = refunded_fen == self.order.paid_fen
        state = OrderState.REFUNDED if whole else self.order.order_state
        self.order = replace(self.order, refunded_fen=refunded_fen, order_state=state)

    def opens_refund(self) -> None:
        self.order = replace(self.order, open_refund_count=self.order.open_refund_count + 1)

    def drops_refund(self) -> None:
        still_open = max(self.order.open_refund_count - 1, 0)
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
        accounts = [member_account(upline.member_id) for upline in self.order.uplines]
        return {account: Balance().after(account, self.transfers) for account in accounts}


def paid_order(unit_price_fen: int, quantity: int, freight_fen: int, rates_bp: list[int]) -> Order:
    amount_fen = unit_price_fen * quantity + freight_fen
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
        paid_fen=amount_fen,
    )


RATES = st.lists(st.integers(0, CAP_BP), min_size=1, max_size=2).filter(lambda r: sum(r) <= CAP_BP)
ORDERS = st.builds(
    paid_order, st.integers(1, 99_999), st.integers(1, 7), st.integers(0, 1500), RATES
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["refunds", "opens_refund", "drops_refund", "settles", "nothing"]),
        st.integers(1, 150_000),
        st.booleans(),
    ),
    max_size=20,
)


def played(order: Order, events: list[tuple[str, int, bool]]) -> Sale:
    """The events in turn; after some of them the order is looked after, and at the end always."""
    sale = Sale(order)
    for name, amount_fen, followed in events:
        match name:
            case "refunds":
                sale.refunds(amount_fen)
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
    sale = played(order, events)

    for level, upline in enumerate(sale.order.uplines, start=1):
        assert sale.earned_fen(level) == target_fen(sale.order, upline.rate_bp)
        left_fen = sale.order.paid_fen - sale.order.refunded_fen
        share = sale.order.goods_fen * upline.rate_bp * left_fen
        assert share - sale.earned_fen(level) * sale.order.paid_fen * WHOLE_BP >= 0
        assert share - sale.earned_fen(level) * sale.order.paid_fen * WHOLE_BP < (
            sale.order.paid_fen * WHOLE_BP
        )


@given(ORDERS, EVENTS)
def test_together_the_levels_never_earn_more_than_the_cap(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    announced_fen = sum(one.amount_fen for one in sale.commissions.values())
    assert sale.most_earned_fen <= announced_fen
    assert announced_fen * WHOLE_BP <= order.goods_fen * CAP_BP


@given(ORDERS, EVENTS)
def test_nobody_earns_on_an_order_that_is_wholly_refunded(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, [*events, ("refunds", order.paid_fen, True)])

    assert sale.order.order_state is OrderState.REFUNDED
    assert [sale.earned_fen(level) for level in levels_of(order)] == [0] * len(order.uplines)
    for balance in sale.balances().values():
        assert (balance.credits_pending_fen, balance.available_fen) == (0, 0)


@given(ORDERS, EVENTS)
def test_a_balance_is_what_is_announced_and_what_is_released(
    order: Order, events: list[tuple[str, int, bool]]
) -> None:
    sale = played(order, events)

    for level, upline in enumerate(sale.order.uplines, start=1):
        balance = sale.balances()[member_account(upline.member_id)]
        commission = sale.commissions.get(level)
        released_fen = commission.released_fen if commission is not None else 0
        assert balance.available_fen == released_fen
        assert balance.credits_pending_fen == sale.earned_fen(level) - released_fen


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
    st.lists(st.booleans(), min_size=14, max_size=14),
    st.randoms(use_true_random=False),
)
def test_every_order_of_events_reaches_the_same_end(
    order: Order, refunds_fen: list[int], followed: list[bool], chance: Random
) -> None:
    happened = [("refunds", amount_fen) for amount_fen in refunds_fen]
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
