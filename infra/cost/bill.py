"""A month's bill, line by line, from what is used and what it costs. Schedules, memory, alarms and
how long logs are kept are read from what is deployed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.kit.metrics import Metric
from infra.cost import prices, uses
from infra.cost.prices import HOURS_A_MONTH, Price
from infra.template import (
    CHALICE_CONFIG,
    FUNCTIONS,
    LOG_RETENTION_DAYS,
    Function,
    stage_alarms,
    stage_settings,
)

STAGE = "prod"
MONTHS_KEPT = 12
"""The tables are those of a shop that has had this month for a year."""
DAYS_A_MONTH = HOURS_A_MONTH / 24
DAYS_KEPT = 365
POLLS_A_MONTH = 5 * 3 * 60 * HOURS_A_MONTH
"""Lambda asks the queue with five pollers, each of which waits for twenty seconds."""
LOG_FILTER_METRICS = 2
DASHBOARDS = 1
NAT_INSTANCE_DISK_GB = 8
_MINUTES = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60}
_OF_AN_ORDER = (
    (uses.ORDER, 1.0),
    (uses.REFUND, uses.REFUNDS_PER_ORDER),
    (uses.WITHDRAWAL, uses.WITHDRAWALS_PER_ORDER),
    (uses.PAGE, float(uses.PAGES_PER_ORDER)),
)


@dataclass(frozen=True)
class Line:
    """How much of something a month takes; `usd` without any free tier."""

    price: Price
    quantity: float
    usd: float
    free_usd: float


@dataclass(frozen=True)
class Schedule:
    """A function that runs by the clock, and what it takes in a month with nothing to do."""

    name: str
    runs: float
    read_units: float
    gb_seconds: float
    log_bytes: float

    @property
    def usd(self) -> float:
        return sum(
            (
                prices.INVOCATION.of(self.runs),
                prices.GB_SECOND.of(self.gb_seconds),
                prices.READ_UNIT.of(self.read_units),
                prices.LOGGED.of(self.log_bytes),
            )
        )


def schedules() -> tuple[Schedule, ...]:
    """Each of the template's."""
    return tuple(_scheduled(each, each.schedule) for each in FUNCTIONS if each.schedule)


def bill(orders: int) -> tuple[Line, ...]:
    """A month with so many orders, each with the pages, refunds and withdrawals that belong to
    it.
    """
    requests = orders * _each("requests")
    invocations = requests + orders * _each("records") + sum(one.runs for one in schedules())
    logged = _logged(orders)
    stored = orders * MONTHS_KEPT * _each("stored_bytes")
    return (
        _api(requests),
        _line(prices.INVOCATION, invocations),
        _line(prices.GB_SECOND, _gb_seconds(orders)),
        _line(prices.WRITE_UNIT, _write_units(orders)),
        _line(prices.READ_UNIT, _read_units(orders)),
        _line(prices.STORED, stored),
        _line(prices.RECOVERABLE, stored),
        _line(prices.QUEUE_REQUEST, POLLS_A_MONTH + 2 * orders * uses.REFUNDS_PER_ORDER),
        _line(prices.LOGGED, logged),
        _line(prices.LOG_KEPT, logged * uses.KEPT_LOG_SHARE * months_of_logs()),
        _line(prices.ALARM, alarm_count()),
        _line(prices.METRIC, metrics(orders)),
        _line(prices.DASHBOARD, DASHBOARDS),
        _line(prices.SENT_OUT, _sent_bytes(orders)),
    )


def fixed_address(orders: int) -> tuple[Line, ...]:
    """What infra/egress.yaml adds, which payouts need."""
    through = orders * uses.WITHDRAWALS_PER_ORDER * uses.PAYOUT_BYTES
    return (
        _line(prices.GATEWAY_HOUR, HOURS_A_MONTH),
        _line(prices.ADDRESS_HOUR, HOURS_A_MONTH),
        _line(prices.GATEWAY_BYTE, through),
    )


def nat_instance() -> tuple[Line, ...]:
    """The same from an instance that somebody looks after."""
    return (
        _line(prices.INSTANCE_HOUR, HOURS_A_MONTH),
        _line(prices.ADDRESS_HOUR, HOURS_A_MONTH),
        _line(prices.DISK, NAT_INSTANCE_DISK_GB),
    )


def total(lines: Sequence[Line]) -> float:
    """Without any free tier."""
    return sum(line.usd for line in lines)


def free(lines: Sequence[Line]) -> float:
    """What the free tiers take off, in an account that uses them for nothing else."""
    return sum(line.free_usd for line in lines)


def alarm_count() -> int:
    """As the template makes them."""
    return len(stage_alarms(stage_settings(STAGE)))


def metrics(orders: int) -> float:
    """All of ours and of the logs' filters, in as many hours as have an order at most: a metric is
    paid for by the hour that has it.
    """
    return (len(Metric) + LOG_FILTER_METRICS) * min(1, orders / HOURS_A_MONTH)


def months_of_logs() -> float:
    """How long they are kept."""
    return LOG_RETENTION_DAYS[STAGE] / DAYS_A_MONTH


def memory_gb(function: str) -> float:
    """As .chalice/config.json has it."""
    config = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))
    own = config["lambda_functions"][function]
    return float(own.get("lambda_memory_size", config["lambda_memory_size"]) / 1024)


def audited_orders_a_day(orders: int) -> float:
    """Those that were kept are all looked at each day, as far as a day suffices."""
    return min(orders * MONTHS_KEPT, uses.AUDIT_ORDERS_A_DAY_MOST)


def _scheduled(function: Function, rate: str) -> Schedule:
    number, unit = rate.removeprefix("rate(").removesuffix(")").split()
    runs = HOURS_A_MONTH * 60 / (int(number) * _MINUTES[unit])
    idle = uses.IDLE[function.name]
    return Schedule(
        function.name,
        runs,
        read_units=runs * idle.read_units,
        gb_seconds=runs * idle.seconds * memory_gb(function.name),
        log_bytes=runs * (idle.log_bytes + uses.PLATFORM_LOG_BYTES),
    )


def _each(name: str) -> float:
    return sum(float(getattr(used, name)) * times for used, times in _OF_AN_ORDER)


def _gb_seconds(orders: int) -> float:
    background = _each("records") * uses.RECORD_SECONDS + uses.SWEPT_SECONDS_PER_ORDER
    pages = uses.PAGES_PER_ORDER
    api = (_each("requests") - pages) * uses.ORDER_REQUEST_SECONDS + pages * uses.PAGE_SECONDS
    of_orders = orders * (api * memory_gb("api_handler") + background * memory_gb("relay_orders"))
    audit = audited_orders_a_day(orders) * uses.AUDIT_SECONDS_PER_ORDER * memory_gb("audit_slice")
    return of_orders + audit * DAYS_A_MONTH + sum(one.gb_seconds for one in schedules())


def _write_units(orders: int) -> float:
    daily = uses.CLOSING_WRITE_UNITS_A_DAY + uses.AUDIT_WRITE_UNITS_A_DAY
    return orders * _each("write_units") + daily * DAYS_A_MONTH


def _read_units(orders: int) -> float:
    audit = audited_orders_a_day(orders) * uses.AUDIT_READ_UNITS_PER_ORDER
    audit += DAYS_KEPT * uses.AUDIT_READ_UNITS_PER_CLOSED_DAY
    idle = sum(one.read_units for one in schedules())
    return orders * _each("read_units") + audit * DAYS_A_MONTH + idle


def _logged(orders: int) -> float:
    started = _each("requests") + _each("records")
    of_orders = orders * (_each("log_bytes") + started * uses.PLATFORM_LOG_BYTES)
    return of_orders + sum(one.log_bytes for one in schedules())


def _sent_bytes(orders: int) -> float:
    answers = _each("answer_bytes") + _each("requests") * uses.HEAD_BYTES
    return orders * (answers + uses.WECHAT_BYTES_PER_ORDER)


def _api(requests: float) -> Line:
    first = min(requests, prices.API_FIRST_TIER)
    usd = prices.API_REQUEST.of(first) + prices.API_REQUEST_BEYOND.of(requests - first)
    return Line(prices.API_REQUEST, requests, usd, 0.0)


def _line(price: Price, quantity: float) -> Line:
    return Line(price, quantity, price.of(quantity), price.free_of(quantity))
