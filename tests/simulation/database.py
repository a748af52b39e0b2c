"""DynamoDB in this process: ministack's, called as a function instead of over HTTP, with the errors
and the losses that the real one may show.

It is the client that the code under test holds. Requests go through JSON, so that nothing is
shared with the caller; errors are botocore's own.
"""

import json
from itertools import count
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests import dynamodb_here
from tests.simulation.disturbances import AT_READING, AT_WRITING, Disturbance
from tests.simulation.scheduler import Killed, Scheduler

ADDRESS = "https://dynamodb.simulated"
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_TRANSACTION = "TransactWriteItems"
_BUSY = "TransactionConflict"


class Database:
    """The client of the one database of this process."""

    def __init__(self) -> None:
        self._scheduler: Scheduler | None = None
        self._tokens = count(1)
        self.calls = 0

    def disturbed_by(self, scheduler: Scheduler | None) -> None:
        """Who says what goes wrong; None: nothing does."""
        self._scheduler = scheduler

    # The client

    def create_table(self, **request: Any) -> Any:
        return self._send("CreateTable", json.dumps(request))

    def get_item(self, **request: Any) -> Any:
        return self._call("GetItem", request)

    def put_item(self, **request: Any) -> Any:
        return self._call("PutItem", request)

    def update_item(self, **request: Any) -> Any:
        return self._call("UpdateItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self._call("DeleteItem", request)

    def query(self, **request: Any) -> Any:
        return self._call("Query", request)

    def scan(self, **request: Any) -> Any:
        return self._call("Scan", request)

    def batch_get_item(self, **request: Any) -> Any:
        return self._call("BatchGetItem", request)

    def transact_write_items(self, **request: Any) -> Any:
        """botocore gives each call a token of its own, the same for its own repeats."""
        token = {"ClientRequestToken": f"token-{next(self._tokens)}"}
        return self._call(_TRANSACTION, request | token)

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
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
        body = json.dumps(request)
        answer = self._send(operation, body)
        if fault is Disturbance.CRASH_AFTER:
            raise Killed()
        if fault is Disturbance.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url=ADDRESS)
        if fault is Disturbance.SENT_TWICE:
            answer = self._send(operation, body)
        return answer

    def _send(self, operation: str, body: str) -> Any:
        self.calls += 1
        target = f"DynamoDB_20120810.{operation}"
        status, _headers, answer = dynamodb_here.answer(target, body.encode())
        said = json.loads(answer)
        if status >= 300:
            raise _error(operation, said)
        return said


def _error(operation: str, said: dict[str, Any]) -> ClientError:
    """As botocore would parse it: what is not code or message stands beside them."""
    code = str(said.pop("__type")).rpartition("#")[2]
    error = {"Code": code, "Message": said.pop("message", "")}
    return ClientError({"Error": error, "ResponseMetadata": {}, **said}, operation)


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
