"""The dashboard: are groups completing, is money moving, is anything stuck, what does it cost.

At most fifty figures, the number that CloudWatch shows for nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.alarms import NAMESPACE

_WIDTH, _HEIGHT = 8, 6
_COLUMNS = 24 // _WIDTH
_HEADING_HEIGHT = 1
BUSY_TABLES = ("orders", "groups", "stock", "ledger")
"""Where most is written: what they consume stands for what DynamoDB costs."""

Line = list[Any]


def dashboard_resource(
    stage: str, prefix: str, alarm_ids: Sequence[str], relay_names: Sequence[str]
) -> dict[str, Any]:
    """The dashboard of a stage; alarms by their names in the template."""
    body = json.dumps({"widgets": _widgets(stage, prefix, alarm_ids, relay_names)})
    properties = {"DashboardName": prefix, "DashboardBody": {"Fn::Sub": body}}
    return {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def _widgets(
    stage: str, prefix: str, alarm_ids: Sequence[str], relay_names: Sequence[str]
) -> list[dict[str, Any]]:
    lines = Lines(stage, prefix)
    rows = [
        ("Are groups completing?", [*_sales(lines), _alarm_states(alarm_ids)]),
        ("Is money moving?", _money(lines)),
        ("Is anything stuck?", _stuck(lines, relay_names)),
        ("Does it work, and what does it cost?", _health(lines)),
    ]
    return list(_laid_out(rows))


def _sales(lines: "Lines") -> list[dict[str, Any]]:
    groups = [lines.ours(f"Groups{what}") for what in ("Opened", "Completed", "Failed")]
    return [
        _graph("Orders", [lines.ours("OrdersPlaced"), lines.ours("OrdersPaid")]),
        _graph("Groups", groups),
    ]


def _money(lines: "Lines") -> list[dict[str, Any]]:
    shown = (
        ("PaidFen", "paid"),
        ("RefundedFen", "refunded"),
        ("CommissionReleasedFen", "commission released"),
        ("PaidOutFen", "paid out"),
    )
    in_yuan = [line for number, each in enumerate(shown) for line in lines.yuan(number, *each)]
    return [
        _graph("Yuan", in_yuan),
        _graph("Refunds", [lines.ours("RefundsRequested"), lines.ours("RefundsSucceeded")]),
        _graph("Withdrawals", [lines.ours("WithdrawalsPaid")]),
    ]


def _stuck(lines: "Lines", relay_names: Sequence[str]) -> list[dict[str, Any]]:
    waiting = ("RefundsWaiting", "WithdrawalsWaiting")
    queues = [
        lines.queue("refunds", "ApproximateNumberOfMessagesVisible"),
        lines.queue("refunds", "ApproximateAgeOfOldestMessage"),
        lines.queue("refunds-dead", "ApproximateNumberOfMessagesVisible"),
    ]
    relays = [lines.function(name, "IteratorAge", "Maximum") for name in relay_names]
    return [
        _graph(
            "Late and put off", [lines.ours("OldestDueSeconds", "Maximum"), lines.ours("PutOff")]
        ),
        _graph("Waiting for an operator", [lines.ours(name, "Maximum") for name in waiting]),
        _graph("Queues and streams", [*queues, *relays]),
    ]


def _health(lines: "Lines") -> list[dict[str, Any]]:
    answers = [lines.api(what, "Sum") for what in ("Count", "4XXError", "5XXError")]
    units = [
        lines.table(name, f"Consumed{kind}CapacityUnits")
        for name in BUSY_TABLES
        for kind in ("Write", "Read")
    ]
    function = [
        lines.function("api_handler", figure, statistic)
        for figure, statistic in (("Invocations", "Sum"), ("Errors", "Sum"), ("Duration", "p95"))
    ]
    return [
        _graph("Answers", answers),
        _graph("Milliseconds", [lines.api("Latency", "p50"), lines.api("Latency", "p95")]),
        _graph("Units and invocations", [*units, *function]),
    ]


@dataclass(frozen=True)
class Lines:
    """Figures of one stage, each as a dashboard takes it."""

    stage: str
    prefix: str

    def ours(self, name: str, statistic: str = "Sum", **more: Any) -> Line:
        figure: Line = [NAMESPACE, name, "stage", self.stage, "service", NAMESPACE]
        return [*figure, {"stat": statistic, **more}]

    def yuan(self, number: int, name: str, label: str) -> list[Line]:
        figure = self.ours(name, id=f"m{number}", visible=False)
        return [figure, [{"expression": f"m{number} / 100", "label": label}]]

    def function(self, name: str, figure: str, statistic: str) -> Line:
        named: Line = ["AWS/Lambda", figure, "FunctionName", f"{self.prefix}-{name}"]
        return [*named, {"stat": statistic}]

    def queue(self, name: str, figure: str) -> Line:
        return ["AWS/SQS", figure, "QueueName", f"{self.prefix}-{name}", {"stat": "Maximum"}]

    def api(self, figure: str, statistic: str) -> Line:
        named: Line = ["AWS/ApiGateway", figure, "ApiName", "kaituan", "Stage", self.stage]
        return [*named, {"stat": statistic, "label": f"{figure} {statistic}"}]

    def table(self, name: str, figure: str) -> Line:
        return ["AWS/DynamoDB", figure, "TableName", f"{self.prefix}-{name}", {"stat": "Sum"}]


def _laid_out(rows: list[tuple[str, list[dict[str, Any]]]]) -> Any:
    down = 0
    for heading, widgets in rows:
        text = {"type": "text", "properties": {"markdown": f"## {heading}"}}
        yield {**text, "x": 0, "y": down, "width": 24, "height": _HEADING_HEIGHT}
        down += _HEADING_HEIGHT
        for number, widget in enumerate(widgets):
            place = {"x": number % _COLUMNS * _WIDTH, "y": down, "width": _WIDTH, "height": _HEIGHT}
            yield {**widget, **place}
        down += _HEIGHT


def _graph(title: str, lines: list[Line]) -> dict[str, Any]:
    properties = {
        "title": title,
        "view": "timeSeries",
        "region": "${AWS::Region}",
        "period": 300,
        "metrics": lines,
    }
    return {"type": "metric", "properties": properties}


def _alarm_states(alarm_ids: Sequence[str]) -> dict[str, Any]:
    arns = [f"${{{alarm_id}.Arn}}" for alarm_id in alarm_ids]
    return {"type": "alarm", "properties": {"title": "Alarms", "alarms": arns}}
