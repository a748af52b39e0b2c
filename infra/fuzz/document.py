"""The OpenAPI document as the fuzzing takes it: strictly, and with ids of things that are there.

Must never promise on a route's behalf what the served document does not know of.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Ids = Mapping[str, Sequence[str]]


def strict(document: Any) -> Any:
    """The same document as of today: in answers no field and no value but those that it names.

    What is served leaves both open, since the contract grows; what is sent must be declared.
    """
    closed = _strict(document)
    for schema in closed["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


def with_ids(document: Any, ids: Ids) -> Any:
    """The same document, but that half of the ids that are sent are ids of something."""
    components = document["components"]
    schemas = {
        name: _known(schema, ids) if schema.get("additionalProperties") is False else schema
        for name, schema in components["schemas"].items()
    }
    paths = {
        path: {method: _operation(operation, ids) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths, "components": {**components, "schemas": schemas}}


def _strict(part: Any) -> Any:
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        "enum" if name == "x-extensible-enum" else name: _strict(value)
        for name, value in part.items()
    }


def _operation(operation: dict[str, Any], ids: Ids) -> dict[str, Any]:
    parameters = [
        {**each, "schema": _one_of(each["schema"], ids[each["name"]])}
        if each.get("name") in ids
        else each
        for each in operation["parameters"]
    ]
    return {**operation, "parameters": parameters}


def _known(schema: dict[str, Any], ids: Ids) -> dict[str, Any]:
    properties = {
        name: _one_of(shape, ids[name]) if name in ids else shape
        for name, shape in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _one_of(schema: dict[str, Any], known: Sequence[str]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": list(known)}, schema]}
