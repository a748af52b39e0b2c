"""The books as a machine: whatever is earned, taken back, set aside, paid out, closed and booked
again, each balance is what its transfers add up to, and debits equal credits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.kit.errors import Refusal
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.errors import AccountClosed, InsufficientBalance, WithdrawalOpen
from chalicelib.ledger.recipes import COMMISSION, LEADER_BONUS, Earning
from chalicelib.ledger.store import LedgerRow, balance_of
from chalicelib.ledger.transfers import (
    Account,
    Balance,
    Phase,
    Transfer,
    member_account,
    sales_account,
)
from tests.in_memory import InMemory
from tests.machines import RowsMachine, memory, run
from tests.money import transfer_of

__all__ = ["memory"]

MEMBERS = ("mem_lin", "mem_ann")
MEMBER = st.sampled_from(MEMBERS)
FEN = st.sampled_from((1, 2, 99, 100, 101, 5_000, 10**9))
WHICH = st.integers(0, 9)


@dataclass
class Earned:
    """A commission or bonus: what is left of it, and whether it is theirs."""

    name: str
    earning: Earning
    fen: int
    is_released: bool = False


@dataclass
class Purse:
    """What one member has earned and taken out, as a list of facts."""

    earned: list[Earned] = field(default_factory=list)
    under_way: tuple[str, int] | None = None
    withdrawn_fen: int = 0
    is_closed: bool = False

    def fen(self, *, released: bool) -> int:
        return sum(each.fen for each in self.earned if each.is_released is released)

    @property
    def on_its_way_fen(self) -> int:
        return self.under_way[1] if self.under_way is not None else 0

    @property
    def available_fen(self) -> int:
        return self.fen(released=True) - self.withdrawn_fen - self.on_its_way_fen


class LedgerMachine(RowsMachine):
    """Two members and the shop's own accounts."""

    def __init__(self, memory: InMemory) -> None:
        super().__init__(memory)
        self.purses = {member_id: Purse() for member_id in MEMBERS}
        self.shop: list[Transfer] = []
        self.sequence = 0

    @initialize(parts=st.integers(0, 3))
    def have_earned_before(self, parts: int) -> None:
        """A commission that is theirs, less what was taken back since, and one that is not yet."""
        for member_id in MEMBERS:
            self.earns(member_id, 5_000, COMMISSION, False)
            self.is_released(member_id, 0)
            for _ in range(parts):
                self.loses_a_part(member_id, 0, 3)
            self.earns(member_id, 101, LEADER_BONUS, False)

    def name(self, prefix: str) -> str:
        self.sequence += 1
        return f"{prefix}{self.sequence}"

    def commits(self, *adds: Callable[[WriteSet], object]) -> Exception | None:
        """Why it is refused, having changed nothing."""
        before = self.memory.now
        try:
            writes = WriteSet()
            for add in adds:
                add(writes)
            writes.commit()
        except (Refusal, Changed, AccountClosed) as refusal:
            assert self.memory.now == before
            return refusal
        return None

    @rule(
        member_id=MEMBER,
        fen=FEN,
        earning=st.sampled_from((COMMISSION, LEADER_BONUS)),
        twice=st.sampled_from((False, False, True)),
    )
    def earns(self, member_id: str, fen: int, earning: Earning, twice: bool) -> None:
        name = self.name("com_")
        accrued = recipes.commission_accrued(
            member_id, "ord", name, fen, earning=earning, now=self.clock.now()
        )

        def add(writes: WriteSet) -> None:
            ledger.earn(writes, member_id, accrued, opens=True)

        refusal = self.commits(add)
        purse = self.purses[member_id]
        assert isinstance(refusal, AccountClosed) == purse.is_closed
        if refusal is None:
            purse.earned.append(Earned(name, earning, fen))
        if twice:
            assert self.commits(add) is not None

    @rule(member_id=MEMBER, which=WHICH, share=st.sampled_from((1, 2, 3)))
    def loses_a_part(self, member_id: str, which: int, share: int) -> None:
        """A refund takes back what is announced, or what is theirs already."""
        purse = self.purses[member_id]
        standing = [each for each in purse.earned if each.fen]
        if not standing:
            return
        one = standing[which % len(standing)]
        lost_fen = -(-one.fen // share)
        recipe = recipes.commission_clawed_back if one.is_released else recipes.commission_reversed
        one.fen -= lost_fen
        change = recipe(
            member_id,
            "ord",
            one.name,
            lost_fen,
            target_fen=one.fen,
            earning=one.earning,
            now=self.clock.now(),
        )
        assert self.commits(lambda writes: ledger.earn(writes, member_id, change)) is None

    @rule(member_id=MEMBER, which=WHICH)
    def is_released(self, member_id: str, which: int) -> None:
        purse = self.purses[member_id]
        waiting = [each for each in purse.earned if each.fen and not each.is_released]
        if not waiting:
            return
        one = waiting[which % len(waiting)]
        released = recipes.commission_released(
            member_id, "ord", one.name, one.fen, earning=one.earning, now=self.clock.now()
        )
        assert self.commits(lambda writes: ledger.earn(writes, member_id, released)) is None
        one.is_released = True

    @rule(member_id=MEMBER, off_by_fen=st.sampled_from((0, 0, 1, -1, 5_000)))
    def asks_for_money(self, member_id: str, off_by_fen: int) -> None:
        """All that is available, or a little more or less."""
        purse = self.purses[member_id]
        fen = max(purse.available_fen, 0) + off_by_fen
        if fen < 1:
            return
        name = self.name("wdr")
        reserved = recipes.withdrawal_reserved(member_id, name, fen, now=self.clock.now())
        refusal = self.commits(lambda writes: ledger.reserve(writes, member_id, reserved, name))
        if purse.under_way is not None:
            assert isinstance(refusal, WithdrawalOpen)
        elif fen > purse.available_fen or purse.is_closed:
            assert isinstance(refusal, InsufficientBalance)
        else:
            assert refusal is None
            purse.under_way = name, fen

    @rule(member_id=MEMBER, paid=st.booleans(), other=st.sampled_from((False, False, True)))
    def a_withdrawal_ends(self, member_id: str, paid: bool, other: bool) -> None:
        """The one under way; or one that is not, which nobody believes."""
        purse, now = self.purses[member_id], self.clock.now()
        name, fen = purse.under_way if purse.under_way and not other else ("wdr0", 1)
        ended = recipes.withdrawal_ended(member_id, name, fen, paid=paid, now=now)
        fee_fen = fen // 3
        split = recipes.withdrawal_split(
            name, net_fen=fen - fee_fen, fee_fen=fee_fen, tax_fen=0, now=now
        )
        booked = split if paid else []
        refusal = self.commits(
            lambda writes: ledger.end_withdrawal(
                writes, member_id, ended, name, paid_fen=fen if paid else 0
            ),
            *(
                lambda writes, each=each: ledger.book(writes, f"withdrawal:{name}", each)
                for each in booked
            ),
        )
        assert (refusal is None) == (purse.under_way is not None and not other)
        if refusal is None:
            purse.under_way = None
            purse.withdrawn_fen += fen if paid else 0
            self.shop += booked

    @rule(member_id=MEMBER, is_sure=st.sampled_from((False, False, False, True)))
    def leaves(self, member_id: str, is_sure: bool) -> None:
        purse = self.purses[member_id]
        if not is_sure:
            return
        may = purse.available_fen == 0 and not purse.fen(released=False) and not purse.under_way
        refusal = self.commits(
            lambda writes: ledger.close(
                writes, member_id, now=self.clock.now(), refusal=lambda _row: Changed()
            )
        )
        assert (refusal is None) == may
        purse.is_closed = purse.is_closed or may

    @rule(fen=FEN, kind=st.sampled_from(("payment", "refund", "by_hand", "settlement", "voucher")))
    def something_is_booked(self, fen: int, kind: str) -> None:
        """Between the shop's own accounts, told twice."""
        order_id, now = self.name("ord_"), self.clock.now()
        match kind:
            case "payment":
                transfer = recipes.payment(order_id, fen, now=now)
            case "settlement":
                transfer = recipes.settlement(order_id, "orchard", fen, now=now)
            case "voucher":
                transfer = recipes.voucher(order_id, "orchard", fen, now=now)
            case _:
                is_by_hand = kind == "by_hand"
                refund_id = self.name("rfd_")
                transfer = recipes.refund(order_id, refund_id, fen, by_hand=is_by_hand, now=now)
        ledger.post(transfer)
        self.shop.append(transfer)
        self.clock.advance(1)
        ledger.post(transfer)

    @precondition(lambda self: self.shop)
    @rule(which=WHICH)
    def something_is_booked_again(self, which: int) -> None:
        again = self.shop[which % len(self.shop)]
        before = self.memory.now
        if again.about.startswith("ord_"):
            ledger.post(again)
        else:
            account_id = f"withdrawal:{again.about}"
            refusal = self.commits(lambda writes: ledger.book(writes, account_id, again))
            assert isinstance(refusal, Changed)
        assert self.memory.now == before

    def booked(self) -> list[Transfer]:
        rows = self.memory.rows(LedgerRow)
        return [transfer_of(row) for row in rows if row.transfer_id is not None]

    def looks_right(self) -> None:
        booked = self.booked()
        for member_id, purse in self.purses.items():
            row = self.memory.row(ledger.balance_key(member_id))
            balance = balance_of(row)
            assert balance == Balance().after(member_account(member_id), booked)
            assert balance.available_fen == purse.available_fen
            assert row is None or (row.available_fen or 0) == purse.available_fen
            assert balance.credits_pending_fen == purse.fen(released=False)
            assert balance.debits_pending_fen == purse.on_its_way_fen
            assert row is None or (row.withdrawn_fen or 0) == purse.withdrawn_fen
        self.debits_equal_credits(booked)
        self.nothing_pending_is_overdrawn(booked)

    def debits_equal_credits(self, booked: list[Transfer]) -> None:
        accounts = {*(each.debit_account for each in booked)}
        accounts |= {*(each.credit_account for each in booked)}
        sums = [Balance().after(account, booked) for account in accounts]
        assert sum(each.debits_posted_fen - each.credits_posted_fen for each in sums) == 0
        assert sum(each.debits_pending_fen - each.credits_pending_fen for each in sums) == 0
        payouts = Balance().after(Account.PAYOUTS, booked)
        assert payouts.credits_posted_fen == payouts.debits_posted_fen
        held = Balance().after(Account.CUSTOMER_FUNDS, booked)
        assert held == Balance().after(Account.CUSTOMER_FUNDS, self.shop)
        sold = Balance().after(sales_account("orchard"), booked)
        assert sold == Balance().after(sales_account("orchard"), self.shop)

    def nothing_pending_is_overdrawn(self, booked: list[Transfer]) -> None:
        assert len({each.transfer_id for each in booked}) == len(booked)
        for pending in booked:
            if pending.phase is Phase.PENDING:
                parts = [each for each in booked if each.pending_id == pending.transfer_id]
                assert sum(each.amount_fen for each in parts) <= pending.amount_fen


def test_every_balance_is_the_sum_of_its_transfers_and_debits_equal_credits(
    memory: InMemory,
) -> None:
    run(lambda: LedgerMachine(memory))
