"""One deployed stack for all of these tests, its catalogue, and members with phones.

Nothing here calls code of the app: HTTP, the sandbox's control plane, and operators' commands.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.endpoints import FILE_NAME, NoStack, read_endpoints
from infra.local.logs import save_function_logs
from infra.local.sandbox_control import SandboxControl
from infra.local.seed import ADDRESS, SKU_ID, seed_catalogue
from infra.local.shopper import Purchase, Shopper
from infra.local.stack import PARAMETER_PREFIX, Stack, running_stack
from tests.planted import Planted, plant_credentials

ORIGIN = "https://servicewechat.com"
CAMPAIGN_PRICE_FEN = 2490

Members = Callable[[], Shopper]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("stack")
    with running_stack(directory=directory, seed=seed_catalogue) as stack:
        yield stack
        assert what_was_logged_and_should_not_be(stack) == []
    assert not (directory / FILE_NAME).exists()
    with pytest.raises(NoStack):
        read_endpoints(directory)


@pytest.fixture(scope="session")
def wechat(stack: Stack) -> SandboxControl:
    return SandboxControl(stack.endpoints.sandbox_url)


@pytest.fixture(scope="session")
def member(stack: Stack) -> Members:
    """Each call signs somebody new in."""
    numbers = itertools.count(1)
    return lambda: Shopper(stack.endpoints, f"member-{next(numbers)}").signs_in()


@pytest.fixture(scope="session")
def forgotten(stack: Stack, member: Members) -> Purchase:
    """An order that nobody pays, and whose time to pay is over a second after it was placed."""
    stack.admin("put_settings", pay_window_seconds=1)
    order = member().buys()
    stack.admin("put_settings", pay_window_seconds=900)
    return order


@pytest.fixture(autouse=True)
def _the_clock_runs(forgotten: Purchase) -> None:
    """The forgotten order is placed before everything else, so that its test need not wait."""


def put_campaign(stack: Stack, campaign_id: str, **changes: Any) -> str:
    """A campaign of three that runs for a day."""
    now = datetime.now(UTC).replace(microsecond=0)
    fields = {
        "campaign_id": campaign_id,
        "title": "脐橙三人团",
        "play": "team",
        "size": 3,
        "duration_seconds": 3600,
        "starts_at": (now - timedelta(minutes=1)).isoformat(),
        "ends_at": (now + timedelta(days=1)).isoformat(),
        "per_member_limit": 5,
        "rules": {},
        "skus": [{"sku_id": SKU_ID, "group_price_fen": CAMPAIGN_PRICE_FEN}],
        **changes,
    }
    stack.admin("put_campaign", **fields)
    return campaign_id


def what_was_logged_and_should_not_be(stack: Stack) -> list[str]:
    """Of all functions, since the stack began: addresses, openids, tokens, keys."""
    planted = Planted()
    planted.plant_body({"address": ADDRESS})
    plant_credentials(planted, stack.credentials.to_parameters())
    for name, value in _sealed_parameters(stack).items():
        for part in value.split('"'):
            planted.plant(name, part)
    log = stack.directory / "functions.log"
    save_function_logs(stack.endpoints.aws_endpoint_url, log)
    text = log.read_text(encoding="utf-8")
    assert '"answered"' in text
    return planted.found_in(text)


def _sealed_parameters(stack: Stack) -> dict[str, str]:
    """What the functions were given encrypted, and nobody else may know."""
    pages = stack.client("ssm").get_paginator("get_parameters_by_path")
    known_to_all = ("wechat_public_keys", "wechat_merchant_serial")
    return {
        parameter["Name"]: parameter["Value"]
        for page in pages.paginate(Path=PARAMETER_PREFIX, WithDecryption=True)
        for parameter in page["Parameters"]
        if parameter["Type"] == "SecureString" and not parameter["Name"].endswith(known_to_all)
    }


def log_lines(stack: Stack, function: str) -> list[Any]:
    """What a function logged, line by line, figures left out; each must be JSON."""
    pages = stack.client("logs").get_paginator("filter_log_events")
    group = f"/aws/lambda/kaituan-local-{function}"
    platform = ("START ", "END ", "REPORT ")
    return [
        json.loads(event["message"])
        for page in pages.paginate(logGroupName=group)
        for event in page["events"]
        if not event["message"].startswith(platform) and '"_aws"' not in event["message"]
    ]
