"""Everyone at once, on DynamoDB's own engine: the verbs themselves from many threads, no HTTP
in between.

What must hold: a last seat and a last unit are sold once, a payment and an expiry never both
win, and the books balance after every race.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.gateways.wechat_pay import Payment
from chalicelib.groups import store as groups
from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.groups.settle import settle
from chalicelib.kit.aws import forget_clients
from chalicelib.kit.errors import Refusal
from chalicelib.kit.tokens import Caller
from chalicelib.orders import store as orders
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.pay import pay
from chalicelib.orders.place import place
from chalicelib.orders.purchase import Placed, Purchase
from chalicelib.orders.schemas import Address
from chalicelib.reactions import Change, react
from chalicelib.refunds import store as refunds
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.sweeps import sweep_groups, sweep_orders
from tests.fakes import FakeClock
from tests.shop import ADDRESS, Shop, credentials
from tests.tables import PREFIX, REGION, create_tables, local_client

THREADS = 64


@pytest.fixture
def shop(dynamodb_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop on the engine, its tables its own; races are told through its verbs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", dynamodb_endpoint)
    monkeypatch.setenv("TABLE_PREFIX", PREFIX)
    forget_clients()
    client = local_client(dynamodb_endpoint)
    names = create_tables(client, PREFIX)
    shop = Shop(FakeClock())
    shop.stocks(1000)
    shop.campaign()
    yield shop
    shop.close()
    for name in names.values():
        client.delete_table(TableName=name)
    forget_clients()


def at_once(attempts: list[Callable[[], Any]]) -> list[Any]:
    """Run them all, starting together; what each gave or was refused with, in their order."""
    start = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return attempt()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def outcomes(results: list[Any]) -> Counter[str]:
    """How often each code was refused, and how often it worked."""
    return Counter(one.code if isinstance(one, Refusal) else "done" for one in results)


def purchase(shop: Shop, name: str, way: str, key: str = "the-only-key") -> Purchase:
    member = shop.member(name)
    return Purchase(
        caller=Caller(member.member_id, credentials().app_id),
        idempotency_key=key,
        way=way,
        sku_id="apples-5",
        quantity=1,
        address=Address(**ADDRESS),
    )


def payment_of(order_id: str, amount_fen: int) -> Payment:
    """What WeChat says once it is paid."""
    order = orders.get(order_id)
    return Payment(
        merchant_id=credentials().merchant_id,
        app_id=credentials().app_id,
        out_trade_no=order_id,
        transaction_id=f"42{order_id}",
        trade_state="SUCCESS",
        amount_fen=amount_fen,
        currency="CNY",
        payer_openid=order.openid,
        success_time=None,
        attach=order.group_id,
    )


def forming_group(shop: Shop, campaign_id: str = "autumn") -> str:
    opened = open_group(campaign_id, purchase(shop, "Lin", "open"), clock=shop.clock)
    pay(payment_of(opened.order.order_id, 1500), clock=shop.clock)
    return str(opened.order.group_id)


def joined(shop: Shop, group_id: str, name: str) -> Placed:
    return join(
        group_id,
        purchase(shop, name, "join"),
        clock=shop.clock,
        wechat_pay=shop.wiring.wechat_pay,
    )


def test_01_of_64_threads_on_the_last_seat_exactly_one_wins(shop: Shop) -> None:
    group_id = forming_group(shop)
    wanting = [purchase(shop, f"M{number}", "join") for number in range(THREADS)]
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay

    results = at_once(
        [lambda one=one: join(group_id, one, clock=clock, wechat_pay=wechat_pay) for one in wanting]
    )

    assert outcomes(results) == {"done": 1, "group_full": 63}
    group, seats = groups.find_with_seats(group_id)
    assert group is not None
    assert (group.seats_free, group.held_count, group.paid_count) == (0, 1, 1)
    assert len(seats) == 2
    assert len(shop.rows("orders")) == 2
    assert shop.units_left() == 998


def test_of_64_threads_on_the_last_unit_exactly_one_wins(shop: Shop) -> None:
    shop.stocks(1)
    wanting = [purchase(shop, f"M{number}", "solo") for number in range(THREADS)]

    results = at_once([lambda one=one: place(one, clock=shop.clock) for one in wanting])

    assert outcomes(results) == {"done": 1, "out_of_stock": 63}
    assert shop.units_left() == 0
    assert len(shop.rows("orders")) == 1


def test_64_repeats_of_one_request_make_one_order(shop: Shop) -> None:
    one = purchase(shop, "Lin", "open")

    results = at_once([lambda: open_group("autumn", one, clock=shop.clock)] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    assert Counter(placed.replayed for placed in results) == {False: 1, True: 63}
    assert len({placed.order.order_id for placed in results}) == 1
    assert shop.units_left() == 999


def test_64_notifications_of_one_payment_pay_once(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    opened = open_group("ten", purchase(shop, "Lin", "open"), clock=shop.clock)
    payment = payment_of(opened.order.order_id, 1500)

    results = at_once([lambda: pay(payment, clock=shop.clock)] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    group = groups.get(str(opened.order.group_id))
    assert (group.seats_free, group.held_count, group.paid_count) == (9, 0, 1)
    assert orders.get(opened.order.order_id).paid_fen == 1500


def test_all_members_paying_at_once_complete_the_group_once(shop: Shop) -> None:
    shop.campaign("crowd", size=32)
    group_id = forming_group(shop, "crowd")
    placed = [joined(shop, group_id, f"M{number}").order.order_id for number in range(31)]
    payments = [payment_of(order_id, 1500) for order_id in placed]

    results = at_once([lambda one=one: pay(one, clock=shop.clock) for one in payments])

    assert outcomes(results) == {"done": 31}
    group = groups.get(group_id)
    assert (group.group_state, group.paid_count, group.held_count) == ("complete", 32, 0)


@pytest.mark.parametrize("round_number", range(8))
def test_a_payment_against_its_expiry_leaves_one_outcome(shop: Shop, round_number: int) -> None:
    group_id = forming_group(shop)
    order_id = joined(shop, group_id, "Ann").order.order_id
    payment = payment_of(order_id, 1500)
    shop.advance(901)
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay

    at_once(
        [
            lambda: pay(payment, clock=clock),
            lambda: close_unpaid(order_id, "pay_deadline", clock=clock, wechat_pay=wechat_pay),
        ]
        * 4
    )

    order = orders.get(order_id)
    group = groups.get(group_id)
    kept = order.order_state == "paid"
    assert order.order_state == ("paid" if kept else "refunding")
    assert (group.seats_free, group.held_count, group.paid_count) == (
        (0, 0, 2) if kept else (1, 0, 1)
    )
    assert shop.units_left() == (998 if kept else 999)
    found = [refund["amount_fen"] for refund in shop.rows("refunds")]
    assert found == ([] if kept else [1500])


def test_sweeps_against_sweeps_fail_a_group_once_and_refund_each_seat_once(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    group_id = forming_group(shop, "ten")
    for name in ("Ann", "Bo"):
        pay(payment_of(joined(shop, group_id, name).order.order_id, 1500), clock=shop.clock)
    unpaid = joined(shop, group_id, "Cy").order.order_id
    shop.advance(3600)
    wired = shop.wiring

    at_once([lambda: sweep_groups(wired), lambda: sweep_orders(wired)] * 8)
    at_once([lambda: react(Change.GROUP_FAILED, group_id, wired)] * 16)

    assert groups.get(group_id).group_state == "failed"
    assert orders.get(unpaid).order_state == "cancelled"
    amounts = [refund["amount_fen"] for refund in shop.rows("refunds")]
    assert amounts == [1500, 1500, 1500]
    assert shop.units_left() == 1000
    assert "due_at" not in shop.rows("groups", kind="group")[0]


def test_a_join_against_the_deadline_never_leaves_a_seat_in_a_failed_group(shop: Shop) -> None:
    shop.campaign("ten", size=10)
    group_id = forming_group(shop, "ten")
    wanting = [purchase(shop, f"M{number}", "join") for number in range(8)]
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay
    group = groups.get(group_id)

    def call_time() -> object:
        groups.call_time(group, now=clock.now(), refusal=lambda _row: RuntimeError())
        return settle(group_id, clock=clock, wechat_pay=wechat_pay)

    at_once(
        [
            call_time,
            *(
                lambda one=one: join(group_id, one, clock=clock, wechat_pay=wechat_pay)
                for one in wanting
            ),
        ]
    )
    settle(group_id, clock=clock, wechat_pay=wechat_pay)

    after, seats = groups.find_with_seats(group_id)
    assert after is not None
    assert (after.group_state, after.held_count, after.paid_count) == ("failed", 0, 1)
    assert [seat.is_leader for seat in seats] == [True]
    live = shop.rows("orders", order_state="awaiting_payment")
    assert live == []


def test_a_refund_asked_for_from_64_threads_is_one_refund(shop: Shop) -> None:
    placed = place(purchase(shop, "Lin", "solo"), clock=shop.clock)
    pay(payment_of(placed.order.order_id, 2000), clock=shop.clock)
    commands = [
        RefundRequest(placed.order.order_id, f"key-{number % 8}", "不想要了")
        for number in range(THREADS)
    ]

    results = at_once([lambda one=one: request(one, clock=shop.clock) for one in commands])

    done = {one.refund.refund_id for one in results if not isinstance(one, Refusal)}
    assert len(done) == 1
    assert [refund["amount_fen"] for refund in shop.rows("refunds")] == [2000]
    assert refunds.get(done.pop()).ends_order
    assert shop.units_left() == 1000
