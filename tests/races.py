"""What races are told with: a shop on DynamoDB's engine, and its verbs from many threads at once.

The verbs themselves, no HTTP in between: a Lambda serves one request at a time, a process of tests
does not.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.gateways.wechat_pay import Payment
from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.kit.aws import forget_clients
from chalicelib.kit.errors import Refusal
from chalicelib.kit.tokens import Caller
from chalicelib.orders import store as orders
from chalicelib.orders.pay import pay
from chalicelib.orders.purchase import Placed, Purchase
from chalicelib.orders.schemas import Address
from tests.fakes import FakeClock
from tests.shop import ADDRESS, Shop, credentials
from tests.tables import PREFIX, REGION, create_tables, local_client

THREADS = 64


@pytest.fixture
def engine_shop(dynamodb_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
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


def at_once(attempts: Sequence[Callable[[], Any]]) -> list[Any]:
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
