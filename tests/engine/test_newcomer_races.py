"""Somebody who has never paid, everywhere at once, on DynamoDB's own engine: they are a newcomer in
one group at most, and in none once another order of theirs stood before it.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.kit.aws import dynamodb
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from tests.races import at_once, outcomes, payment_of, purchase
from tests.shop import Shop
from tests.streams import StreamsToTake, follow

THREADS = 32


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """A shop on the engine with a campaign of three for newcomers. Nobody has too many unpaid."""
    engine_shop.admin("put_settings", most_unpaid_orders=50)
    engine_shop.campaign("new", size=3, rules={"who": "newcomers"})
    return engine_shop


def forming_groups(shop: Shop, count: int) -> list[str]:
    """So many groups for newcomers, each led by somebody else."""
    opened = [
        open_group("new", purchase(shop, f"Leader {number}", "open"), clock=shop.clock).order
        for number in range(count)
    ]
    for order in opened:
        pay(payment_of(order.order_id, 1500), clock=shop.clock)
    return [str(order.group_id) for order in opened]


def joining(shop: Shop, group_id: str, name: str, key: str) -> Callable[[], Any]:
    """One request of hers for a seat."""
    wanted = purchase(shop, name, f"join:{group_id}", key)
    return partial(join, group_id, wanted, clock=shop.clock, wechat_pay=shop.wiring.wechat_pay)


def buying(shop: Shop, name: str, key: str) -> Callable[[], Any]:
    """One request of hers to buy alone."""
    return partial(place, purchase(shop, name, "solo", key), clock=shop.clock)


def counted(shop: Shop, name: str) -> int:
    member_id = shop.member(name).member_id
    (row,) = shop.rows("members", member_id=member_id, kind="buyer")
    return int(row["first_orders_count"])


def placed_first(streams: StreamsToTake) -> str:
    """The id of the order that was committed before all others, by the table's own stream."""
    inserted = [one for one in streams.take_of("orders") if one["eventName"] == "INSERT"]
    return str(inserted[0]["dynamodb"]["NewImage"]["order_id"]["S"])


def test_of_32_groups_at_once_a_newcomer_gets_into_one(shop: Shop) -> None:
    group_ids = forming_groups(shop, THREADS)

    results = at_once([joining(shop, each, "Ann", f"join-{each}") for each in group_ids])

    assert outcomes(results) == {"done": 1, "newcomers_only": 31}
    assert counted(shop, "Ann") == 1
    held = [row["held_count"] for row in shop.rows("groups", kind="group")]
    assert Counter(held) == {0: 31, 1: 1}
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(6))
def test_a_newcomer_s_seat_is_never_placed_after_an_order(shop: Shop, round_number: int) -> None:
    group_ids = forming_groups(shop, THREADS // 2)
    streams = follow(dynamodb())
    joins = [joining(shop, each, "Ann", f"join-{each}") for each in group_ids]
    solos = [buying(shop, "Ann", f"solo-key-{number}") for number in range(THREADS // 2)]
    mixed = [each for pair in zip(joins, solos, strict=True) for each in pair]

    results = at_once(mixed[:: 1 if round_number % 2 else -1])

    by_ann = shop.rows("orders", member_id=shop.member("Ann").member_id)
    seats = [order["order_id"] for order in by_ann if "group_id" in order]
    assert outcomes(results) == {"done": 16 + len(seats), "newcomers_only": 16 - len(seats)}
    assert seats in ([], [placed_first(streams)])
    assert counted(shop, "Ann") == len(by_ann) == 16 + len(seats)
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(6))
def test_seats_against_the_payment_and_the_end_of_the_order_before(
    shop: Shop, round_number: int
) -> None:
    group_ids = forming_groups(shop, THREADS // 2)
    alone = buying(shop, "Ann", "solo-key")().order.order_id
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay
    close = partial(close_unpaid, alone, "member", clock=clock, wechat_pay=wechat_pay)
    paid = partial(pay, payment_of(alone, 2000), clock=clock)
    joins = [joining(shop, each, "Ann", f"join-{each}") for each in group_ids]

    ends: list[Callable[[], Any]] = [close, paid] if round_number % 2 else [paid, close]
    at_once([*ends * 8, *joins])

    by_ann = shop.rows("orders", member_id=shop.member("Ann").member_id)
    seats = [order for order in by_ann if "group_id" in order]
    honoured = orders.get(alone).order_state == "to_ship"
    assert len(seats) == 0 if honoured else len(seats) <= 1
    assert counted(shop, "Ann") == len(seats) + honoured
    shop.assert_audit_is_clean()


def test_32_repeats_of_one_join_are_one_claim(shop: Shop) -> None:
    (group_id,) = forming_groups(shop, 1)

    results = at_once([joining(shop, group_id, "Ann", "the-only-key")] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    assert Counter(placed.replayed for placed in results) == {False: 1, True: 31}
    assert len({placed.order.order_id for placed in results}) == 1
    assert counted(shop, "Ann") == 1
    shop.assert_audit_is_clean()


def test_orders_placed_and_cancelled_at_once_leave_nobody_counted(shop: Shop) -> None:
    keys = [f"solo-key-{number}" for number in range(THREADS // 2)]
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay

    def places_and_cancels(buys: Callable[[], Any]) -> None:
        order_id = buys().order.order_id
        for _ in range(2):
            close_unpaid(order_id, "member", clock=clock, wechat_pay=wechat_pay)

    # Signed in before the race: the test client swaps the process's environment for each request.
    buyings = [buying(shop, "Ann", key) for key in keys * 2]
    at_once([partial(places_and_cancels, buys) for buys in buyings])

    assert {order["order_state"] for order in shop.rows("orders")} == {"cancelled"}
    assert counted(shop, "Ann") == 0
    assert shop.units_left() == 1000
    shop.assert_audit_is_clean()
