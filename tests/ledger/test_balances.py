"""A member's balance as pure arithmetic: whatever is earned, taken back and withdrawn, in whatever
order, it is what the transfers add up to.
"""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ledger import recipes
from chalicelib.ledger.transfers import Account, Balance, Phase, Transfer, member_account
from tests.fakes import NOON

LIN = "mem_lin"
LINS = member_account(LIN)
FEN = st.integers(1, 10**9)
SHARE_BP = st.integers(0, 10_000)


@dataclass
class Life:
    """What a member goes through, each event as the verbs would book it, or not at all."""

    booked: list[Transfer] = field(default_factory=list)
    pending_fen: dict[str, int] = field(default_factory=dict)
    released_fen: dict[str, int] = field(default_factory=dict)
    under_way: tuple[str, int] | None = None
    withdrawn_fen: int = 0

    @property
    def balance(self) -> Balance:
        return Balance().after(LINS, self.booked)

    def earns(self, number: int, amount_fen: int) -> None:
        name = f"com_{number}"
        self.pending_fen[name] = amount_fen
        self.booked.append(recipes.commission_accrued(LIN, "ord", name, amount_fen, now=NOON))

    def loses(self, number: int, share_bp: int) -> None:
        """A refund takes this much of the commission, rounded up, released or not."""
        for held, recipe in (
            (self.pending_fen, recipes.commission_reversed),
            (self.released_fen, recipes.commission_clawed_back),
        ):
            name = sorted(held)[number % len(held)] if held else ""
            lost_fen = -(-held.get(name, 0) * share_bp // 10_000)
            if lost_fen:
                held[name] -= lost_fen
                left = held[name]
                change = recipe(LIN, "ord", name, lost_fen, target_fen=left, now=NOON)
                self.booked.append(change)

    def is_released(self, number: int) -> None:
        waiting = sorted(name for name, fen in self.pending_fen.items() if fen)
        if waiting:
            name = waiting[number % len(waiting)]
            fen = self.pending_fen.pop(name)
            self.released_fen[name] = fen
            self.booked.append(recipes.commission_released(LIN, "ord", name, fen, now=NOON))

    def asks(self, number: int, amount_fen: int) -> None:
        if self.under_way is not None or self.balance.available_fen < amount_fen:
            return
        self.under_way = (f"wdr{number}", amount_fen)
        self.booked.append(recipes.withdrawal_reserved(LIN, *self.under_way, now=NOON))

    def ends(self, *, paid: bool, fee_bp: int) -> None:
        if self.under_way is None:
            return
        withdrawal_id, gross_fen = self.under_way
        fee_fen = gross_fen * fee_bp // 20_000
        self.booked.append(recipes.withdrawal_ended(LIN, *self.under_way, paid=paid, now=NOON))
        if paid:
            self.withdrawn_fen += gross_fen
            tax_fen = fee_fen // 3
            net_fen = gross_fen - fee_fen - tax_fen
            self.booked += recipes.withdrawal_split(
                withdrawal_id, net_fen=net_fen, fee_fen=fee_fen, tax_fen=tax_fen, now=NOON
            )
        self.under_way = None


EVENT = st.tuples(
    st.sampled_from(["earns", "loses", "is_released", "asks", "is_paid", "fails"]), FEN, SHARE_BP
)
EVENTS = st.lists(EVENT, max_size=40)


def lived(events: list[tuple[str, int, int]]) -> Life:
    life = Life()
    for number, (name, amount_fen, share_bp) in enumerate(events):
        match name:
            case "earns":
                life.earns(number, amount_fen)
            case "loses":
                life.loses(number, share_bp)
            case "is_released":
                life.is_released(number)
            case "asks":
                life.asks(number, amount_fen)
            case _:
                life.ends(paid=name == "is_paid", fee_bp=share_bp)
    return life


@given(EVENTS, st.randoms(use_true_random=False))
def test_a_balance_is_the_sum_of_its_transfers_in_whatever_order(
    events: list[tuple[str, int, int]], chance: Random
) -> None:
    booked = lived(events).booked
    one_by_one = Balance()
    for transfer in booked:
        one_by_one = one_by_one.after(LINS, [transfer])
    shuffled = list(booked)
    chance.shuffle(shuffled)

    assert one_by_one == Balance().after(LINS, booked) == Balance().after(LINS, shuffled)


@given(EVENTS)
def test_a_balance_holds_what_was_earned_less_what_was_lost_and_taken_out(
    events: list[tuple[str, int, int]],
) -> None:
    life = lived(events)
    balance = life.balance
    reserved_fen = life.under_way[1] if life.under_way is not None else 0

    assert balance.credits_pending_fen == sum(life.pending_fen.values())
    assert balance.debits_pending_fen == reserved_fen
    left_fen = sum(life.released_fen.values()) - life.withdrawn_fen - reserved_fen
    assert balance.available_fen == left_fen


@given(EVENTS)
def test_nobody_takes_out_more_than_was_released(events: list[tuple[str, int, int]]) -> None:
    life = lived(events)
    posted = [one for one in life.booked if one.phase is Phase.POST]
    released_fen = sum(one.amount_fen for one in posted if one.credit_account == LINS)

    assert life.withdrawn_fen <= released_fen


@given(EVENTS)
def test_a_pending_transfer_is_never_overdrawn(events: list[tuple[str, int, int]]) -> None:
    booked = lived(events).booked
    announced = {one.transfer_id: one for one in booked if one.phase is Phase.PENDING}

    assert len({one.transfer_id for one in booked}) == len(booked)
    for transfer_id, pending in announced.items():
        settled = [one.amount_fen for one in booked if one.pending_id == transfer_id]
        assert sum(settled) <= pending.amount_fen


@given(EVENTS, FEN)
def test_debits_equal_credits_over_all_accounts(
    events: list[tuple[str, int, int]], paid_fen: int
) -> None:
    booked = [
        recipes.payment("ord", paid_fen, now=NOON),
        recipes.settlement("ord", "orchard", paid_fen, now=NOON),
        *lived(events).booked,
    ]
    accounts = {*(one.debit_account for one in booked), *(one.credit_account for one in booked)}
    sums = [Balance().after(account, booked) for account in accounts]

    assert sum(one.debits_posted_fen - one.credits_posted_fen for one in sums) == 0
    assert sum(one.debits_pending_fen - one.credits_pending_fen for one in sums) == 0
    assert all(min(one.debits_pending_fen, one.credits_pending_fen) >= 0 for one in sums)


@given(EVENTS)
def test_what_is_paid_out_leaves_nothing_between_the_member_and_its_parts(
    events: list[tuple[str, int, int]],
) -> None:
    life = lived(events)
    payouts = Balance().after(Account.PAYOUTS, life.booked)
    parts = [Account.WECHAT, Account.FEE_INCOME, Account.TAX_PAYABLE]
    parts_fen = sum(Balance().after(part, life.booked).credits_posted_fen for part in parts)

    assert payouts.credits_posted_fen == payouts.debits_posted_fen == parts_fen
    assert parts_fen == life.withdrawn_fen
