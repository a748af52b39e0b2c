"""Rows as DynamoDB's own JSON: whether two are the same, what a key is called, reading many."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

from infra.restore.refusals import NotRestored
from infra.tables import Table

Item = dict[str, dict[str, Any]]

KEYS_AT_ONCE = 100
"""What one BatchGetItem takes."""
PAUSE_SECONDS, PAUSE_SECONDS_MAX, TRIES = 0.1, 5.0, 20
_SETS = frozenset({"SS", "NS", "BS"})
_NAMES_A_PERSON = frozenset({"identities"})
"""Tables whose keys hold what WeChat calls a person by."""

Sleep = Callable[[float], None]


def key_of(table: Table, item: Item) -> Item:
    """The key of a row of that table."""
    return {attribute.name: item[attribute.name] for attribute in table.key}


def name_of(table: Table, key: Item) -> str:
    """What people call the row: the values of its key with a slash between. Where the key holds
    what WeChat calls a person by, a fingerprint of it.
    """
    name = "/".join(str(value) for value in values_of(table, key))
    if table.name in _NAMES_A_PERSON:
        return sha256(name.encode()).hexdigest()[:16]
    return name


def values_of(table: Table, key: Item) -> tuple[str, ...]:
    """The bare values of a key."""
    return tuple(str(key[attribute.name][attribute.type]) for attribute in table.key)


def is_same(one: Any, other: Any) -> bool:
    """Whether two items hold the same; a set has no order."""
    return bool(_in_order(one) == _in_order(other))


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: sorted(inner) if name in _SETS and isinstance(inner, list) else _in_order(inner)
            for name, inner in value.items()
        }
    return [_in_order(inner) for inner in value] if isinstance(value, list) else value


def pages(tables: Any, table_name: str) -> Iterator[list[Item]]:
    """Every row of a table, page by page, read consistently."""
    start: dict[str, Any] = {}
    while True:
        page = tables.scan(TableName=table_name, ConsistentRead=True, **start)
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class Reader:
    """Reads rows by their keys, a hundred at once, consistently."""

    def __init__(self, tables: Any, sleep: Sleep, at_once: int) -> None:
        self._tables = tables
        self._sleep = sleep
        self._at_once = at_once

    def read(self, table_name: str, table: Table, keys: Sequence[Item]) -> dict[str, Item]:
        """Those of the rows that are there, by the values of their keys joined as in `joined`."""
        unique = list({joined(table, key): key for key in keys}.values())
        parts = list(chunks(unique, KEYS_AT_ONCE))
        with ThreadPoolExecutor(self._at_once) as pool:
            found = list(pool.map(lambda part: self._read(table_name, part), parts))
        return {joined(table, item): item for items in found for item in items}

    def _read(self, table_name: str, keys: list[Item]) -> list[Item]:
        found: list[Item] = []
        waiting, pause_seconds, tries = keys, PAUSE_SECONDS, 0
        while True:
            asked = {table_name: {"Keys": waiting, "ConsistentRead": True}}
            answer = self._tables.batch_get_item(RequestItems=asked)
            items = answer["Responses"].get(table_name, [])
            found += items
            left = answer.get("UnprocessedKeys", {}).get(table_name, {}).get("Keys", [])
            if not left:
                return found
            tries = 0 if items else tries + 1
            if tries >= TRIES:
                raise NotRestored(
                    f"DynamoDB does not give the rows of {table_name} just now: run it again later"
                )
            waiting = left
            self._sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, PAUSE_SECONDS_MAX)


def joined(table: Table, item: Item) -> str:
    """The values of the key in one text; two keys never have the same."""
    return "\0".join(values_of(table, item))


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
