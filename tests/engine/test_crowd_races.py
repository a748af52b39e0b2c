"""A crowd of 5,000 on DynamoDB's own engine: who comes, pays and is closed out at once, from 32
threads, is counted exactly once, whatever wins at the end of each shard.

One in five comes and pays through the verbs. The others make the same guarded writes to the crowd
without what a purchase reads first, so that it takes two to four minutes and not ten.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from chalicelib.audit.books import Books
from chalicelib.audit.everything import read_everything
from chalicelib.audit.invariants import INVARIANTS
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, Seat, SeatState
from chalicelib.groups.open import open_group
from chalicelib.groups.settle_crowd import settle_crowd
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.tokens import Caller
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members.store import MemberRow
from chalicelib.orders import store as order_store
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.errors import AlreadyPlaced
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.pay import pay
from chalicelib.orders.purchase import Purchase
from chalicelib.orders.schemas import Address
from chalicelib.rules.model import MOST_HEADS
from tests.crowds import DURATION_SECONDS
from tests.engine.dynamodb_local import Engine, running_engine
from tests.races import at_once, payment_of
from tests.shop import ADDRESS, Shop, credentials

COME, BY_VERBS, THREADS, SHARDS = 5000, 1000, 32, 16
RACING, NEVER_PAY = 320, 80
CHECKED = (
    "seats_add_up",
    "counts_match_seats",
    "crowds_add_up",
    "ended_groups_hold_no_seat",
    "seats_belong_to_orders",
    "paid_orders_have_one_place",
    "refundable_adds_up",
    "ended_orders_are_refunded_whole",
    "whatever_waits_is_due",
)


@pytest.fixture(scope="module")
def dynamodb_endpoint(engine: Engine) -> Iterator[str]:
    """An engine of its own, which is slow after so much and is not used for anything else. Asking
    for the other one says what is missing.
    """
    with running_engine() as own:
        yield own.endpoint


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """A shop on the engine with a crowd's campaign, and units for everybody."""
    offered = {"sku_id": "apples-5", "group_price_fen": 1500, "allotted_units": 2 * COME}
    rules = {"crowd": {"threshold": COME // 2, "shards": SHARDS}, "allotment": {"shards": 8}}
    engine_shop.stocks(3 * COME)
    engine_shop.campaign("super", rules=rules, duration_seconds=DURATION_SECONDS, skus=[offered])
    return engine_shop


def in_threads(attempt: Callable[[Any], Any], each: Sequence[Any]) -> list[Any]:
    """One after the other in each thread; what they gave, in their order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(partial(at_last, attempt), each))


def at_last(attempt: Callable[..., Any], *given: Any) -> Any:
    """What it gives once the engine, with so much to do, has answered in time. Whoever asks again
    says the same again, which is once.
    """
    while True:
        try:
            return attempt(*given)
        except (BotoCoreError, TryAgain):
            continue


def purchases(shop: Shop, count: int) -> list[Purchase]:
    """So many members, who are just there, and what each wants."""
    app_id, now = credentials().app_id, shop.clock.now()
    ids = [f"mem_{number}" for number in range(count)]
    for some in (ids[start : start + 25] for start in range(0, count, 25)):
        rows = (
            MemberRow(
                member_id=member_id,
                kind="profile",
                identities={app_id: f"openid-{member_id}"},
                created_at=now,
            )
            for member_id in some
        )
        puts = [{"PutRequest": {"Item": row.to_item()}} for row in rows]
        dynamodb().batch_write_item(RequestItems={MemberRow.table_name(): puts})
    return [
        Purchase(
            caller=Caller(member_id, app_id),
            idempotency_key="the-only-key",
            way="open:super",
            sku_id="apples-5",
            quantity=1,
            address=Address(**ADDRESS),
        )
        for member_id in ids
    ]


def pays(shop: Shop, order: Order) -> Order | None:
    return pay(payment_of(order.order_id, order.amount_fen), clock=shop.clock)


def comes(like: Order, crowd: Group, number: int) -> Order:
    """One more, as such an order."""
    order = replace(
        like,
        order_id=f"ord_{number}",
        member_id=f"mem_{number}",
        units_held=0,
        stock_shard=None,
        crowd_shard=number % SHARDS,
    )
    shard = replace(crowd, group_id=str(order.seat_group_id))
    seat = Seat(
        group_id=shard.group_id,
        member_id=order.member_id,
        order_id=order.order_id,
        seat_state=SeatState.HELD,
        is_leader=False,
        joined_at=order.placed_at,
        pay_deadline=order.pay_deadline,
        units=1,
    )
    writes = WriteSet()
    order_store.place(writes, order)
    groups.claim_seat(writes, shard, seat, now=order.placed_at)
    try:
        writes.commit()
    except AlreadyPlaced:  # the answer to the first attempt came too late
        return order
    return order


def has_paid(crowd: Group, order: Order) -> None:
    """The same of a payment."""
    shard = replace(crowd, group_id=str(order.seat_group_id), seats_total=MOST_HEADS)
    now = order.placed_at
    writes = WriteSet()
    order_store.mark_paid(
        writes,
        order,
        becomes=OrderState.PAID,
        transaction_id=f"42{order.order_id}",
        now=now,
        due_at=order.pay_deadline,
    )
    groups.pay_seat(writes, shard.group_id, order.seat_id, order.order_id)
    groups.take_payment(writes, shard)
    with suppress(Changed):  # likewise
        writes.commit()


def closes(shop: Shop, order: Order) -> Order:
    return close_unpaid(
        order.order_id, "pay_deadline", clock=shop.clock, wechat_pay=shop.wiring.wechat_pay
    )


def settles(shop: Shop, group_id: str) -> Group:
    """The sweep's part, again and again until it is done."""
    settle = partial(settle_crowd, clock=shop.clock, wechat_pay=shop.wiring.wechat_pay)
    settled: Group = at_last(settle, group_id)
    return settled


def _nothing(_books: Books, _id: str) -> Iterator[str]:
    return iter(())


def wrong(shop: Shop) -> Iterator[tuple[str, str, str]]:
    """What the audit's checks of groups and orders find."""
    books, stopped_at = read_everything(shop.clock.now(), time_left=lambda: True)
    assert stopped_at is None
    subjects = books.subjects()
    for name in CHECKED:
        for kind in ("group", "order"):
            check = INVARIANTS[name].get(kind, _nothing)
            for id in subjects[kind]:
                yield from ((name, id, said) for said in check(books, id))


def test_sweeps_against_sweeps_decide_a_crowd_once(shop: Shop) -> None:
    wanted = purchases(shop, 40)
    opens = partial(open_group, "super", clock=shop.clock)
    first = at_last(opens, wanted[0]).order
    orders = [first, *(placed.order for placed in in_threads(opens, wanted[1:]))]
    in_threads(partial(pays, shop), orders[:20])
    shop.advance(DURATION_SECONDS)

    results = at_once([partial(settles, shop, str(first.group_id))] * 4)

    assert {one.group_state.value for one in results} == {"failed"}
    assert {one.paid_count for one in results} == {20}
    assert list(wrong(shop)) == []


def test_of_all_who_open_a_crowd_at_once_one_does_and_the_others_come_to_it(shop: Shop) -> None:
    wanted = purchases(shop, 8)
    opens = partial(open_group, "super", clock=shop.clock)

    results = at_once([partial(at_last, opens, one) for one in wanted])

    assert len({placed.order.group_id for placed in results}) == 1
    heads = [row for row in shop.rows("groups", kind="group") if "crowd_shards" in row]
    assert len(heads) == 1
    shards = crowds.read_shards(groups.get(str(heads[0]["group_id"])))
    assert sum(shard.held_count for shard in shards) == 8
    assert list(wrong(shop)) == []


def test_a_crowd_of_5000_counts_exactly_while_payments_race_the_close_of_every_shard(
    shop: Shop,
) -> None:
    wanted = purchases(shop, BY_VERBS)
    opens = partial(open_group, "super", clock=shop.clock)
    first = at_last(opens, wanted[0]).order
    crowd = groups.get(str(first.group_id))
    others = in_threads(partial(comes, first, crowd), range(BY_VERBS, COME))
    orders = [first, *(placed.order for placed in in_threads(opens, wanted[1:]))]
    (group_id,) = {str(order.group_id) for order in orders}
    shards = crowds.read_shards(groups.get(group_id))
    assert sum(shard.held_count for shard in shards) == COME
    calm = orders[: -RACING - NEVER_PAY]
    racing, never = orders[-RACING - NEVER_PAY : -NEVER_PAY], orders[-NEVER_PAY:]
    assert {order.crowd_shard for order in racing} == set(range(SHARDS))
    in_threads(partial(has_paid, crowd), others)
    in_threads(partial(pays, shop), calm)

    shop.advance(DURATION_SECONDS)
    attempts: list[Callable[[], Any]] = [partial(pays, shop, order) for order in racing]
    attempts += [partial(closes, shop, order) for order in [*racing, *never]]
    random.Random(5000).shuffle(attempts)
    with ThreadPoolExecutor(THREADS) as pool:
        settling = [pool.submit(settles, shop, group_id) for _ in range(2)]
        done = [pool.submit(at_last, attempt) for attempt in attempts]
        settled = [one.result() for one in settling]
        assert len([one.result() for one in done]) == 2 * RACING + NEVER_PAY

    head = groups.get(group_id)
    assert {one.paid_count for one in settled} == {head.paid_count}
    states = Counter(row["order_state"] for row in at_last(shop.rows, "orders"))
    refunds = at_last(shop.rows, "refunds")
    assert head.group_state == "complete"
    assert states == {
        "paid": head.paid_count,
        "refunding": len(refunds),
        "cancelled": NEVER_PAY,
    }
    assert head.paid_count + len(refunds) + NEVER_PAY == COME
    assert {(row["cause"], row["amount_fen"]) for row in refunds} == {("late_payment", 1500)}
    early = len(others) + len(calm)
    assert early < head.paid_count < early + RACING
    shards = crowds.read_shards(head)
    assert {shard.headcount for shard in shards} == {head.paid_count}
    assert sum(shard.paid_count for shard in shards) == head.paid_count
    allotted = [row for row in shop.rows("stock") if "#" in row["sku_id"]]
    assert sum(row["units_left"] for row in allotted) == 2 * COME - (head.paid_count - len(others))
    assert list(wrong(shop)) == []
