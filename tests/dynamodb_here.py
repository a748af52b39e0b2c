"""DynamoDB in this process: ministack's, called as a function instead of over HTTP.

`Client` stands where the app has botocore's: the operations that the app and its tests use, the
events at which a test may step in, botocore's own errors. One database for the process; calls from
threads take turns.
"""

import json
from collections.abc import Iterator
from itertools import count
from threading import Lock
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter, first_non_none_response
from ministack.services import dynamodb as ministack

from tests.policy_watch import uses
from tests.rows import plain

Request = dict[str, Any]
_one_at_a_time = Lock()
_tokens = count(1)


class Client:
    """Events are emitted as botocore does, with what tests look at: `before-parameter-build`
    (`params`), `before-call` (`params["body"]`; what it gives is taken for the answer) and
    `after-call` (`parsed`, `http_response`).
    """

    def __init__(self) -> None:
        self.meta = SimpleNamespace(events=HierarchicalEmitter())

    def create_table(self, **request: Any) -> Any:
        return self.call("CreateTable", request)

    def list_tables(self, **request: Any) -> Any:
        return self.call("ListTables", request)

    def get_item(self, **request: Any) -> Any:
        return self.call("GetItem", request)

    def put_item(self, **request: Any) -> Any:
        return self.call("PutItem", request)

    def update_item(self, **request: Any) -> Any:
        return self.call("UpdateItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self.call("DeleteItem", request)

    def query(self, **request: Any) -> Any:
        return self.call("Query", request)

    def scan(self, **request: Any) -> Any:
        return self.call("Scan", request)

    def batch_get_item(self, **request: Any) -> Any:
        return self.call("BatchGetItem", request)

    def batch_write_item(self, **request: Any) -> Any:
        return self.call("BatchWriteItem", request)

    def transact_write_items(self, **request: Any) -> Any:
        """botocore gives each call a token of its own, the same for its own repeats."""
        token = {"ClientRequestToken": f"token-{next(_tokens)}"}
        return self.call("TransactWriteItems", request | token)

    def call(self, operation: str, request: Request) -> Any:
        """One request, with its events. Raises ClientError."""
        uses.note_of_database(operation, request)
        events, model = self.meta.events, SimpleNamespace(name=operation)
        name = f"dynamodb.{operation}"
        events.emit(f"before-parameter-build.{name}", params=request, model=model)
        sent = {"body": json.dumps(request).encode()}
        given = first_non_none_response(
            events.emit(f"before-call.{name}", params=sent, model=model)
        )
        response, parsed = given or answer(operation, sent["body"])
        events.emit(f"after-call.{name}", http_response=response, parsed=parsed, model=model)
        if response.status_code >= 300:
            raise ClientError(parsed, operation)
        return parsed


def answer(operation: str, body: bytes) -> tuple[Any, dict[str, Any]]:
    """What the database says to a request: its `status_code`, and the content as botocore parses
    it.
    """
    target = {"x-amz-target": f"DynamoDB_20120810.{operation}"}
    with _one_at_a_time:
        handled = ministack.handle_request("POST", "/", target, body, {})
        try:
            handled.send(None)
        except StopIteration as done:
            status, _headers, content = done.value
            said = json.loads(content)
            return SimpleNamespace(status_code=status), said if status < 300 else error(said)
    raise AssertionError("ministack waited for something")


def error(said: dict[str, Any]) -> dict[str, Any]:
    """An error as botocore parses it: what is not code or message stands beside them."""
    code = str(said.pop("__type")).rpartition("#")[2]
    told = {"Code": code, "Message": said.pop("message", "")}
    return {"Error": told, "ResponseMetadata": {}, **said}


def empty() -> None:
    """Every table, and what its stream holds."""
    for table in ministack._tables.values():
        table["items"].clear()
        table.pop(ministack._INDEX_MEMBERS, None)
    ministack._stream_records.clear()
    ministack._txn_idempotency.clear()


def delete_tables() -> None:
    """All of them."""
    for name in list(ministack._tables):
        answer("DeleteTable", json.dumps({"TableName": name}).encode())


def rows(table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table as plain values, in the order of their keys; asks nobody."""
    parts = ministack._tables[table]["items"]
    for part in sorted(parts):
        for place in sorted(parts[part]):
            yield plain(parts[part][place])


def take_records(table: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the streams have got since the last time, or one of them, each record with its table's
    full name.
    """
    for name, records in list(ministack._stream_records.items()):
        if table is None or name == table:
            taken = list(records)
            records.clear()
            yield from ((name, record) for record in taken)
