"""The database in this process with the errors and the losses that DynamoDB may show."""

import json
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests import dynamodb_here
from tests.policy_watch import uses
from tests.simulation.disturbances import AT_READING, AT_WRITING, Disturbance
from tests.simulation.scheduler import Killed, Scheduler

ADDRESS = "https://dynamodb.simulated"
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_TRANSACTION = "TransactWriteItems"
_BUSY = "TransactionConflict"


class Database(dynamodb_here.Client):
    """A client of the database in this process, to whose calls things happen."""

    def __init__(self) -> None:
        super().__init__()
        self._scheduler: Scheduler | None = None
        self.calls = 0

    def disturbed_by(self, scheduler: Scheduler | None) -> None:
        """Who says what goes wrong; None: nothing does."""
        self._scheduler = scheduler

    def call(self, operation: str, request: dict[str, Any]) -> Any:
        uses.note_of_database(operation, request)
        fault = None
        if self._scheduler is not None:
            kinds = AT_WRITING if operation in WRITES else AT_READING
            fault = self._scheduler.call(_what(operation, request), kinds)
        if fault is Disturbance.UNREACHABLE:
            raise EndpointConnectionError(endpoint_url=ADDRESS)
        if fault is Disturbance.THROTTLED:
            raise _error(operation, {"__type": "ThrottlingException"})
        if fault is Disturbance.CONFLICT:
            raise _conflict(operation, request)
        body = json.dumps(request).encode()
        answer = self._send(operation, body)
        if fault is Disturbance.CRASH_AFTER:
            raise Killed()
        if fault is Disturbance.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url=ADDRESS)
        if fault is Disturbance.SENT_TWICE:
            answer = self._send(operation, body)
        return answer

    def _send(self, operation: str, body: bytes) -> Any:
        self.calls += 1
        response, said = dynamodb_here.answer(operation, body)
        if response.status_code >= 300:
            raise ClientError(said, operation)
        return said


def _error(operation: str, said: dict[str, Any]) -> ClientError:
    return ClientError(dynamodb_here.error(said), operation)


def _conflict(operation: str, request: dict[str, Any]) -> ClientError:
    message = "Transaction is ongoing for the item"
    if operation != _TRANSACTION:
        return _error(operation, {"__type": f"{_BUSY}Exception", "message": message})
    reasons = [{"Code": "None"} for _ in request["TransactItems"]]
    reasons[0] = {"Code": _BUSY, "Message": message}
    said = {"__type": "TransactionCanceledException", "CancellationReasons": reasons}
    return _error(operation, said)


def _what(operation: str, request: dict[str, Any]) -> str:
    """For the trace: which tables and keys."""
    if operation == _TRANSACTION:
        parts = [
            f"{kind} {_named(one)}"
            for item in request["TransactItems"]
            for kind, one in item.items()
        ]
        return f"{operation}({', '.join(parts)})"
    if operation == "BatchGetItem":
        return f"{operation}({', '.join(_short(table) for table in request['RequestItems'])})"
    return f"{operation}({_named(request)})"


def _named(one: dict[str, Any]) -> str:
    values = (one.get("Key") or {}).values()
    key = "/".join(str(next(iter(value.values()))) for value in values)
    return f"{_short(one['TableName'])} {key}".strip()


def _short(table: str) -> str:
    return table.rpartition("-")[2]
