"""DynamoDB in this process: ministack's, called as a function instead of over HTTP.

A client that `is_answered_here` stays botocore's own, with its parsing, its errors and its events;
only nothing is sent. One database for the process; calls from threads take turns.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from threading import Lock
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from ministack.services import dynamodb as ministack

from tests.rows import plain

_TARGET = "x-amz-target"
_one_at_a_time = Lock()


def answer(target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """What it says to a request: status, headers, content. `target` names the operation, after a
    dot.
    """
    with _one_at_a_time:
        handled = ministack.handle_request("POST", "/", {_TARGET: target}, body, {})
        try:
            handled.send(None)
        except StopIteration as done:
            status, headers, content = done.value
            return int(status), headers, content
    raise AssertionError("ministack waited for something")


def is_answered_here(client: Any) -> Any:
    """The client, whose requests come here from now on."""
    client.meta.events.register("before-send.dynamodb", _in_place_of_sending)
    return client


def _in_place_of_sending(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    target = request.headers[_TARGET]
    target = target.decode() if isinstance(target, bytes) else target
    sent = request.body or b""
    status, headers, content = answer(target, sent.encode() if isinstance(sent, str) else sent)
    return AWSResponse(request.url, status, headers, _Raw(content))


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
        answer("DynamoDB_20120810.DeleteTable", json.dumps({"TableName": name}).encode())


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


class _Raw(BytesIO):
    """What urllib3 would hold."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()
