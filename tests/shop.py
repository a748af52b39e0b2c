"""A whole shop in this process: the real app over a DynamoDB in it (or another), the real WeChat
client against the sandbox.

Speaks the domain's words, so that a story reads as its name. Only time, the queue and the wire are
stand-ins; streams are read for real.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from secrets import token_bytes
from typing import Any

import requests
from botocore.exceptions import EndpointConnectionError
from chalice.test import Client

import app as handlers
from chalicelib import wiring
from chalicelib.catalog.recent_allotments import forget_allotments
from chalicelib.catalog.recent_settings import forget_settings
from chalicelib.gateways.wechat_api import WechatApi, silence
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import UNPAID
from chalicelib.rankings import leaderboard, show_ticker
from chalicelib.settings import Environment, Secrets
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.sandbox import Sandbox
from tests.fakes import FakeClock, FakeFiles, Queue
from tests.phones import Member, Placed, Reply
from tests.planted import plant_credentials, planted
from tests.promises import assert_kept
from tests.rows import plain
from tests.streams import StreamsToTake, follow
from tests.watched import Watched, app, function_for

WECHAT_URL = "https://wechat.test"
__all__ = ["Member", "Placed", "Reply", "Shop"]

OUR_URL = "https://shop.test"
SIGNING_KEY = "a signing key that only tests ever use"
DRAW_KEY = b64encode(b"a draw key that only tests use..").decode()
PAYEE_KEY = b64encode(b"a payee key only tests ever use.").decode()
SWEEPS = (
    "sweep_orders",
    "sweep_groups",
    "sweep_refunds",
    "sweep_commissions",
    "sweep_withdrawals",
)
ADDRESS = {
    "recipient": "林小满",
    "phone": "13800001234",
    "province": "浙江省",
    "city": "杭州市",
    "county": "西湖区",
    "detail": "文三路 1 号",
}


@cache
def credentials() -> Credentials:
    """Keys are slow to make; every shop of a test process shares them."""
    return Credentials.generate()


class Shop:
    """Everything together. Tables must exist already in the DynamoDB that the environment names.

    One shop at a time: it is the process's wiring from its making until `close`.
    """

    def __init__(
        self,
        clock: FakeClock,
        *,
        database: Any = None,
        entropy: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self.clock = clock
        self.queue = self._make_queue()
        self.files = FakeFiles()
        self._wire: Callable[[requests.PreparedRequest], requests.Response | None] = lambda _: None
        keys = credentials()
        self.sandbox = Sandbox(keys, clock.now, self._deliver, entropy=entropy)
        self.sandbox.configure(
            message_url=f"{OUR_URL}/v1/wechat/messages",
            complaint_url=f"{OUR_URL}/v1/wechat/complaints",
        )
        self.wiring = Watched(
            clock=clock,
            environment=Environment(
                wechat_app_id=keys.app_id,
                wechat_merchant_id=keys.merchant_id,
                admin_takes_money_commands=True,
            ),
            _secrets=self._secrets(keys),
            _wechat_pay=self._wechat_pay(keys),
            _wechat_api=self._make_wechat_api(keys),
            _refund_queue=self.queue,
            _files=self.files,
        )
        # Where no .chalice is, so that no stage's variables stand over the test's.
        self._client = Client(app, project_dir=str(Path(__file__).parent))
        self._streams = self._follow_streams(database or dynamodb())
        wiring.use(self.wiring)
        forget_settings()
        forget_allotments()
        leaderboard.forget_boards()
        show_ticker.forget_ticker()
        silence.end()

    def close(self) -> None:
        """Give the wiring back."""
        wiring.use(None)

    # People and goods

    def member(self, name: str) -> Member:
        code = self.sandbox.login_code(name).code
        reply = self.send("POST", "/v1/sessions", {"code": code})
        assert reply.status == 201, reply
        return Member(self, name, reply["token"], reply["member"]["member_id"])

    def stocks(
        self, units: int = 100, *, sku_id: str = "apples-5", solo_price_fen: int = 2000
    ) -> str:
        """A merchant with one product of one SKU; sending it again sets the total supplied."""
        self.admin("put_merchant", merchant_id="orchard", name="果园直供")
        product = self.product(sku_id=sku_id, units=units, solo_price_fen=solo_price_fen)
        self.admin("put_product", **product)
        return sku_id

    def product(
        self, *, sku_id: str = "apples-5", units: int = 100, solo_price_fen: int = 2000
    ) -> dict[str, Any]:
        """A product of one SKU, as an operator sends it."""
        sku = {"sku_id": sku_id, "title": "5斤装", "solo_price_fen": solo_price_fen, "stock": units}
        return {
            "product_id": sku_id.split("-", maxsplit=1)[0],
            "merchant_id": "orchard",
            "title": "红富士苹果",
            "skus": [sku],
        }

    def campaign(self, campaign_id: str = "autumn", **changes: Any) -> str:
        """A campaign of two on `apples-5` at 15 yuan that runs for a day."""
        fields = {
            "campaign_id": campaign_id,
            "title": "秋季拼团",
            "play": "team",
            "size": 2,
            "duration_seconds": 3600,
            "starts_at": self.at(-60),
            "ends_at": self.at(24 * 3600),
            "skus": [{"sku_id": "apples-5", "group_price_fen": 1500}],
            **changes,
        }
        self.admin("put_campaign", **fields)
        return campaign_id

    def ships(self, order: Placed, **changes: Any) -> Placed:
        """The merchant sends it, and WeChat hears of it."""
        fields = {"carrier": "SF", "tracking_no": "SF1001", **changes}
        self.admin("ship_order", order_id=order.order_id, **fields)
        self.settles()
        return order

    def decides(self, refund_id: str, decision: str = "approve", **fields: Any) -> Any:
        """An operator decides, and what follows happens."""
        decided = self.admin("decide_refund", refund_id=refund_id, decision=decision, **fields)
        self.settles()
        return decided

    def at(self, seconds: int) -> str:
        """The moment so many seconds from now, as an operator would write it."""
        return (self.clock.now() + timedelta(seconds=seconds)).isoformat()

    def purchase(self) -> dict[str, Any]:
        return {"sku_id": "apples-5", "quantity": 1, "address": ADDRESS}

    # Talking to it

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        planted.plant_body(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        answer = self._client.http.request(method, path, headers=sent, body=raw)
        is_json = "json" in answer.headers.get("Content-Type", "")
        content = json.loads(answer.body) if is_json else answer.body or None
        assert_kept(method, path, answer.status_code, answer.headers, content)
        return Reply(answer.status_code, content, dict(answer.headers))

    def tries_admin(self, command: str, **fields: Any) -> Any:
        event = {"command": command, **fields}
        return self._client.lambda_.invoke(function_for(command), event).payload

    def admin(self, command: str, **fields: Any) -> Any:
        answer = self.tries_admin(command, **fields)
        assert answer["ok"], answer
        return answer["result"]

    # Time and events

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def sweeps(self) -> None:
        """Each schedule fires once."""
        for name in SWEEPS:
            self.fires(name)

    def fires(self, schedule: str) -> None:
        """One schedule."""
        self._invoke(schedule, self._client.events.generate_cw_event("aws.events", "", {}, []))

    def streams_flow(self, *, times: int = 1) -> int:
        """Deliver what the streams hold, each batch so often, until they are empty; how many
        records.
        """
        delivered = 0
        while records := self._streams.take():
            for table, batch in [*records.items()] * times:
                self._invoke(f"relay_{table}", {"Records": batch})
                delivered += len(batch)
        return delivered

    def relays(self, table: str) -> None:
        """Deliver what one table's stream holds; what goes wrong then is not delivered again."""
        batch = self._streams.take_of(table)
        if batch:
            self._invoke(f"relay_{table}", {"Records": batch})

    def streams_are_lost(self) -> None:
        """What the streams hold is never delivered."""
        while self._streams.take():
            continue

    def works_queue(self) -> None:
        """The worker takes what waits, once."""
        taken = self.queue.take()
        if not taken:
            return
        bodies = [self.queue.bodies[refund_id] for refund_id, _ in taken]
        event = self._client.events.generate_sqs_event(bodies, "refunds")
        for number, record in enumerate(event["Records"]):
            record["messageId"] = str(number)
        answer = self._invoke("execute_refunds", event)
        for failure in answer["batchItemFailures"]:
            self.queue.failed(*taken[int(failure["itemIdentifier"])])

    def settles(self) -> None:
        """Streams, queue and WeChat's notifications, until nothing moves any more."""
        for _ in range(50):
            moved = self.streams_flow() + len(self.queue.waiting)
            self.works_queue()
            moved += self.sandbox.pump()
            if not moved:
                return
        raise AssertionError("it never came to rest")

    def passes(self, seconds: float) -> None:
        """Time passes, the schedules fire, and everything that follows happens."""
        self.advance(seconds)
        self.sweeps()
        self.settles()

    # Trouble

    def wechat_misses_closing(self, order: Placed, *, again_in: float | None = None) -> None:
        """The order is cancelled here, but WeChat lost our close and still takes the payment. We
        close it again after so many seconds, if at all.
        """
        placed = orders.get(order.order_id)
        now = self.clock.now()
        writes = WriteSet()
        due_at = None if again_in is None else now + timedelta(seconds=again_in)
        orders.mark_cancelled(writes, placed, reason="pay_deadline", now=now, due_at=due_at)
        give_back(writes, placed, UNPAID, now=now)
        writes.commit()

    @contextmanager
    def wechat_refuses(self, path: str, status: int = 403) -> Iterator[None]:
        """WeChat answers this path with a definite no, which names no cause we know."""
        refuse = {"code": "TRADE_ERROR", "message": "交易错误"}
        before = self._wire

        def wire(request: requests.PreparedRequest) -> requests.Response | None:
            if request.path_url != path:
                return before(request)
            response = requests.Response()
            response.status_code = status
            response._content = json.dumps(refuse).encode()
            return response

        self._wire = wire
        try:
            yield
        finally:
            self._wire = before

    def answers_for_wechat(self, request: requests.PreparedRequest) -> requests.Response | None:
        """What a test answers in the sandbox's place; None: nothing."""
        return self._wire(request)

    def moves_to(self, public_base_url: str) -> None:
        """The shop gets another address; WeChat is told of it from now on."""
        secrets = self._secrets(credentials()).model_copy(
            update={"public_base_url": public_base_url}
        )
        self.wiring._secrets = secrets

    def replaces_payee_keys(self, keys: dict[str, str]) -> None:
        """Payees are sealed with other keys from now on; what was sealed before stays so."""
        secrets = self._secrets(credentials()).model_copy(update={"payee_keys": keys})
        self.wiring._secrets = secrets

    def break_row(self, table: str, id_value: str, name: str, value: dict[str, str]) -> None:
        """Write something into a row that our code never would."""
        dynamodb().update_item(
            TableName=f"kaituan-test-{table}",
            Key={f"{table[:-1]}_id": {"S": id_value}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )

    @contextmanager
    def database_fails(self, *operations: str) -> Iterator[None]:
        """Every such call goes wrong, as when DynamoDB cannot be reached."""

        def refuse(**_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.test")

        events = [f"before-parameter-build.dynamodb.{operation}" for operation in operations]
        for event in events:
            dynamodb().meta.events.register(event, refuse)
        try:
            yield
        finally:
            for event in events:
                dynamodb().meta.events.unregister(event, refuse)

    @contextmanager
    def reads_of(self, *operations: str) -> Iterator[list[dict[str, Any]]]:
        """What such calls ask for, while it lasts."""
        asked: list[dict[str, Any]] = []

        def note(params: dict[str, Any], **_: Any) -> None:
            asked.append(params)

        events = [f"before-parameter-build.dynamodb.{operation}" for operation in operations]
        for event in events:
            dynamodb().meta.events.register(event, note)
        try:
            yield asked
        finally:
            for event in events:
                dynamodb().meta.events.unregister(event, note)

    # What must be true

    def group(self, group_id: str, member: Member | None = None) -> Any:
        reply = self.send("GET", f"/v1/groups/{group_id}", token=member.token if member else None)
        assert reply.status == 200, reply
        return reply.content

    def units_left(self, sku_id: str = "apples-5") -> int:
        return int(self.rows("stock", sku_id=sku_id)[0]["units_left"])

    def rows(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """Items of a table as plain values, those with these attributes."""
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            answer = dynamodb().scan(TableName=f"kaituan-test-{table}", **start)
            found += [plain(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return [row for row in found if equal.items() <= row.items()]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every item of every table but the findings, for "a refusal changed nothing"."""
        tables = (
            "members",
            "shares",
            "catalog",
            "stock",
            "groups",
            "orders",
            "refunds",
            "commissions",
            "ledger",
            "withdrawals",
            "rankings",
            "limits",
            "stations",
        )
        return {
            table: sorted(self.rows(table), key=lambda row: json.dumps(row, sort_keys=True))
            for table in tables
        }

    def findings(self) -> list[str]:
        return sorted(row["kind"] for row in self.rows("findings"))

    def assert_audit_is_clean(self) -> None:
        """Our books agree with themselves."""
        audit = self.admin("audit")
        assert audit["violations"] == [], audit["violations"]
        assert audit["complete"]

    def assert_books_balance(self) -> None:
        """Our books agree with themselves and with WeChat's."""
        self.assert_audit_is_clean()
        theirs = self.sandbox.totals()
        orders = self.rows("orders")
        paid = [order for order in orders if order.get("transaction_id")]
        paid_out = self.rows("withdrawals", withdrawal_state="paid")
        ours = {
            "paid_fen": sum(order["paid_fen"] for order in paid),
            "payments": len(paid),
            "refunded_fen": sum(order.get("refunded_fen", 0) for order in orders),
            "refunds": len(self.rows("refunds", refund_state="succeeded")),
            "transferred_fen": sum(one["net_fen"] for one in paid_out),
            "transfers": len(paid_out),
        }
        assert ours == {name: theirs[name] for name in ours}
        booked = [row for row in self.rows("ledger") if row.get("phase") in ("single", "post")]
        wechat_fen = sum(
            row["amount_fen"]
            * ((row["debit_account"] == "wechat") - (row["credit_account"] == "wechat"))
            for row in booked
        )
        left_fen = theirs["paid_fen"] - theirs["refunded_fen"] - theirs["transferred_fen"]
        assert wechat_fen == left_fen

    # Behind the scenes

    def _make_wechat_api(self, keys: Credentials) -> WechatApi:
        return WechatApiHttp(
            keys.app_id,
            keys.app_secret,
            base_url=WECHAT_URL,
            clock=self.clock.now,
            session_factory=self._session,
        )

    def _make_queue(self) -> Queue:
        return Queue()

    def _follow_streams(self, database: Any) -> StreamsToTake:
        return follow(database)

    def _invoke(self, name: str, event: Any) -> Any:
        return getattr(handlers, name)(event, LambdaContext(name))

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> int:
        assert url.startswith(OUR_URL)
        path = url.removeprefix(OUR_URL)
        answer = self._client.http.request("POST", path, headers=headers, body=body)
        return int(answer.status_code)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.mount(WECHAT_URL, _Wire(self, WsgiAdapter(create_app(self.sandbox))))
        return session

    def _secrets(self, keys: Credentials) -> Secrets:
        given = keys.to_parameters()
        plant_credentials(planted, given)
        for key in (SIGNING_KEY, PAYEE_KEY, DRAW_KEY):
            planted.plant("a key of ours", key, for_good=True)
        return Secrets(
            session_signing_keys=(SIGNING_KEY,),
            wechat_app_secret=given["app_secret"],
            wechat_merchant_private_key=given["merchant_private_key"],
            wechat_merchant_serial=given["merchant_serial"],
            wechat_api_v3_key=given["api_v3_key"],
            wechat_public_keys={given["wechat_public_key_id"]: given["wechat_public_key"]},
            public_base_url=OUR_URL,
            wechat_message_token=given["message_token"],
            wechat_message_aes_key=given["message_aes_key"],
            payee_keys={"1": PAYEE_KEY},
            draw_keys={"1": DRAW_KEY},
        )

    def _wechat_pay(self, keys: Credentials) -> WechatPayV3:
        given = keys.to_parameters()
        return WechatPayV3(
            WechatPayCredentials(
                merchant_id=keys.merchant_id,
                merchant_serial=keys.merchant_serial,
                merchant_private_key_pem=keys.merchant_private_key_pem,
                api_v3_key=keys.api_v3_key,
                public_keys={given["wechat_public_key_id"]: given["wechat_public_key"]},
                active_key_id=given["wechat_public_key_id"],
            ),
            clock=self.clock.now,
            base_url=WECHAT_URL,
            session_factory=self._session,
        )


class _Wire(requests.adapters.BaseAdapter):
    """The way to the sandbox, on which a test may answer in its place."""

    def __init__(self, shop: Shop, sandbox: WsgiAdapter) -> None:
        super().__init__()
        self._shop = shop
        self._sandbox = sandbox

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        answer = self._shop.answers_for_wechat(request)
        if answer is not None:  # a refusal is falsy
            return answer
        return self._sandbox.send(request, *args, **more)

    def close(self) -> None:
        """Nothing is held open."""


class LambdaContext:
    """What Lambda hands a handler."""

    def __init__(self, function_name: str = "test") -> None:
        self.function_name = function_name

    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000
