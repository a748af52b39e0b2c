"""The DynamoDB tables: reads tables.json, the one place that defines them, and words each
definition for CloudFormation and for a CreateTable call.

Must never hold a table definition of its own, nor read anything but that file.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DEFINITIONS = Path(__file__).with_name("tables.json")
KEY_TYPES = ("HASH", "RANGE")


@dataclass(frozen=True)
class Attribute:
    """One key attribute: its name and its DynamoDB type, `S` or `N`."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """One table without its prefix: keys, indexes, stream, attribute of expiry. An index holds keys
    only, and what `projected` names for it.
    """

    name: str
    key: tuple[Attribute, ...]
    indexes: dict[str, tuple[Attribute, ...]]
    has_stream: bool
    expires_by: str | None
    projected: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def logical_id(self) -> str:
        """The name of the table's resource in the template."""
        return f"{self.name.capitalize()}Table"

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Every attribute that some key names, each once, in order of appearance."""
        keys = [self.key, *self.indexes.values()]
        return tuple(dict.fromkeys(attribute for key in keys for attribute in key))


@cache
def all_tables() -> tuple[Table, ...]:
    """Every table of the system, in the order of the file."""
    definitions = json.loads(DEFINITIONS.read_text(encoding="utf-8"))
    return tuple(_table(name, definition) for name, definition in definitions.items())


def create_table_arguments(table: Table, prefix: str) -> dict[str, Any]:
    """Keyword arguments of boto3's `create_table`; expiry is a call of its own in that API."""
    arguments: dict[str, Any] = {
        "TableName": f"{prefix}-{table.name}",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute.name, "AttributeType": attribute.type}
            for attribute in table.attributes
        ],
        "KeySchema": _key_schema(table.key),
    }
    if table.indexes:
        arguments["GlobalSecondaryIndexes"] = [
            {
                "IndexName": name,
                "KeySchema": _key_schema(key),
                "Projection": _projection(table.projected.get(name, ())),
            }
            for name, key in table.indexes.items()
        ]
    if table.has_stream:
        arguments["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
    return arguments


def table_resource(table: Table, prefix: str, *, keep: bool) -> dict[str, Any]:
    """The table as a CloudFormation resource; `keep` guards it and its data against deletion."""
    properties = create_table_arguments(table, prefix)
    if table.has_stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    if table.expires_by:
        properties["TimeToLiveSpecification"] = {
            "AttributeName": table.expires_by,
            "Enabled": True,
        }
    properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    properties["SSESpecification"] = {"SSEEnabled": True}
    properties["DeletionProtectionEnabled"] = keep
    policy = "Retain" if keep else "Delete"
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": properties,
    }


def _table(name: str, definition: dict[str, Any]) -> Table:
    return Table(
        name=name,
        key=_key(definition["key"]),
        indexes={index: _key(key) for index, key in definition.get("indexes", {}).items()},
        has_stream=definition.get("stream", False),
        expires_by=definition.get("expires_by"),
        projected={index: tuple(names) for index, names in definition.get("projected", {}).items()},
    )


def _projection(names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(names)}


def _key(words: list[str]) -> tuple[Attribute, ...]:
    return tuple(Attribute(*word.split(":")) for word in words)


def _key_schema(key: tuple[Attribute, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute.name, "KeyType": key_type}
        for attribute, key_type in zip(key, KEY_TYPES, strict=False)
    ]
