"""Rows broken by hand, as nothing of ours would write them, and put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chalicelib.kit.aws import dynamodb
from tests.tables import PREFIX

Item = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One row and what to write into it: None takes an attribute away, `gone` the whole row."""

    table: str
    key: dict[str, str | int]
    values: dict[str, str | int | bool | None]
    gone: bool = False


def stored(value: str | int | bool) -> Item:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


@contextmanager
def broken(change: Change) -> Iterator[None]:
    """The row is wrong while this lasts."""
    table = f"{PREFIX}-{change.table}"
    key = {name: stored(value) for name, value in change.key.items()}
    before = dynamodb().get_item(TableName=table, Key=key)["Item"]
    after = {name: value for name, value in before.items() if name not in change.values}
    after |= {name: stored(value) for name, value in change.values.items() if value is not None}
    if change.gone:
        dynamodb().delete_item(TableName=table, Key=key)
    else:
        dynamodb().put_item(TableName=table, Item=after)
    try:
        yield
    finally:
        dynamodb().put_item(TableName=table, Item=before)
