"""Reading: one batch over several tables, and pages of a query. Never a scan on a customer's way.

Reads are consistent unless they go through an index, which DynamoDB cannot read consistently.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.tables import Key, Row, key_names

R = TypeVar("R", bound=Row)

_BATCH_LIMIT = 100
_UNPROCESSED_ROUNDS = 4


class Found:
    """What one batched read brought back, by key."""

    def __init__(self) -> None:
        self._rows: dict[Key[Any], Row] = {}

    def add(self, key: Key[Any], row: Row) -> None:
        self._rows[key] = row

    def find(self, key: Key[R]) -> R | None:
        return self._rows.get(key)  # type: ignore[return-value]


def read(*keys: Key[Any] | None) -> Found:
    """Read items of any tables by key, consistently, in one round trip (100 keys at most a trip).

    A None among the keys is passed over, so that callers can name what they may not need.
    Raises TryAgain when DynamoDB keeps leaving keys unprocessed.
    """
    found = Found()
    wanted = list(dict.fromkeys(key for key in keys if key is not None))
    for start in range(0, len(wanted), _BATCH_LIMIT):
        _read_batch(wanted[start : start + _BATCH_LIMIT], found)
    return found


def read_items(*keys: Key[Any], consistent: bool = True) -> list[tuple[Key[Any], dict[str, Any]]]:
    """The same in DynamoDB's own JSON, each item with its key: for audits, so that one unreadable
    item does not hide the others. Not `consistent`: for half the price, and perhaps of a second
    ago. Raises TryAgain.
    """
    wanted = list(dict.fromkeys(keys))
    found: list[tuple[Key[Any], dict[str, Any]]] = []
    for start in range(0, len(wanted), _BATCH_LIMIT):
        found += _batch(wanted[start : start + _BATCH_LIMIT], consistent=consistent)
    return found


def _read_batch(keys: list[Key[Any]], found: Found) -> None:
    for key, item in _batch(keys, consistent=True):
        found.add(key, key.row.from_item(item))


def _batch(keys: list[Key[Any]], *, consistent: bool) -> Iterator[tuple[Key[Any], dict[str, Any]]]:
    if len(keys) == 1:
        yield from _one(keys[0], consistent=consistent)
        return
    by_address = {(key.row.table_name(), _address(key.to_item())): key for key in keys}
    rows: dict[str, type[Row]] = {key.row.table_name(): key.row for key in keys}
    names = {name: key_names(row) for name, row in rows.items()}
    request: dict[str, Any] = {}
    for key in keys:
        table = request.setdefault(key.row.table_name(), {"Keys": [], "ConsistentRead": consistent})
        table["Keys"].append(key.to_item())
    for _ in range(_UNPROCESSED_ROUNDS):
        answer = dynamodb().batch_get_item(RequestItems=request)
        for name, items in answer["Responses"].items():
            for item in items:
                own = {part: item[part] for part in names[name] if part is not None}
                yield by_address[name, _address(own)], item
        request = answer.get("UnprocessedKeys") or {}
        if not request:
            return
    raise TryAgain("The database left part of a read undone.")


def _one(key: Key[Any], *, consistent: bool) -> Iterator[tuple[Key[Any], dict[str, Any]]]:
    answer = dynamodb().get_item(
        TableName=key.row.table_name(), Key=key.to_item(), ConsistentRead=consistent
    )
    if "Item" in answer:
        yield key, answer["Item"]


def _address(key_item: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, next(iter(value.values()))) for name, value in key_item.items()))


def query(
    row: type[R],
    keys: Condition,
    *,
    index: str | None = None,
    limit: int,
    start: dict[str, Any] | None = None,
    backward: bool = False,
    keep: Condition | None = None,
    consistent: bool = True,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """One page of items in DynamoDB's own JSON, and where the next page starts (None: no more).

    Through an index the items hold only what the index projects, and may lag. `keep`: leave out of
    the page what does not meet it; it is read, and paid for, all the same. Not `consistent`: for
    half the price, and perhaps of a second ago.
    """
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    request: dict[str, Any] = {
        "TableName": row.table_name(),
        "KeyConditionExpression": keys.serialize(names, values),
        "Limit": limit,
        "ScanIndexForward": not backward,
        "ConsistentRead": consistent and index is None,
    }
    if keep is not None:
        request["FilterExpression"] = keep.serialize(names, values)
    request["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
    request["ExpressionAttributeValues"] = values
    if index is not None:
        request["IndexName"] = index
    if start is not None:
        request["ExclusiveStartKey"] = start
    answer = dynamodb().query(**request)
    return answer["Items"], answer.get("LastEvaluatedKey")


def count(row: type[R], keys: Condition, *, index: str, most: int = 100) -> int:
    """How many items an index has under a key, as far as `most`."""
    items, _ = query(row, keys, index=index, limit=most)
    return len(items)


def query_all(row: type[R], keys: Condition, *, most: int) -> list[R]:
    """Every item under a hash key, `most` at the most; more than that is a broken promise, not a
    page.
    """
    items: list[dict[str, Any]] = []
    start: dict[str, Any] | None = None
    while True:
        page, start = query(row, keys, limit=most + 1, start=start)
        items += page
        if len(items) > most:
            raise OverflowError(f"more than {most} items of {row.table_name()} under one key")
        if start is None:
            return [row.from_item(item) for item in items]


def scan_items(
    row: type[Row],
    *,
    limit: int,
    start: dict[str, Any] | None = None,
    consistent: bool = True,
    index: str | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """A page of a whole table, or of a sparse index of it, for operators' lists and audits only, in
    DynamoDB's own JSON: one unreadable item does not hide a page.
    """
    request: dict[str, Any] = {
        "TableName": row.table_name(),
        "Limit": limit,
        "ConsistentRead": consistent,
    }
    if index is not None:
        request["IndexName"] = index
    if start is not None:
        request["ExclusiveStartKey"] = start
    answer = dynamodb().scan(**request)
    return answer["Items"], answer.get("LastEvaluatedKey")


def text_of(item: dict[str, Any], names: Iterable[str]) -> tuple[str, ...]:
    """The text attributes of a raw item, in the order named."""
    return tuple(item[name]["S"] for name in names)
