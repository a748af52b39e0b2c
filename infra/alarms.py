"""What wakes somebody up: an alarm each, a topic they go to, and what is counted in the logs for
them. Every alarm has a paragraph in docs/runbook.md under its own name.

Must stay few: each costs a little every month, and one that cries for nothing is worse than none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "kaituan"
RUNBOOK = "docs/runbook.md"
ALARM_LINES = '{ $.alarm = "*" }'
FAILURES = '?"Task timed out" ?"Runtime exited" ?"Runtime.ImportModuleError" ?"[ERROR]"'
_FIVE_MINUTES, _QUARTER_HOUR, _HOUR = 300, 900, 3600


@dataclass(frozen=True)
class Metric:
    """One figure of CloudWatch's. Dimension values are words of CloudFormation."""

    namespace: str
    name: str
    dimensions: dict[str, Any] = field(default_factory=dict)
    statistic: str = "Sum"

    def worded(self) -> dict[str, Any]:
        """As an alarm takes it."""
        named = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": named}


@dataclass(frozen=True)
class Alarm:
    """When to call: the figure is over `most` (or under `least`) in so many periods of so many.

    What is missing counts as nothing.
    """

    name: str
    says: str
    metric: Metric
    most: int = 0
    least: int | None = None
    period_seconds: int = _FIVE_MINUTES
    periods: int = 1

    @property
    def logical_id(self) -> str:
        """`stuck_refunds` as `StuckRefundsAlarm`."""
        return "".join(word.capitalize() for word in self.name.split("_")) + "Alarm"


def ours(name: str, stage: str, statistic: str = "Sum") -> Metric:
    """A figure that the functions count themselves (chalicelib/kit/metrics.py)."""
    return Metric(NAMESPACE, name, {"stage": stage, "service": NAMESPACE}, statistic)


def of_function(name: str, logical_id: str, statistic: str = "Sum") -> Metric:
    """A figure that Lambda keeps of a function."""
    return Metric("AWS/Lambda", name, {"FunctionName": {"Ref": logical_id}}, statistic)


def of_queue(name: str, logical_id: str, statistic: str = "Maximum") -> Metric:
    """A figure that SQS keeps of a queue."""
    queue = {"QueueName": {"Fn::GetAtt": [logical_id, "QueueName"]}}
    return Metric("AWS/SQS", name, queue, statistic)


def findings(prefix: str) -> Metric:
    """Log lines with an `alarm` field, of whatever function."""
    return Metric(NAMESPACE, f"{prefix}-alarm-lines")


def failures(prefix: str) -> Metric:
    """Lambda's own lines in the logs of a function that ended without an answer."""
    return Metric(NAMESPACE, f"{prefix}-failures")


def alarms(
    stage: str, prefix: str, every_minute: Mapping[str, str], seldom: Mapping[str, str]
) -> tuple[Alarm, ...]:
    """All of them. The functions that run every minute, and those that run so seldom that each
    failure counts: name and logical id.
    """
    return (
        Alarm("findings", "Something happened that should not have", metric=findings(prefix)),
        Alarm(
            "dead_refunds",
            "A refund failed time after time and waits in the dead-letter queue",
            metric=of_queue("ApproximateNumberOfMessagesVisible", "DeadRefundQueue"),
        ),
        *_of_functions(prefix, every_minute, seldom),
        Alarm(
            "server_errors",
            "Shoppers get 5xx answers",
            metric=Metric("AWS/ApiGateway", "5XXError", {"ApiName": "kaituan", "Stage": stage}),
            most=5,
            periods=2,
        ),
        Alarm(
            "late_work",
            "What was due was looked at more than ten minutes late",
            metric=ours("OldestDueSeconds", stage, "Maximum"),
            most=600,
            periods=2,
        ),
        Alarm(
            "put_off_work",
            "For half an hour some work could not be done: WeChat or AWS refuses it",
            metric=ours("PutOff", stage),
            periods=6,
        ),
        Alarm(
            "refunds_waiting",
            "For a day refunds have been waiting for an operator",
            metric=ours("RefundsWaiting", stage, "Maximum"),
            period_seconds=_HOUR,
            periods=24,
        ),
        Alarm(
            "withdrawals_waiting",
            "For a day withdrawals have been waiting for an operator",
            metric=ours("WithdrawalsWaiting", stage, "Maximum"),
            period_seconds=_HOUR,
            periods=24,
        ),
    )


def _of_functions(
    prefix: str, every_minute: Mapping[str, str], seldom: Mapping[str, str]
) -> Iterator[Alarm]:
    yield Alarm(
        "failing_functions",
        "A function ran out of time or memory, or could not start",
        metric=failures(prefix),
        most=2,
    )
    yield from (
        Alarm(
            f"failing_{name}",
            f"{name} ended without having done its work",
            metric=of_function("Errors", logical_id),
        )
        for name, logical_id in seldom.items()
    )
    yield Alarm(
        "throttled_functions",
        "AWS would not start functions: the account's limit of concurrent executions",
        metric=Metric("AWS/Lambda", "Throttles"),
        most=10,
    )
    yield from (
        Alarm(
            f"silent_{name}",
            f"{name} has not run for a quarter of an hour",
            metric=of_function("Invocations", logical_id),
            least=_QUARTER_HOUR // 60 - 5,
            period_seconds=_QUARTER_HOUR,
        )
        for name, logical_id in every_minute.items()
    )


def alarm_parameters() -> dict[str, Any]:
    """What the template asks for."""
    return {
        "AlarmEmail": {
            "Type": "String",
            "Default": "",
            "Description": "Who is written to when something is wrong; empty: nobody",
        }
    }


def alarm_conditions() -> dict[str, Any]:
    return {"SomebodyIsWritten": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}


def alarm_resources(
    prefix: str, found: Sequence[Alarm], log_groups: Sequence[str]
) -> dict[str, Any]:
    """The topic, who is written to, the alarms, and what counts alarm lines in the logs."""
    resources: dict[str, Any] = {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": f"{prefix}-alarms", "DisplayName": prefix},
        },
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "SomebodyIsWritten",
            "Properties": {
                "TopicArn": {"Ref": "AlarmTopic"},
                "Protocol": "email",
                "Endpoint": {"Ref": "AlarmEmail"},
            },
        },
    }
    for name in log_groups:
        resources[f"{name}AlarmLines"] = _counts(name, ALARM_LINES, findings(prefix))
        resources[f"{name}Failures"] = _counts(name, FAILURES, failures(prefix))
    resources |= {alarm.logical_id: _alarm(prefix, alarm) for alarm in found}
    return resources


def _counts(log_group: str, pattern: str, metric: Metric) -> dict[str, Any]:
    counted = {"MetricNamespace": metric.namespace, "MetricName": metric.name}
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": log_group},
            "FilterPattern": pattern,
            "MetricTransformations": [{**counted, "MetricValue": "1", "Unit": "Count"}],
        },
    }


def _alarm(prefix: str, alarm: Alarm) -> dict[str, Any]:
    is_under = alarm.least is not None
    comparison = "LessThanThreshold" if is_under else "GreaterThanThreshold"
    properties: dict[str, Any] = {
        "AlarmName": f"{prefix}-{alarm.name}",
        "AlarmDescription": f"{alarm.says}. What to do: {RUNBOOK}, {alarm.name}.",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
        "ComparisonOperator": comparison,
        "Threshold": alarm.least if alarm.least is not None else alarm.most,
        "EvaluationPeriods": alarm.periods,
        "TreatMissingData": "breaching" if is_under else "notBreaching",
    }
    properties |= alarm.metric.worded()
    properties |= {"Statistic": alarm.metric.statistic, "Period": alarm.period_seconds}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
