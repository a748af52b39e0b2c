"""`make restore` in this process: DynamoDB with a past, the deployed `admin`, and an operator who
answers its questions.
"""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.follow_ups import FollowUps
from infra.restore.refusals import NotRestored
from infra.restore.run import Outcome, Wishes, restore
from infra.tables import all_tables
from infra.template import FUNCTIONS
from tests import dynamodb_here
from tests.fakes import NOON, FakeClock

MOMENT = NOON - timedelta(hours=2)
SUFFIX = "-restored-20261122T100000Z"
TABLES = {table.name: table for table in all_tables()}
Item = dict[str, Any]
Change = Callable[[], object]


class Tables(dynamodb_here.Client):
    """DynamoDB with a past: of every table that it is told of, as it was at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[str | Exception] = []
        """What describing a table beside says first."""
        self.window: Item = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": NOON - timedelta(days=35),
            "LatestRestorableDateTime": NOON - timedelta(minutes=5),
        }
        self.restored: list[Item] = []
        self.answer_is_lost = False
        self.before: dict[str, Change] = {}
        """What happens just before an operation on a row, once."""
        self.summary: Item = {}
        self.gives_at_once: int | None = None
        """How many keys a batch answers; None: all of them."""
        self.batches: list[int] = []

    def describe_table(self, **request: Any) -> Any:
        if "-restored-" in request["TableName"] and self.statuses:
            status = self.statuses.pop(0)
            if isinstance(status, Exception):
                raise status
            return {"Table": {"TableStatus": status, "RestoreSummary": self.summary}}
        return self.call("DescribeTable", request)

    def describe_continuous_backups(self, TableName: str) -> Any:  # noqa: N803
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": self.window}}

    def restore_table_to_point_in_time(self, **request: Any) -> Any:
        self.restored.append(dict(request))
        request["RestoreDateTime"] = request["RestoreDateTime"].timestamp()
        answer = self.call("RestoreTableToPointInTime", request)
        if self.answer_is_lost:
            return self.call("RestoreTableToPointInTime", request)
        return answer

    def keep_the_past_of(self, table_name: str) -> None:
        """The table as it is now is what is restored: the damage comes after."""
        asked = {"SourceTableName": table_name, "TargetTableName": f"{table_name}{SUFFIX}"}
        self.call("RestoreTableToPointInTime", asked)

    def beside(self) -> list[str]:
        """The names of the tables that were restored."""
        names: list[str] = self.list_tables()["TableNames"]
        return [name for name in names if "-restored-" in name]

    def rows_of(self, table_name: str) -> list[Item]:
        """In an order that does not depend on chance."""
        found: list[Item] = self.scan(TableName=table_name)["Items"]
        return sorted(found, key=str)

    def live(self) -> dict[str, list[Item]]:
        """Every row of every table but those that were restored."""
        names: list[str] = self.list_tables()["TableNames"]
        return {name: self.rows_of(name) for name in names if "-restored-" not in name}

    def delete_table(self, **request: Any) -> Any:
        return self.call("DeleteTable", request)

    def batch_get_item(self, **request: Any) -> Any:
        ((name, asked),) = request["RequestItems"].items()
        keys = asked["Keys"]
        self.batches.append(len(keys))
        given, left = keys[: self.gives_at_once], keys[len(keys[: self.gives_at_once]) :]
        later = {name: {**asked, "Keys": left}} if left else {}
        if not given:
            return {"Responses": {}, "UnprocessedKeys": later}
        answer = super().batch_get_item(RequestItems={name: {**asked, "Keys": given}})
        return {**answer, "UnprocessedKeys": later}

    def call(self, operation: str, request: Any) -> Any:
        if operation in self.before:
            self.before.pop(operation)()
        return super().call(operation, request)


class Audits:
    """Answers of the deployed `admin`, in their order; the last one for ever."""

    def __init__(
        self, *violations: int, complete: bool = True, invariant: str = "orders_are_booked"
    ) -> None:
        self._invariant = invariant
        self._violations = list(violations) or [0]
        self._complete = complete
        self.asked: list[Any] = []
        self.fails = False

    def invoke(self, FunctionName: str, Payload: str) -> Item:  # noqa: N803
        self.asked.append((FunctionName, json.loads(Payload)))
        if self.fails:
            payload = io.BytesIO(b'{"errorMessage": "timed out"}')
            return {"FunctionError": "Unhandled", "Payload": payload}
        more = len(self._violations) > 1
        count = self._violations.pop(0) if more else self._violations[0]
        one = {"invariant": self._invariant, "kind": "order", "id": "ord_1", "detail": "0 fen"}
        stopped_at = None if self._complete else "ledger"
        result = {
            "complete": self._complete,
            "stopped_at": stopped_at,
            "violations": [one] * count,
        }
        return {"Payload": io.BytesIO(json.dumps({"ok": True, "result": result}).encode())}


class Feeds:
    """What starts functions: the streams' mappings and the schedules' rules, as Lambda and
    EventBridge tell of them, around a deployed `admin`.
    """

    def __init__(self, invoke: Callable[..., Item]) -> None:
        self.invoke = invoke
        self.mappings = {f"relay-{one.name}": "Enabled" for one in FUNCTIONS if one.stream_of}
        self.rules = {f"rule-{one.name}": "ENABLED" for one in FUNCTIONS if one.schedule}
        self.stuck: set[str] = set()
        """What AWS will not switch."""

    @property
    def states(self) -> set[str]:
        return {state.upper() for state in (*self.mappings.values(), *self.rules.values())}

    def list_event_source_mappings(self, FunctionName: str) -> Item:  # noqa: N803
        uuid = f"relay-{_bare(FunctionName)}"
        state = self.mappings[uuid]
        if state.endswith("ing"):
            self.mappings[uuid] = state.removesuffix("ing") + "ed"
        return {"EventSourceMappings": [{"UUID": uuid, "State": state}]}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:  # noqa: N803
        self._refuse(UUID)
        self.mappings[UUID] = "Enabling" if Enabled else "Disabling"

    def get_function_configuration(self, FunctionName: str) -> Item:  # noqa: N803
        return {"FunctionArn": f"arn:aws:lambda:ap-east-1:123456789012:function:{FunctionName}"}

    def list_rule_names_by_target(self, TargetArn: str) -> Item:  # noqa: N803
        return {"RuleNames": [f"rule-{_bare(TargetArn)}"]}

    def describe_rule(self, Name: str) -> Item:  # noqa: N803
        return {"State": self.rules[Name]}

    def enable_rule(self, Name: str) -> None:  # noqa: N803
        self._refuse(Name)
        self.rules[Name] = "ENABLED"

    def disable_rule(self, Name: str) -> None:  # noqa: N803
        self._refuse(Name)
        self.rules[Name] = "DISABLED"

    def _refuse(self, name: str) -> None:
        if name in self.stuck:
            error = {"Code": "ResourceInUseException", "Message": f"{name} is being changed"}
            raise ClientError({"Error": error}, "UpdateEventSourceMapping")


def _bare(name: str) -> str:
    return name.rpartition("-")[2]


class Operator:
    """Runs the command at a shop, and sees what it says."""

    def __init__(self, tables: Tables, shop: Any, stage: str = "dev") -> None:
        self.tables = tables
        self.shop = shop
        self.feeds = Feeds(self._invoke)
        self.stage = stage
        self.agree: Callable[[str], bool] = lambda _question: True
        self.questions: list[str] = []
        self.slept_seconds = 0.0
        self.console = Console(record=True, width=300, file=io.StringIO())
        self.clock = FakeClock()

    def runs(self, *names: str, **wishes: Any) -> Outcome:
        return restore(
            self._place(), Wishes(names or ("shares",), MOMENT, **wishes), self._around()
        )

    def pauses(self) -> None:
        self._follow_ups().pause()

    def resumes(self) -> None:
        self._follow_ups().resume()

    def is_refused(self, match: str, *names: str, **wishes: Any) -> None:
        before = self.tables.live()
        with pytest.raises(NotRestored, match=match):
            self.runs(*names, **wishes)
        assert self.tables.live() == before

    @property
    def said(self) -> str:
        return self.console.export_text(clear=False)

    def _invoke(self, **call: Any) -> Item:
        answer: Item = self.shop.invoke(**call)
        return answer

    def _follow_ups(self) -> FollowUps:
        return FollowUps(self._place(), self._around())

    def _place(self) -> Place:
        clients = {"dynamodb": self.tables, "lambda": self.feeds, "events": self.feeds}
        return Place(self.stage, "123456789012", "ap-east-1", clients.__getitem__)

    def _around(self) -> Surroundings:
        return Surroundings(self.console, self._agree, self._sleep, self.clock.now, at_once=1)

    def _agree(self, question: str) -> bool:
        self.questions.append(question)
        return self.agree(question)

    def _sleep(self, seconds: float) -> None:
        self.slept_seconds += seconds
        self.clock.advance(seconds)
