"""What a DynamoDB table looks like from Python: row classes, their keys, and the one client they
share.

PynamoDB gives attributes, conditions and updates; transport is a single boto client, so that a
cold start makes one, and so that one read or one commit can span tables. It never writes (that is
writes.py) and never decides.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Self, TypeVar, cast

from pynamodb.attributes import Attribute
from pynamodb.constants import MAP, STRING
from pynamodb.models import Model

from chalicelib.kit.clock import from_stored, stored


def table_name(table: str) -> str:
    """`kaituan-prod-orders`: the deployment's prefix and the table's own name."""
    return f"{os.environ.get('TABLE_PREFIX', 'kaituan-test')}-{table}"


class Row(Model):
    """An item of a table. Subclasses name their table in `Meta.table` and their attributes as
    PynamoDB ones.
    """

    class Meta:
        table_name = ""

    @classmethod
    def table_name(cls) -> str:
        return table_name(cls.Meta.table)  # type: ignore[attr-defined]

    @classmethod
    def key(cls, hash_value: str, range_value: str | int | None = None) -> "Key[Self]":
        """The address of one item of this table."""
        return Key(cls, hash_value, range_value)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The row in DynamoDB's own JSON; attributes the class does not know are left aside, not
        lost.
        """
        known = {attribute.attr_name for attribute in cls.get_attributes().values()}
        return cls.from_raw_data({name: value for name, value in item.items() if name in known})

    def given(self, names: frozenset[str]) -> dict[str, Any]:
        """The attributes of these names that the item has, as Python values."""
        values = self.attribute_values.items()
        return {name: value for name, value in values if name in names and value is not None}

    def to_item(self) -> dict[str, Any]:
        """This row in DynamoDB's own JSON, empty attributes left out."""
        return cast(dict[str, Any], self.serialize())


RowType = TypeVar("RowType", bound=Row, covariant=True)


@dataclass(frozen=True)
class Key(Generic[RowType]):
    """The address of one item: its table's class, its hash key and, where the table has one, its
    range key.
    """

    row: type[RowType]
    hash_value: str
    range_value: str | int | None = None

    def to_item(self) -> dict[str, Any]:
        """The key in DynamoDB's own JSON."""
        hash_name, range_name = key_names(self.row)
        item: dict[str, Any] = {hash_name: {"S": self.hash_value}}
        if range_name is not None:
            as_number = isinstance(self.range_value, int)
            item[range_name] = {"N" if as_number else "S": str(self.range_value)}
        return item


@cache
def key_names(row: type[Row]) -> tuple[str, str | None]:
    """The names of a table's hash key and range key."""
    names: dict[bool, str] = {}
    for attribute in row.get_attributes().values():
        if attribute.is_hash_key or attribute.is_range_key:
            names[attribute.is_hash_key] = attribute.attr_name
    return names[True], names.get(False)


class TimeAttribute(Attribute[datetime]):
    """A moment, stored as fixed-width UTC text that sorts."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        return value if isinstance(value, str) else stored(value)

    def deserialize(self, value: str) -> datetime:
        return from_stored(value)


class PlainMapAttribute(Attribute[dict[str, Any]]):
    """A map of text, whole numbers, booleans, lists and maps, readable in the console as it is."""

    attr_type = MAP

    def serialize(self, value: Any) -> Any:
        return _to_item(value)["M"]

    def deserialize(self, value: Any) -> dict[str, Any]:
        return {name: _from_item(item) for name, item in value.items()}


def _to_item(value: Any) -> dict[str, Any]:
    """Plain Python in DynamoDB's own JSON. A float is refused: nothing of ours is one."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_to_item(item) for item in value]}
        case Mapping():
            return {"M": {name: _to_item(item) for name, item in value.items()}}
    raise TypeError(f"cannot store a {type(value).__name__}")


def _from_item(item: Mapping[str, Any]) -> Any:
    """The inverse of `_to_item`."""
    ((kind, value),) = item.items()
    match kind:
        case "N":
            return int(value)
        case "NULL":
            return None
        case "L":
            return [_from_item(each) for each in value]
        case "M":
            return {name: _from_item(each) for name, each in value.items()}
    return value
