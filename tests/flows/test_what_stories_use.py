"""What the bill in docs/cost.md is reckoned from: what stories take of the database, of functions
and of the logs. Units are exact; bytes may differ by a little.
"""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib.groups import show
from chalicelib.kit.aws import dynamodb
from infra.cost.uses import IDLE, ORDER, PAGE, REFUND, WITHDRAWAL, Uses
from tests.fakes import FakeClock
from tests.log_watch import OURS
from tests.meter import metered, stored_bytes
from tests.shop import SWEEPS, Reply, Shop
from tests.withdrawals.words import asked, confirms, earner

FREEZE_SECONDS = 60
LINE_BYTES = 26
"""What CloudWatch adds to each line of a log."""
ABOUT = 0.1


class Counted(Shop):
    """A shop that counts what is asked of it, and what starts its functions."""

    requests = 0
    records = 0
    answer_bytes = 0

    def send(self, *args: Any, **named: Any) -> Reply:
        reply = super().send(*args, **named)
        self.requests += 1
        self.answer_bytes += len(json.dumps(reply.content, ensure_ascii=False).encode())
        return reply

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.requests += 1
        return super()._deliver(url, headers, body)

    def _invoke(self, name: str, event: Any) -> Any:
        if name.startswith(("relay_", "execute_")):
            self.records += len(event["Records"])
        return super()._invoke(name, event)


class Log(logging.Handler):
    """How many bytes of lines CloudWatch would take in."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LambdaPowertoolsFormatter())
        self.taken_bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == OURS:
            self.taken_bytes += len(self.format(record).encode()) + LINE_BYTES


@pytest.fixture
def counted(database: None) -> Iterator[Counted]:
    """Groups of three at 15 yuan; a tenth of it for whoever brought the buyer."""
    show.forget_offers()
    shop = Counted(FakeClock())
    shop.stocks(100)
    commission = {"rates_bp": [1000], "freeze_seconds": FREEZE_SECONDS}
    shop.admin("put_settings", commission=commission)
    shop.campaign(size=3)
    yield shop
    shop.close()


@contextmanager
def listening() -> Iterator[Callable[[], int]]:
    """What is logged while this lasts, metrics included, which are lines too."""
    log, printed = Log(), io.StringIO()
    logging.getLogger().addHandler(log)
    try:
        with redirect_stdout(printed):
            yield lambda: log.taken_bytes + len(printed.getvalue().encode())
    finally:
        logging.getLogger().removeHandler(log)


def taken(shop: Counted, story: Callable[[], None], *, sweeps: int = 0, among: int = 1) -> Uses:
    """What a story took, without what its sweeps would have taken anyhow; for one of so many."""
    requests, records, answers = shop.requests, shop.records, shop.answer_bytes
    held_bytes = stored_bytes()
    with metered(dynamodb()) as meter, listening() as logged:
        story()
    idle = [IDLE[name] for name in SWEEPS] * sweeps
    sums = (
        meter.write_units,
        meter.read_units - sum(one.read_units for one in idle),
        shop.requests - requests,
        shop.records - records,
        logged() - sum(one.log_bytes for one in idle),
        stored_bytes() - held_bytes,
        shop.answer_bytes - answers,
    )
    return Uses(*(one / among for one in sums))


def is_about(found: Uses, said: Uses) -> bool:
    """Units, requests and records to a half, bytes to a tenth."""
    exact = ("write_units", "read_units", "requests", "records")
    return all(
        abs(getattr(found, name) - getattr(said, name))
        <= (0.5 if name in exact else ABOUT * getattr(said, name))
        for name in Uses.__dataclass_fields__
    )


def test_an_order_of_a_group_uses_what_the_bill_says(counted: Counted) -> None:
    code = counted.member("lin").shares()

    def story() -> None:
        buyers = [counted.member(name) for name in ("wang", "zhou", "he")]
        for buyer in buyers:
            buyer.visits(code)
        first = buyers[0].opens().pays()
        counted.settles()
        placed = [first]
        for buyer in buyers[1:]:
            placed.append(buyer.joins(first.group_id).pays())
            counted.settles()
        for order in placed:
            counted.ships(order)
        for order in placed:
            order.receives()
            counted.settles()
        counted.passes(16 * 24 * 3600)
        counted.passes(120)

    used = taken(counted, story, sweeps=2, among=3)

    assert is_about(used, ORDER), used


def test_a_refund_uses_what_the_bill_says(counted: Counted) -> None:
    order = counted.member("qin").buys().pays()
    counted.settles()

    def story() -> None:
        assert order.asks_refund().status == 201
        counted.settles()
        counted.passes(120)

    used = taken(counted, story, sweeps=1)

    assert is_about(used, REFUND), used
    assert order.status == "refunded"


def test_a_withdrawal_uses_what_the_bill_says(counted: Counted) -> None:
    lin = earner(counted)

    def story() -> None:
        withdrawal_id = asked(lin)
        counted.settles()
        confirms(lin, withdrawal_id)
        counted.settles()
        counted.passes(120)

    used = taken(counted, story, sweeps=1)

    assert is_about(used, WITHDRAWAL), used


def test_a_page_uses_what_the_bill_says(counted: Counted) -> None:
    group_id = counted.member("wang").opens().pays().group_id
    paths = (
        "/v1/campaigns",
        "/v1/campaigns/autumn",
        "/v1/products/apples",
        f"/v1/groups/{group_id}",
    )

    def story() -> None:
        for path in paths:
            assert counted.send("GET", path).status == 200

    used = taken(counted, story, among=len(paths))

    assert is_about(used, PAGE), used


@pytest.mark.parametrize("schedule", IDLE)
def test_a_schedule_with_nothing_to_do_uses_what_the_bill_says(
    counted: Counted, schedule: str
) -> None:
    counted.fires("reconcile_days")
    counted.fires("audit_slice")
    counted.fires("export_days")
    counted.advance(300)

    used = taken(counted, lambda: counted.fires(schedule))

    assert (used.write_units, used.read_units) == (0, IDLE[schedule].read_units)
    assert abs(used.log_bytes - IDLE[schedule].log_bytes) <= ABOUT * IDLE[schedule].log_bytes
