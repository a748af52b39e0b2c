"""docs/cost.md says what infra/cost reckons, and that prices what the template makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cost import bill, prices, uses
from infra.cost.__main__ import main
from infra.cost.bill import Line
from infra.cost.tables import ORDERS, all_tables
from infra.template import FUNCTIONS
from tests.infra.conftest import Resources

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cost.md"
IDLE_USD = 5.37
MOST_FREE_FIGURES = 50


def of_type(resources: Resources, type_name: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one.get("Type") == type_name]


def by_price(lines: tuple[Line, ...]) -> dict[str, Line]:
    return {line.price.name: line for line in lines}


def test_the_document_has_the_tables_as_they_are_reckoned_and_no_other() -> None:
    blocks = DOCUMENT.read_text(encoding="utf-8").split("\n\n")
    assert [block.strip() for block in blocks if block.startswith("|")] == [
        table.markdown() for table in all_tables()
    ]


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--markdown"])
    printed = capsys.readouterr().out
    assert printed == "".join(f"{table.markdown()}\n\n" for table in all_tables())
    main([])
    shown = capsys.readouterr().out
    assert all(table.title in shown for table in all_tables())


def test_every_schedule_of_the_template_is_priced(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    events = [event for one in functions for event in one.get("Events", {}).values()]
    rates = [one["Properties"]["Schedule"] for one in events if one["Type"] == "Schedule"]
    runs = {"rate(1 minute)": 43_800, "rate(5 minutes)": 8_760, "rate(1 hour)": 730}
    found = bill.schedules()
    assert sorted(one.runs for one in found) == sorted(runs[rate] for rate in rates)
    assert [one.name for one in found] == [one.name for one in FUNCTIONS if one.schedule]


def test_alarms_dashboard_and_metrics_are_as_many_as_the_templates(resources: Resources) -> None:
    assert bill.alarm_count() == len(of_type(resources, "AWS::CloudWatch::Alarm"))
    dashboards = of_type(resources, "AWS::CloudWatch::Dashboard")
    assert len(dashboards) == bill.DASHBOARDS
    body = json.loads(dashboards[0]["DashboardBody"]["Fn::Sub"])
    shown = [len(one["properties"].get("metrics", [])) for one in body["widgets"]]
    assert sum(shown) <= MOST_FREE_FIGURES
    filters = of_type(resources, "AWS::Logs::MetricFilter")
    kept = {one["MetricTransformations"][0]["MetricName"] for one in filters}
    assert len(kept) == bill.LOG_FILTER_METRICS


def test_every_log_group_is_kept_as_long_as_is_paid_for(resources: Resources) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS)
    assert {one["RetentionInDays"] / bill.DAYS_A_MONTH for one in groups} == {bill.months_of_logs()}


def test_every_table_is_on_demand_and_recoverable(resources: Resources) -> None:
    tables = of_type(resources, "AWS::DynamoDB::Table")
    assert {one["BillingMode"] for one in tables} == {"PAY_PER_REQUEST"}
    assert all(
        one["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for one in tables
    )
    streamed = [one for one in tables if "StreamSpecification" in one]
    assert len(streamed) == len([one for one in FUNCTIONS if one.stream_of])


def test_every_function_has_the_memory_that_is_paid_for(resources: Resources) -> None:
    for function in FUNCTIONS:
        properties = resources[function.logical_id]["Properties"]
        assert properties["MemorySize"] / 1024 == bill.memory_gb(function.name)


def test_with_no_order_only_what_runs_by_itself_is_paid() -> None:
    idle = by_price(bill.bill(0))
    used = {name for name, line in idle.items() if line.usd}
    by_orders = {
        prices.API_REQUEST.name,
        prices.STORED.name,
        prices.RECOVERABLE.name,
        prices.METRIC.name,
        prices.SENT_OUT.name,
    }
    assert used == set(idle) - by_orders
    assert round(bill.total(bill.bill(0)), 2) == IDLE_USD
    scheduled = sum(one.runs for one in bill.schedules())
    assert idle[prices.INVOCATION.name].quantity == scheduled == 229_220


def test_the_bill_begins_at_the_idle_one_and_grows_with_orders() -> None:
    totals = [bill.total(bill.bill(orders)) for orders in (0, 1, *ORDERS.values())]
    assert totals == sorted(totals)
    assert totals[1] - totals[0] < 0.01


@pytest.mark.parametrize("orders", [0, *ORDERS.values()])
def test_a_free_tier_takes_off_no_more_than_a_line_costs(orders: int) -> None:
    for line in bill.bill(orders):
        assert 0 <= line.free_usd <= line.usd


def test_requests_beyond_the_first_tier_cost_less() -> None:
    line = by_price(bill.bill(10_000_000))[prices.API_REQUEST.name]
    beyond = line.quantity - 333_000_000
    assert beyond > 0
    assert line.usd == pytest.approx(333 * 4.25 + beyond / 1_000_000 * 3.53)


def test_the_figures_that_the_text_of_the_document_repeats() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    idle = by_price(bill.bill(0))
    watched = idle[prices.DASHBOARD.name].usd + idle[prices.ALARM.name].usd - prices.ALARM.of(10)
    without = bill.total(bill.bill(0)) - watched
    assert f"ten alarms it would be {without:.2f} dollars" in text
    assert f"**Alarms** are {bill.alarm_count()}." in text
    assert f"takes {bill.metrics(10_000)} of them" in text
    most = uses.AUDIT_ORDERS_A_DAY_MOST
    assert f"each day, {most:,} at most" in text
    assert f"some {most // bill.MONTHS_KEPT // 1000},000 orders a month" in text
