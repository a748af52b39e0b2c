"""A flash sale when all come in the same second, on DynamoDB's own engine: every unit is sold once,
none is stranded on a shard, and each that comes back comes back once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.kit.errors import Refusal, TryAgain
from chalicelib.kit.tokens import Caller
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.model import Order
from chalicelib.orders.pay import pay
from chalicelib.orders.purchase import Purchase
from chalicelib.orders.schemas import Address
from chalicelib.stock.return_units import return_units
from tests.fakes import FakeClock
from tests.flash import GROUP_PRICE_FEN, flash, lots, set_aside
from tests.races import at_once, outcomes, payment_of
from tests.shop import ADDRESS, Shop, credentials

THREADS = 32
BUYERS = 2000
UNITS = 500
MOST_TRIES = 40


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


def knows(shop: Shop, count: int) -> list[str]:
    """So many members, who signed in before the sale."""
    app_id, now = credentials().app_id, shop.clock.now()

    def create(number: int) -> str:
        member_id = f"mem_buyer{number:04d}"
        writes = WriteSet()
        members.create(writes, Member(member_id, now, identities={app_id: f"openid-{number}"}))
        writes.commit()
        return member_id

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(create, range(count)))


def wanting(member_id: str, quantity: int) -> Purchase:
    return Purchase(
        caller=Caller(member_id, credentials().app_id),
        idempotency_key="the-only-key",
        way="flash",
        sku_id="apples-5",
        quantity=quantity,
        address=Address(**ADDRESS),
    )


def insisting(attempt: Callable[[], Any]) -> Any:
    """What a phone does that is told to try again, or told nothing: the same once more."""
    for _ in range(MOST_TRIES):
        try:
            return attempt()
        except (TryAgain, BotoCoreError):
            continue
    raise AssertionError("it was never answered")


@dataclass
class Rush:
    """Buyers, in the order in which they come, and the groups that wait for a second member."""

    shop: Shop
    buyers: SimpleQueue[Purchase]
    waiting: SimpleQueue[str] = field(default_factory=SimpleQueue)
    refused: list[str] = field(default_factory=list)
    sold: list[int] = field(default_factory=list)

    def goes_on(self) -> None:
        """One of the threads: one buyer after the other, until nobody is left."""
        while (buyer := _next(self.buyers)) is not None:
            group_id = _next(self.waiting)
            try:
                order = insisting(partial(self._place, buyer, group_id))
            except Refusal as refusal:
                self.refused.append(refusal.code)
                if group_id is not None:
                    self.waiting.put(group_id)
                continue
            payment = payment_of(order.order_id, GROUP_PRICE_FEN * order.quantity)
            insisting(partial(pay, payment, clock=self.shop.clock))
            self.sold.append(order.quantity)
            if group_id is None:
                self.waiting.put(str(order.group_id))

    def _place(self, buyer: Purchase, group_id: str | None) -> Order:
        clock, wechat_pay = self.shop.clock, self.shop.wiring.wechat_pay
        if group_id is None:
            return open_group("flash", buyer, clock=clock).order
        return join(group_id, buyer, clock=clock, wechat_pay=wechat_pay).order


def _next(queue: SimpleQueue[Any]) -> Any:
    try:
        return queue.get_nowait()
    except Empty:
        return None


def test_of_2000_buyers_on_500_units_over_8_shards_exactly_500_are_sold(shop: Shop) -> None:
    flash(shop, UNITS, shards=8)
    rush = Rush(shop, SimpleQueue())
    for number, member_id in enumerate(knows(shop, BUYERS)):
        rush.buyers.put(wanting(member_id, number % 3 + 1 if number < BUYERS // 2 else 1))

    at_once([rush.goes_on] * THREADS)

    assert sum(rush.sold) == UNITS
    assert set(rush.refused) == {"out_of_stock"}
    assert len(rush.sold) + len(rush.refused) == BUYERS
    assert lots(shop) == [0] * 8, "no unit is stranded"
    assert (shop.units_left(), set_aside(shop)) == (1000 - UNITS, UNITS)
    placed = shop.rows("orders")
    assert sum(order["quantity"] for order in placed) == UNITS
    assert {order["paid_fen"] // order["quantity"] for order in placed} == {GROUP_PRICE_FEN}
    assert {order["stock_shard"] for order in placed} == set(range(8))
    assert {1, 2, 3} == set(rush.sold)
    shop.assert_audit_is_clean()


def test_the_last_units_on_many_shards_go_to_whoever_wants_several(shop: Shop) -> None:
    flash(shop, 24, shards=24)
    wanted = [wanting(member_id, 3) for member_id in knows(shop, 40)]
    opens = [partial(open_group, "flash", one, clock=shop.clock) for one in wanted]

    results = at_once([partial(insisting, each) for each in opens])

    assert outcomes(results) == {"done": 8, "out_of_stock": 32}
    assert (lots(shop), set_aside(shop)) == ([0] * 24, 24)
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(3))
def test_who_buys_and_who_leaves_against_the_end_of_the_sale(shop: Shop, round_number: int) -> None:
    flash(shop, 40, shards=4)
    clock, wechat_pay, people = shop.clock, shop.wiring.wechat_pay, knows(shop, 36)
    held = [open_group("flash", wanting(one, 3), clock=clock).order for one in people[:8]]
    opens = [partial(open_group, "flash", wanting(one, 1), clock=clock) for one in people[8:]]
    leaves = [
        partial(close_unpaid, order.order_id, "member", clock=clock, wechat_pay=wechat_pay)
        for order in held
    ]
    over = FakeClock(clock.now())
    over.advance(3600)
    ends = [partial(return_units, f"apples-5#flash#{number}", clock=over) for number in range(4)]

    everybody: list[Callable[[], Any]] = [*opens, *leaves, *ends]
    results = at_once([partial(insisting, each) for each in everybody])

    counted = outcomes(results)
    bought = counted["done"] - len(leaves) - len(ends)
    assert counted == {"done": bought + 12, "out_of_stock": len(opens) - bought}
    assert (lots(shop), set_aside(shop)) == ([0] * 4, 0)
    assert shop.units_left() == 1000 - bought
    shop.assert_audit_is_clean()
