"""A SKU's units and a campaign's shards of them as a machine: set aside, taken by a plan made some
time ago, moved together, given back, and all of it the SKU's again at the end. No unit is made,
lost or sold twice.
"""

from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from chalicelib.kit.errors import InvalidRequest, Refusal
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.stock import store as stock
from chalicelib.stock.allot import allot
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.model import plan
from chalicelib.stock.return_units import return_units
from chalicelib.stock.store import StockRow
from tests.fakes import NOON
from tests.in_memory import InMemory
from tests.machines import BEHIND, RowsMachine, memory, run

__all__ = ["memory"]

SKU_ID, CAMPAIGN_ID = "apples-5", "autumn"
LASTS_SECONDS = 600
QUANTITY = st.integers(1, 9)


class StockMachine(RowsMachine):
    """One SKU, one campaign, and what orders hold: of the SKU itself, or of a shard."""

    @initialize(units=st.integers(0, 30), shards=st.integers(1, 4), aside=st.integers(0, 20))
    def is_put(self, units: int, shards: int, aside: int) -> None:
        self.units, self.shards = units, shards
        self.aside, self.is_over = 0, False
        self.ends_at = NOON
        self.held: list[tuple[int | None, int]] = []
        row = StockRow(sku_id=SKU_ID, shard=0, supplied=units, units_left=units)
        self.writes(lambda writes: writes.put(row))
        self.is_set_aside(min(aside, units), 0)

    @property
    def keys(self) -> list[Key[StockRow]]:
        return stock.shard_keys(SKU_ID, CAMPAIGN_ID, self.shards)

    def held_of(self, *, shards: bool) -> int:
        return sum(units for shard, units in self.held if (shard is not None) == shards)

    @property
    def units_left(self) -> int:
        """Of the SKU's own."""
        aside = self.held_of(shards=True) if self.is_over else self.aside
        return self.units - aside - self.held_of(shards=False)

    @rule(units=st.integers(0, 20), behind=BEHIND)
    def is_set_aside(self, units: int, behind: int) -> None:
        """So many in all, what is sold of it included; it may begin again once it was over."""
        held = self.held_of(shards=True)
        counts_now = held if self.is_over else self.aside
        until = self.clock.now() + timedelta(seconds=LASTS_SECONDS)
        verb = partial(allot, SKU_ID, CAMPAIGN_ID, units, shards=self.shards, until=until)
        may = units >= held and units - counts_now <= self.units_left
        answer = self.does(verb, behind=behind)
        assert isinstance(answer, InvalidRequest) != may or behind
        if answer is None:
            assert may
            self.aside, self.is_over, self.ends_at = units, False, until

    @rule(quantity=QUANTITY, start=st.integers(0, 3), behind=BEHIND)
    def somebody_buys_of_the_campaigns(self, quantity: int, start: int, behind: int) -> None:
        """They plan with what was left then; a plan that does not hold any more is made again."""
        left = 0 if self.is_over else self.aside - self.held_of(shards=True)
        taken_from: list[int] = []

        def verb() -> None:
            shards = stock.shards_in(read(*self.keys), self.keys)
            taking = plan(shards, quantity, start=start)
            if taking is None:
                raise OutOfStock()
            writes = WriteSet()
            stock.take(writes, SKU_ID, CAMPAIGN_ID, taking, quantity)
            writes.commit()
            taken_from.append(taking.shard)

        answer = self.does(lambda: until_settled(verb), behind=behind)
        assert (answer is None) == (quantity <= left) or behind
        if answer is None:
            assert quantity <= left
            self.held.append((taken_from[-1], quantity))

    @rule(quantity=QUANTITY)
    def somebody_buys_of_the_skus_own(self, quantity: int) -> None:
        left = self.units_left
        answer = self.does(
            lambda: self.writes(lambda writes: stock.reserve(writes, SKU_ID, quantity))
        )
        assert isinstance(answer, Refusal) == (quantity > left)
        if answer is None:
            self.held.append((None, quantity))

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 9), behind=BEHIND)
    def an_order_gives_its_units_back(self, which: int, behind: int) -> None:
        shard, quantity = self.held.pop(which % len(self.held))
        if shard is None:
            self.writes(lambda writes: stock.release(writes, SKU_ID, quantity))
            return
        with self.memory.behind(behind):
            until_settled(
                lambda: self.writes(
                    lambda writes: stock.give_back(writes, SKU_ID, CAMPAIGN_ID, shard, quantity)
                )
            )

    @rule(seconds=st.sampled_from((1, LASTS_SECONDS)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(behind=BEHIND)
    def the_sweep_comes(self, behind: int) -> None:
        """To each shard for itself; and once more, should what it has read have been old."""
        for shard in self.keys:
            for often in (behind, 0):
                with self.memory.behind(often):
                    return_units(shard.hash_value, clock=self.clock)
        self.is_over = self.is_over or self.clock.now() >= self.ends_at

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 9))
    def an_order_gives_back_just_when_it_is_over(self, which: int) -> None:
        """It has read that the shard is open, and writes when it is not."""
        self.clock.advance(LASTS_SECONDS)
        before = self.memory.commit_count
        self.the_sweep_comes(0)
        self.an_order_gives_its_units_back(which, self.memory.commit_count - before)

    def looks_right(self) -> None:
        own = self.memory.row(stock.stock_key(SKU_ID))
        rows = [self.memory.row(key) for key in self.keys]
        assert (own.supplied, own.units_left) == (self.units, self.units_left)
        assert own.units_left >= 0
        aside = [row for row in rows if row is not None and row.closed_at is None]
        assert (own.allotted or 0) == sum(row.supplied for row in aside)
        for number, row in enumerate(rows):
            held = sum(units for shard, units in self.held if shard == number)
            if row is not None:
                assert row.units_left >= 0
                assert row.supplied == row.units_left + held


def test_no_unit_is_made_lost_or_sold_twice(memory: InMemory) -> None:
    run(lambda: StockMachine(memory))
