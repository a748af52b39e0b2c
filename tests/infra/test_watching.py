"""Alarms and dashboard: each alarm can be looked up, and every figure is one that is kept."""

import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kit.metrics import NAMESPACE, Metric
from infra.alarms import ALARM_LINES, FAILURES, failures, findings
from infra.template import FUNCTIONS
from tests.infra.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
MOST_FREE_FIGURES = 50
LOGGED = {findings("kaituan-prod").name, failures("kaituan-prod").name}
OURS = {metric.value for metric in Metric} | LOGGED


def of_type(resources: Resources, type_name: str) -> dict[str, dict[str, Any]]:
    found = resources.items()
    return {name: what["Properties"] for name, what in found if what.get("Type") == type_name}


@pytest.fixture(scope="module")
def alarms(merged: Resources) -> dict[str, dict[str, Any]]:
    return of_type(merged, "AWS::CloudWatch::Alarm")


@pytest.fixture(scope="module")
def widgets(merged: Resources) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        merged["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    )["widgets"]
    return found


def lines_of(widgets: list[dict[str, Any]]) -> list[list[Any]]:
    graphs = (widget["properties"] for widget in widgets if widget["type"] == "metric")
    return [line for graph in graphs for line in graph["metrics"] if isinstance(line[0], str)]


def test_the_runbook_has_a_paragraph_for_each_alarm_and_for_no_other(
    alarms: dict[str, dict[str, Any]],
) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = text.split("### Alarms\n")[1].split("\n### ")[0]
    told = re.findall(r"\*\*`kaituan-<stage>-([a-z_]+)`\*\*", section)
    names = [alarm["AlarmName"].removeprefix("kaituan-prod-") for alarm in alarms.values()]
    assert sorted(told) == sorted(names)
    assert len(set(names)) == len(names) <= 16
    for alarm in alarms.values():
        name = alarm["AlarmName"].removeprefix("kaituan-prod-")
        assert alarm["AlarmDescription"].endswith(f"docs/runbook.md, {name}.")


def test_every_alarm_goes_to_the_topic_when_it_comes_and_when_it_goes(
    alarms: dict[str, dict[str, Any]], merged: Resources
) -> None:
    topic = [{"Ref": "AlarmTopic"}]
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == topic for alarm in alarms.values())
    assert merged["AlarmSubscription"]["Condition"] == "SomebodyIsWritten"


def test_silence_is_no_alarm_but_of_what_runs_every_minute(
    alarms: dict[str, dict[str, Any]],
) -> None:
    breaching = {
        alarm["Dimensions"][0]["Value"]["Ref"]: alarm["Threshold"]
        for alarm in alarms.values()
        if alarm["TreatMissingData"] == "breaching"
    }
    assert breaching == {
        one.logical_id: 10 for one in FUNCTIONS if one.schedule == "rate(1 minute)"
    }


def test_alarm_lines_and_failures_of_every_log_are_counted(merged: Resources) -> None:
    filters = of_type(merged, "AWS::Logs::MetricFilter").values()
    for pattern, metric in ((ALARM_LINES, findings), (FAILURES, failures)):
        of_this = [one for one in filters if one["FilterPattern"] == pattern]
        logs = {one["LogGroupName"]["Ref"] for one in of_this}
        assert logs == {f"{function.logical_id}Logs" for function in FUNCTIONS}
        names = {one["MetricTransformations"][0]["MetricName"] for one in of_this}
        assert names == {metric("kaituan-prod").name}


def test_figures_of_ours_are_such_as_the_functions_count(
    alarms: dict[str, dict[str, Any]], widgets: list[dict[str, Any]]
) -> None:
    called = [alarm["MetricName"] for alarm in alarms.values() if alarm["Namespace"] == NAMESPACE]
    shown = [line[1] for line in lines_of(widgets) if line[0] == NAMESPACE]
    assert set(called) <= OURS
    assert {metric.value for metric in Metric} == set(shown)


def test_a_figure_of_ours_has_the_dimensions_it_is_written_with(
    widgets: list[dict[str, Any]], alarms: dict[str, dict[str, Any]]
) -> None:
    for line in lines_of(widgets):
        if line[0] == NAMESPACE:
            assert line[2:6] == ["stage", "prod", "service", "kaituan"]
    late = alarms["LateWorkAlarm"]["Dimensions"]
    assert late == [
        {"Name": "stage", "Value": "prod"},
        {"Name": "service", "Value": "kaituan"},
    ]


def test_the_dashboard_shows_no_more_figures_than_are_free(
    widgets: list[dict[str, Any]],
) -> None:
    assert 30 < len(lines_of(widgets)) <= MOST_FREE_FIGURES


def test_the_dashboard_asks_its_four_questions_and_nothing_overlaps(
    widgets: list[dict[str, Any]],
) -> None:
    asked = [one["properties"]["markdown"] for one in widgets if one["type"] == "text"]
    assert asked == [
        "## Are groups completing?",
        "## Is money moving?",
        "## Is anything stuck?",
        "## Does it work, and what does it cost?",
    ]
    taken = count()
    cells = {
        (x, y): next(taken)
        for one in widgets
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    }
    assert len(cells) == sum(one["width"] * one["height"] for one in widgets)


def test_the_dashboard_shows_every_alarm(
    widgets: list[dict[str, Any]], alarms: dict[str, dict[str, Any]]
) -> None:
    (states,) = (one for one in widgets if one["type"] == "alarm")
    assert states["properties"]["alarms"] == [f"${{{name}.Arn}}" for name in alarms]
