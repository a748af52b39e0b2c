"""The whole shop under simulation: the real app, its clients pointed at a database in this process
and at the WeChat sandbox, every call to either a place where things may go wrong.

Plays no part of its own: people are in people.py, what is brought to us in deliveries.py.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, cast

import requests
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from chalice.local import LambdaEventConverter, RouteMatcher

from chalicelib.gateways.wechat_api import WechatApi
from chalicelib.groups import show
from chalicelib.kit import pauses
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.faults import FaultKind
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from tests import dynamodb_here
from tests.fakes import FakeClock, Queue
from tests.phones import Reply
from tests.shop import OUR_URL, WECHAT_URL, LambdaContext, Shop
from tests.simulation.database import Database
from tests.simulation.disturbances import AT_CLOSING, AT_QUEUE, AT_WECHAT, Disturbance
from tests.simulation.scheduler import Killed, Scheduler
from tests.streams import StreamsToTake
from tests.tables import PREFIX
from tests.watched import app, function_for

CUT_OFF = 502
"""What a client sees when the function was killed."""
_FUNCTION = LambdaContext()
_BY_SANDBOX = {
    Disturbance.ERROR_BEFORE: FaultKind.ERROR_BEFORE,
    Disturbance.ERROR_AFTER: FaultKind.ERROR_AFTER,
    Disturbance.RATE_LIMIT: FaultKind.RATE_LIMIT,
    Disturbance.CLOSE_IGNORED: FaultKind.CLOSE_IGNORED,
}


class World(Shop):
    """One at a time: it is the process's wiring from its making until `close`."""

    def __init__(self, database: Database, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.database = database
        self.swallows_notifications = False
        self.left_open: set[str] = set()
        dynamodb_here.empty()
        entropy = Random(f"{scheduler.disturbances.seed} entropy")
        self._events = LambdaEventConverter(RouteMatcher(list(app.routes)))
        super().__init__(FakeClock(), entropy=entropy.randbytes)
        show.forget_offers()
        self.wiring.new_id = lambda prefix: f"{prefix}_{entropy.randbytes(13).hex()}"
        pauses.use(lambda _milliseconds: None)

    def close(self) -> None:
        """Give everything back."""
        pauses.use(None)
        self.database.disturbed_by(None)
        super().close()

    def begins(self) -> None:
        """From now on things go wrong."""
        self.database.disturbed_by(self.scheduler)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """What is looked at from outside, as it is."""
        self.database.disturbed_by(None)
        current, self.scheduler.current = self.scheduler.current, None
        try:
            yield
        finally:
            self.scheduler.current = current
            self.database.disturbed_by(self.scheduler)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request, one invocation of the function, which may not live to answer it."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return self._request(method, path, sent, raw)

    def tries_admin(self, command: str, **fields: Any) -> Any:
        """As operators do; None when the function was killed."""
        try:
            return self._invoke(function_for(command), {"command": command, **fields})
        except Killed:
            return None

    def invoke(self, name: str, event: Any) -> Any:
        """A function that nobody waits for. Raises Killed."""
        return self._invoke(name, event)

    def fires(self, sweep: str) -> None:
        """A schedule."""
        scheduled = {"version": "0", "account": "", "region": "", "detail": {}, "resources": []}
        event = {**scheduled, "detail-type": "", "source": "aws.events", "time": "", "id": ""}
        self._invoke(sweep, event)

    def rows(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """Looked up without asking the database."""
        rows = dynamodb_here.rows(f"{PREFIX}-{table}")
        return [row for row in rows if equal.items() <= row.items()]

    def is_paid(self, order_id: str) -> bool:
        """Whether we know of a payment of it."""
        return any("transaction_id" in row for row in self.rows("orders", order_id=order_id))

    def ask_wechat(
        self, request: requests.PreparedRequest, send: Callable[[], requests.Response]
    ) -> requests.Response:
        """Our client calls WeChat."""
        path = request.path_url.partition("?")[0]
        kinds = AT_CLOSING if path.endswith("/close") else AT_WECHAT
        fault = self.scheduler.call(f"{request.method} {path}", kinds)
        if fault is Disturbance.CLOSE_IGNORED:
            self.left_open.add(path.split("/")[-2])
        if fault is Disturbance.UNREACHABLE:
            raise requests.exceptions.ConnectionError("unreachable", request=request)
        if fault in _BY_SANDBOX:
            self.sandbox.add_fault(path, _BY_SANDBOX[fault].value)
        answer = send()
        if fault is Disturbance.CRASH_AFTER:
            raise Killed()
        if fault is Disturbance.ANSWER_LOST:
            raise requests.exceptions.ReadTimeout("no answer", request=request)
        return answer

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        event = self._events.create_lambda_event(method, path, headers, body)
        try:
            answer = app(event, _FUNCTION)
        except Killed:
            return Reply(CUT_OFF, None, {})
        sent = {**answer.get("headers", {}), **answer.get("multiValueHeaders", {})}
        text = answer["body"]
        is_json = "json" in str(sent.get("Content-Type", ""))
        content = json.loads(text) if is_json and text else text or None
        return Reply(answer["statusCode"], content, sent)

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> int:
        if self.swallows_notifications:
            return 204
        return self._request("POST", url.removeprefix(OUR_URL), headers, body).status

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.mount(WECHAT_URL, _Line(self, WsgiAdapter(create_app(self.sandbox))))
        return session

    def _make_wechat_api(self, keys: Credentials) -> WechatApi:
        return cast(WechatApi, ColdWechatApi(lambda: super(World, self)._make_wechat_api(keys)))

    def _make_queue(self) -> Queue:
        return QueueBeyond(self)

    def _follow_streams(self, _database: Any) -> StreamsToTake:
        return NothingToTake()


class ColdWechatApi:
    """Made anew for each call, as by a function that just started: its access token is not there
    yet. Functions that run at the same time share nothing, this one's lock included.
    """

    def __init__(self, make: Callable[[], WechatApi]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


class NothingToTake:
    """Streams are brought by deliveries.py."""

    def take(self) -> dict[str, list[dict[str, Any]]]:
        return {}

    def take_of(self, _table: str) -> list[dict[str, Any]]:
        return []


class QueueBeyond(Queue):
    """SQS: sending to it is a call outside like any other."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, refund_id: str, *, delay_seconds: int = 0) -> None:
        fault = self._world.scheduler.call(f"SendMessage({refund_id})", AT_QUEUE)
        if fault is Disturbance.UNREACHABLE:
            raise EndpointConnectionError(endpoint_url="https://sqs.simulated")
        super().send(refund_id, delay_seconds=delay_seconds)
        if fault is Disturbance.CRASH_AFTER:
            raise Killed()
        if fault is Disturbance.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url="https://sqs.simulated")


class _Line(requests.adapters.BaseAdapter):
    """The line to WeChat."""

    def __init__(self, world: World, sandbox: WsgiAdapter) -> None:
        super().__init__()
        self._world = world
        self._sandbox = sandbox

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        return self._world.ask_wechat(request, lambda: self._sandbox.send(request, *args, **more))

    def close(self) -> None:
        """Nothing is held open."""
