"""The whole backend in this process: fixtures for its tables, wiring of fakes, and a browser.

A conftest takes what its folder needs by importing it. No test of these reaches a network.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client
from moto import mock_aws

from chalicelib import wiring
from chalicelib.catalog.recent_allotments import forget_allotments
from chalicelib.catalog.recent_settings import forget_settings
from chalicelib.gateways.wechat_api import silence
from chalicelib.kit import aws
from chalicelib.kit.tokens import Caller, issue
from chalicelib.settings import Environment, Secrets
from tests import dynamodb_here
from tests.fakes import FakeClock, FakeWechatApi, counting_ids
from tests.planted import planted
from tests.policy_watch import working_as
from tests.promises import assert_kept
from tests.tables import PREFIX, REGION, create_tables
from tests.watched import Watched, app

APP_ID = "wx0123456789abcdef"
SIGNING_KEY = "a signing key that only tests ever use"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wechat_api() -> FakeWechatApi:
    return FakeWechatApi()


@pytest.fixture
def environment() -> Environment:
    return Environment(wechat_app_id=APP_ID, wechat_merchant_id="1900000001")


@pytest.fixture(scope="module")
def tables() -> Iterator[dynamodb_here.Client]:
    """Every table, for this module; what is asked of other services than the database, moto
    answers.
    """
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"):
            patch.delenv(name, raising=False)  # whatever a race left there
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("TABLE_PREFIX", PREFIX)
        aws.forget_clients()
        client = dynamodb_here.Client()
        aws.use_client("dynamodb", client)
        create_tables(client, PREFIX, with_expiry=False)
        yield client
    dynamodb_here.delete_tables()
    aws.forget_clients()


@pytest.fixture
def database(tables: dynamodb_here.Client) -> None:
    """The tables and their streams with nothing in them; the app talks to them."""
    aws.use_client("dynamodb", tables)
    dynamodb_here.empty()


@pytest.fixture
def wired(
    database: None, clock: FakeClock, wechat_api: FakeWechatApi, environment: Environment
) -> Iterator[wiring.Wiring]:
    """Wiring of fakes over empty tables."""
    planted.plant("a key of ours", SIGNING_KEY, for_good=True)
    fakes = Watched(
        clock=clock,
        new_id=counting_ids(),
        environment=environment,
        _secrets=Secrets(session_signing_keys=(SIGNING_KEY,)),
        _wechat_api=wechat_api,
    )
    wiring.use(fakes)
    forget_settings()
    forget_allotments()
    silence.end()
    yield fakes
    wiring.use(None)


def everything() -> dict[str, list[Any]]:
    """Every item of every table, in an order that does not depend on chance."""
    client = aws.dynamodb()
    names = client.list_tables()["TableNames"]
    return {name: sorted(client.scan(TableName=name)["Items"], key=_in_order) for name in names}


def _in_order(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


@contextmanager
def just_before(operation: str, act: Callable[[], object]) -> Iterator[None]:
    """Do `act` once, right before the next `operation`: what another process might do then."""
    events = aws.dynamodb().meta.events
    event = f"before-parameter-build.dynamodb.{operation}"
    done: list[object] = []

    def once(**_: Any) -> None:
        if not done:
            done.append(True)
            with working_as(None):
                act()

    events.register(event, once)
    yield
    events.unregister(event, once)
    assert done, f"{operation} was never called"


@dataclass(frozen=True)
class Seen:
    """An answer as a client sees it."""

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> Any:
        """The problem's code; None when it is no problem."""
        return self.content.get("code") if isinstance(self.content, dict) else None

    @property
    def fields(self) -> list[str]:
        """The fields that a 422 names."""
        return [error["field"] for error in self.content["errors"]]


class Browser:
    """Talks HTTP to the app."""

    def __init__(self) -> None:
        # Where no .chalice is, so that no stage's variables stand over the fixtures'.
        self._client = Client(app, project_dir=str(Path(__file__).parent))

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Seen:
        """Send `body` as JSON, or as it is when it is bytes."""
        planted.plant_body(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        answer = self._client.http.request(method, path, headers=sent, body=raw)
        content = json.loads(answer.body) if answer.body else None
        assert_kept(method, path, answer.status_code, answer.headers, content)
        return Seen(answer.status_code, content, dict(answer.headers))

    def get(self, path: str, *, token: str | None = None) -> Seen:
        return self.send("GET", path, token=token)


def token_for(member_id: str, clock: FakeClock, *, life_seconds: int = 3600) -> str:
    """A session of that member, from now."""
    caller = Caller(member_id, APP_ID)
    token, _ = issue(caller, [SIGNING_KEY], clock=clock, life_seconds=life_seconds)
    return token
