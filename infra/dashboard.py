"""The dashboard: are groups completing, is money moving, is anything stuck, what does it cost.

At most fifty figures, the number that CloudWatch shows for nothing.
"""

import json
from collections.abc import Sequence
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
    def ours(name: str, statistic: str = "Sum", **more: Any) -> Line:
        figure: Line = [NAMESPACE, name, "stage", stage, "service", NAMESPACE]
        return [*figure, {"stat": statistic, **more}]

    def yuan(number: int, name: str, label: str) -> list[Line]:
        figure = ours(name, id=f"m{number}", visible=False)
        return [figure, [{"expression": f"m{number} / 100", "label": label}]]

    def function(name: str, figure: str, statistic: str) -> Line:
        return ["AWS/Lambda", figure, "FunctionName", f"{prefix}-{name}", {"stat": statistic}]

    def queue(name: str, figure: str) -> Line:
        return ["AWS/SQS", figure, "QueueName", f"{prefix}-{name}", {"stat": "Maximum"}]

    def api(figure: str, statistic: str) -> Line:
        named: Line = ["AWS/ApiGateway", figure, "ApiName", "kaituan", "Stage", stage]
        return [*named, {"stat": statistic, "label": f"{figure} {statistic}"}]

    def table(name: str, figure: str) -> Line:
        return ["AWS/DynamoDB", figure, "TableName", f"{prefix}-{name}", {"stat": "Sum"}]

    money = (
        ("PaidFen", "paid"),
        ("RefundedFen", "refunded"),
        ("CommissionReleasedFen", "commission released"),
        ("PaidOutFen", "paid out"),
    )
    in_yuan = [line for number, each in enumerate(money) for line in yuan(number, *each)]
    rows: list[tuple[str, list[dict[str, Any]]]] = [
        (
            "Are groups completing?",
            [
                _graph("Orders", [ours("OrdersPlaced"), ours("OrdersPaid")]),
                _graph(
                    "Groups",
                    [ours(f"Groups{what}") for what in ("Opened", "Completed", "Failed")],
                ),
                _alarm_states(alarm_ids),
            ],
        ),
        (
            "Is money moving?",
            [
                _graph("Yuan", in_yuan),
                _graph("Refunds", [ours("RefundsRequested"), ours("RefundsSucceeded")]),
                _graph("Withdrawals", [ours("WithdrawalsPaid")]),
            ],
        ),
        (
            "Is anything stuck?",
            [
                _graph("Late and put off", [ours("OldestDueSeconds", "Maximum"), ours("PutOff")]),
                _graph(
                    "Waiting for an operator",
                    [ours("RefundsWaiting", "Maximum"), ours("WithdrawalsWaiting", "Maximum")],
                ),
                _graph(
                    "Queues and streams",
                    [
                        queue("refunds", "ApproximateNumberOfMessagesVisible"),
                        queue("refunds", "ApproximateAgeOfOldestMessage"),
                        queue("refunds-dead", "ApproximateNumberOfMessagesVisible"),
                        *(function(name, "IteratorAge", "Maximum") for name in relay_names),
                    ],
                ),
            ],
        ),
        (
            "Does it work, and what does it cost?",
            [
                _graph(
                    "Answers", [api("Count", "Sum"), api("4XXError", "Sum"), api("5XXError", "Sum")]
                ),
                _graph("Milliseconds", [api("Latency", "p50"), api("Latency", "p95")]),
                _graph(
                    "Units and invocations",
                    [
                        *(
                            table(name, f"Consumed{kind}CapacityUnits")
                            for name in BUSY_TABLES
                            for kind in ("Write", "Read")
                        ),
                        function("api_handler", "Invocations", "Sum"),
                        function("api_handler", "Errors", "Sum"),
                        function("api_handler", "Duration", "p95"),
                    ],
                ),
            ],
        ),
    ]
    return list(_laid_out(rows))


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
