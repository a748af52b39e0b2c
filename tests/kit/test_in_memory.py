"""Tables in memory say what DynamoDB says of whatever the guards and updates are made of, and
can show how things stood before.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.catalog.store import CatalogRow
from chalicelib.kit import reads
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.counters import LimitRow
from chalicelib.kit.writes import WriteSet
from tests.in_memory import in_memory
from tests.tables import PREFIX

Step = Callable[[WriteSet], object]

A, B, SHELF = LimitRow.key("a"), LimitRow.key("b"), CatalogRow.key("shelf", "one")
used, ends = LimitRow.used, LimitRow.expires_epoch_seconds


class Refused(Exception):
    """A guard failed; what the item was then."""


def refused(row: LimitRow | CatalogRow | None) -> Refused:
    return Refused(str(sorted(row.attribute_values.items())) if row is not None else "nothing")


STEPS: list[Step] = [
    lambda w: w.put(LimitRow(limit_key="a", used=3)),
    lambda w: w.put(
        LimitRow(limit_key="a"), guard=LimitRow.limit_key.does_not_exist(), refusal=refused
    ),
    lambda w: w.update(A, [used.set((used | 0) + 2), ends.set(ends | 9)], refusal=refused),
    lambda w: w.update(A, [used.set((used | 7) - 1)], guard=used >= 5, refusal=refused),
    lambda w: w.update(A, [used.set(0)], guard=used < 4, refusal=refused),
    lambda w: w.update(A, [used.set(10)], guard=(used == 4) & ends.exists(), refusal=refused),
    lambda w: w.update(A, [ends.remove()], guard=(used > 99) | (ends == 9), refusal=refused),
    lambda w: w.update(A, [used.set(1)], guard=~(used == 10), refusal=refused),
    lambda w: w.update(A, [used.set(11)], guard=~((used == 3) | ends.exists()), refusal=refused),
    lambda w: w.update(B, [used.set(1)], guard=used >= 0, refusal=refused),
    lambda w: w.update(B, [used.set(1)], guard=used != 5, refusal=refused),
    lambda w: w.update(B, [used.set(2)], guard=LimitRow.limit_key > "c", refusal=refused),
    lambda w: w.update(B, [used.set(2)], guard=LimitRow.limit_key.startswith("b")),
    lambda w: w.delete(B, guard=used == 1, refusal=refused),
    lambda w: w.delete(B, guard=used == 2, refusal=refused),
    lambda w: w.delete(B),
    lambda w: w.update(SHELF, [CatalogRow.skus_aside.add({"x", "y"})]),
    lambda w: w.update(SHELF, [CatalogRow.skus_aside.add({"y", "z"})]),
    lambda w: w.update(SHELF, [CatalogRow.skus_aside.delete({"x"})]),
]


def told() -> list[Any]:
    """What becomes of each step alone, then beside a write that changes another item; and of all
    there is afterwards.
    """
    said: list[Any] = []
    for number, step in enumerate(STEPS):
        for alone in (True, False):
            writes = WriteSet()
            step(writes)
            if not alone:
                writes.update(LimitRow.key(f"beside-{number}"), [used.set((used | 0) + 1)])
            try:
                writes.commit()
                said.append("done")
            except Refused as refusal:
                said.append(str(refusal))
        said.append(items())
    return said


def items() -> list[Any]:
    keys = [A, B, SHELF, *(LimitRow.key(f"beside-{number}") for number in range(len(STEPS)))]
    found = reads.read(*keys)
    rows = [found.find(key) for key in keys]
    (own, _) = reads.query(LimitRow, LimitRow.limit_key == "a", limit=5)
    return [row and sorted(row.attribute_values.items()) for row in rows] + own


def test_tables_in_memory_say_what_dynamodb_says(database: None) -> None:
    said_by_dynamodb = told()
    with in_memory():
        assert told() == said_by_dynamodb
    assert "nothing" in said_by_dynamodb
    assert dynamodb().list_tables()["TableNames"]


def test_who_reads_late_sees_what_was_until_they_write(database: None) -> None:
    with in_memory() as memory:
        for number in range(3):
            writes = WriteSet()
            writes.put(LimitRow(limit_key="a", used=number))
            writes.commit()
        with memory.behind(2):
            assert reads.read(A).find(A).used == 0  # type: ignore[union-attr]
            writes = WriteSet()
            writes.update(A, [used.set(9)], guard=used == 0, refusal=refused)
            with pytest.raises(Refused, match="'used', 2"):
                writes.commit()
            assert reads.read(A).find(A).used == 2  # type: ignore[union-attr]
        with memory.behind(9, since=2):
            assert reads.read(A).find(A).used == 1  # type: ignore[union-attr]


def test_what_no_guard_of_ours_says_is_refused(database: None) -> None:
    with in_memory():
        writes = WriteSet()
        writes.update(A, [used.set(1)], guard=LimitRow.limit_key.contains("x"))
        with pytest.raises((ValueError, KeyError)):
            writes.commit()
        client, table = dynamodb(), f"{PREFIX}-limits"
        with pytest.raises(KeyError):
            client.scan(TableName=table)
