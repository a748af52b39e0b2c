"""IAM in this process: each function may call what its own policy grants and nothing else, as on
AWS; and over a whole run of the tests, something calls whatever a policy grants.

Must never decide anything but from the policies as they are deployed. What Lambda itself does for a
function (logs, streams, queues) is nobody's call here and left out; tests/infra/test_policies.py
says what it is.
"""

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.app import Request

POLICIES = Path(__file__).parents[1] / ".chalice"
ACCOUNT = "us-east-1:123456789012"
HTTP = "api_handler"

_IN_A_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
_BY_KEY = frozenset({"dynamodb:GetItem", "dynamodb:BatchGetItem"})
_LAMBDA_S_OWN = re.compile(
    r"logs:|dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)"
    r"|sqs:(DeleteMessage|GetQueueAttributes|ReceiveMessage)"
)
_CHOICES = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf")
_working_as: ContextVar[str | None] = ContextVar("working_as", default=None)


@dataclass(frozen=True, order=True)
class Grant:
    """One action of a statement on one of its resources."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource}"


class Uses:
    """Which grants were of use so far, and what was refused since it was last asked for."""

    def __init__(self) -> None:
        self.grants: set[Grant] = set()
        self._refused: list[str] = []

    def refused(self) -> list[str]:
        """What was refused since the last time. The app goes on after a refusal, as after any
        error of AWS's: work is put off, a notice is lost.
        """
        refused, self._refused = self._refused, []
        return refused

    def note(self, action: str, resource: str) -> None:
        """Whoever works now calls this. Raises ClientError as AWS does when their policy lacks
        it; outside of a function anything goes.
        """
        function = _working_as.get()
        if function is None:
            return
        grant = _granting(function, action, resource)
        if grant is None:
            message = f"{function} is not authorized to perform: {action} on resource: {resource}"
            self._refused.append(message)
            error = {"Code": "AccessDeniedException", "Message": message}
            raise ClientError({"Error": error}, action.partition(":")[2])
        self.grants.add(grant)
        self.grants.update(_of_one_kind(grant))

    def note_of(self, action: str, resource: str) -> None:
        """The same with the end of the resource's name."""
        service = action.partition(":")[0]
        place = "::" if service == "s3" else f"{ACCOUNT}:"
        self.note(action, f"arn:aws:{service}:{place}{resource}")

    def note_of_database(self, operation: str, request: Mapping[str, Any]) -> None:
        """The same for a request to DynamoDB, which may be several calls in one."""
        if _working_as.get() is None:
            return
        for action, table in _calls(operation, request):
            self.note_of(action, f"table/{table}")


uses = Uses()
"""Those of this process."""


@contextmanager
def working_as(function: str | None) -> Iterator[None]:
    """Inside, calls are that function's; None: nobody's whose policy is known."""
    token = _working_as.set(function)
    try:
        yield
    finally:
        _working_as.reset(token)


def as_the_function_called(event: Any, get_response: Any) -> Any:
    """A middleware: the calls of an invocation are the invoked function's."""
    with working_as(_function_of(event)):
        return get_response(event)


def all_grants() -> frozenset[Grant]:
    """What the policies grant to our own code."""
    return frozenset(grant for name in _functions() for grant in _grants_to(name))


def is_lambdas_own(action: str) -> bool:
    """Whether Lambda does it for a function, which never calls it itself."""
    return bool(_LAMBDA_S_OWN.match(action))


def _function_of(event: Any) -> str | None:
    if isinstance(event, Request):
        return HTTP
    name = event.context.function_name
    return name if name in _functions() else None


def _calls(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which action is asked for on which table or index."""
    if operation == "TransactWriteItems":
        for part in request["TransactItems"]:
            ((kind, item),) = part.items()
            yield _IN_A_TRANSACTION[kind], item["TableName"]
        return
    tables = request.get("RequestItems") or [request["TableName"]]
    index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
    for table in tables:
        yield f"dynamodb:{operation}", table + index


@cache
def _functions() -> tuple[str, ...]:
    found = sorted(POLICIES.glob("policy-*.json"))
    return tuple(path.stem.removeprefix("policy-") for path in found)


@cache
def _grants_to(function: str) -> tuple[Grant, ...]:
    text = (POLICIES / f"policy-{function}.json").read_text(encoding="utf-8")
    return tuple(
        Grant(function, action, resource)
        for statement in json.loads(text)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not is_lambdas_own(action) and "failed-records" not in resource
    )


@cache
def _of_one_kind(used: Grant) -> tuple[Grant, ...]:
    """Reading one item and reading several are two names of one thing."""
    return tuple(
        grant
        for grant in _grants_to(used.function)
        if grant.resource == used.resource and {grant.action, used.action} <= _BY_KEY
    )


@cache
def _granting(function: str, action: str, resource: str) -> Grant | None:
    """The first grant that allows it: one that only repeats another is of no use."""
    for grant in _grants_to(function):
        if grant.action == action and re.fullmatch(translate(grant.resource), resource):
            return grant
    return None


class PolicyWatch:
    """A plugin of pytest's: fails a test in which something was refused, brings the uses of all
    processes together, and fails a whole run in which a grant was of no use.
    """

    def __init__(self, *, of_this_process: Uses = uses) -> None:
        self._uses = of_this_process
        self.useless: list[Grant] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "teardown" and (refused := self._uses.refused()):
            report.outcome = "failed"
            said = f"\n\n{report.longreprtext}" if report.longrepr else ""
            report.longrepr = "\n".join(["A policy lacks this:", *refused]) + said
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker of xdist has seen."""
        told = getattr(node, "workeroutput", {}).get("uses", [])
        self._uses.grants.update(Grant(*parts) for parts in told)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        told = getattr(session.config, "workeroutput", None)
        if told is not None:
            told["uses"] = [[one.function, one.action, one.resource] for one in self._uses.grants]
        elif exitstatus == pytest.ExitCode.OK and _is_whole(session.config):
            self.useless = sorted(all_grants() - self._uses.grants)
            if self.useless:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for grant in self.useless:
            terminalreporter.write_line(f"FAILED a policy grants what nothing calls: {grant}")


def _is_whole(config: pytest.Config) -> bool:
    """Whether every test was to be run."""
    chosen = any(config.getoption(name, None) for name in _CHOICES)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen
