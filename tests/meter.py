"""What DynamoDB would bill for what a story does, reckoned from the calls themselves by its
published rules: reads by the size of what is looked at, writes by the size of the item before or
after.

Only calls through the app's client are counted, not a test's own looks at the tables.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.tables import Table, all_tables
from tests import dynamodb_here
from tests.tables import PREFIX

KB = 1024
READ_BYTES = 4 * KB
_WRITES = {"Put": "Item", "Update": "Key", "Delete": "Key", "ConditionCheck": "Key"}
_SINGLE = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
_TABLES = {f"{PREFIX}-{table.name}": table for table in all_tables()}

Item = dict[str, Any]


@dataclass
class Meter:
    """Units so far. An eventually consistent read costs half a one."""

    write_units: int = 0
    read_units: float = 0.0
    _before: list[Item | None] = field(default_factory=list)
    _request: dict[str, Any] = field(default_factory=dict)

    def before_call(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        """Remember what a write is about to change."""
        request = json.loads(params["body"])
        self._before = [_find(table, key) for table, key in _writes(model.name, request)]
        self._request = request

    def after_call(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        """A write that a guard refused is billed like one that came through."""
        writes = _writes(model.name, self._request)
        if writes:
            times = 2 if model.name == "TransactWriteItems" else 1
            for (table, key), before in zip(writes, self._before, strict=True):
                after = _find(table, key)
                larger = max(_size(before), _size(after))
                self.write_units += times * max(1, -(-larger // KB))
                self.write_units += sum(
                    _entry_units(before, after, [one.name for one in keys])
                    for keys in table.indexes.values()
                )
        elif "Error" not in parsed:
            self.read_units += _read_units(model.name, self._request, parsed)


@contextmanager
def metered(client: Any) -> Iterator[Meter]:
    """What the app's client asks for while this lasts."""
    meter = Meter()
    events = client.meta.events
    events.register("before-call.dynamodb", meter.before_call)
    events.register("after-call.dynamodb", meter.after_call)
    try:
        yield meter
    finally:
        events.unregister("before-call.dynamodb", meter.before_call)
        events.unregister("after-call.dynamodb", meter.after_call)


def stored_bytes() -> int:
    """What all tables and their indexes hold, with the hundred bytes that each entry costs."""
    held = 0
    for name, table in _TABLES.items():
        start: dict[str, Any] = {}
        while True:
            answer = _ask("Scan", {"TableName": name, **start})
            held += sum(_held(table, item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    return held


def _held(table: Table, item: Item) -> int:
    held = _size(item) + 100
    for name, keys in table.indexes.items():
        names = {part.name for part in (*keys, *table.key)} | set(table.projected.get(name, ()))
        if all(one.name in item for one in keys):
            held += _size({name: item[name] for name in names if name in item}) + 100
    return held


def _writes(operation: str, request: dict[str, Any]) -> list[tuple[Table, Item]]:
    if operation in _SINGLE:
        return [_written(_SINGLE[operation], request)]
    if operation == "TransactWriteItems":
        return [_written(*next(iter(one.items()))) for one in request["TransactItems"]]
    return []


def _written(kind: str, request: dict[str, Any]) -> tuple[Table, Item]:
    table = _TABLES[request["TableName"]]
    given = request[_WRITES[kind]]
    return table, {one.name: given[one.name] for one in table.key}


def _find(table: Table, key: Item) -> Item | None:
    found: Item | None = _ask("GetItem", {"TableName": f"{PREFIX}-{table.name}", "Key": key}).get(
        "Item"
    )
    return found


def _ask(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    _, parsed = dynamodb_here.answer(operation, json.dumps(request).encode())
    return parsed


def _entry_units(before: Item | None, after: Item | None, keys: list[str]) -> int:
    was, becomes = _entry(before, keys), _entry(after, keys)
    if was == becomes:
        return 0
    return 2 if was and becomes else 1


def _entry(item: Item | None, keys: list[str]) -> list[Any] | None:
    return [item[key] for key in keys] if item and all(key in item for key in keys) else None


def _read_units(operation: str, request: dict[str, Any], answer: dict[str, Any]) -> float:
    if operation == "GetItem":
        return _units(_size(answer.get("Item")), consistent=request.get("ConsistentRead", False))
    if operation == "BatchGetItem":
        units = 0.0
        for name, wanted in request["RequestItems"].items():
            consistent = wanted.get("ConsistentRead", False)
            found = answer["Responses"].get(name, [])
            units += sum(_units(_size(item), consistent=consistent) for item in found)
            units += _units(0, consistent=consistent) * (len(wanted["Keys"]) - len(found))
        return units
    if operation in {"Query", "Scan"}:
        size = sum(_size(item) for item in answer.get("Items", []))
        return _units(size, consistent=request.get("ConsistentRead", False))
    return 0.0


def _units(size: int, *, consistent: bool) -> float:
    return max(1, -(-size // READ_BYTES)) * (1 if consistent else 0.5)


def _size(item: Item | None) -> int:
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "M":
            return 3 + sum(1 + len(k.encode()) + _value_size(v) for k, v in content.items())
        case "L":
            return 3 + sum(1 + _value_size(one) for one in content)
        case "SS":
            return sum(len(one.encode()) for one in content)
        case _:
            return 1
