"""The OpenAPI document as the fuzzing takes it: strictly, and with ids of things that are there.

Must never promise on a route's behalf what the served document does not know of.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Ids = Mapping[str, Sequence[str]]

MADE_BY = {
    "post_order": {"order_id": "/order/order_id"},
    "post_group": {"order_id": "/order/order_id", "group_id": "/group/group_id"},
    "post_group_member": {"order_id": "/order/order_id"},
    "post_refund": {"refund_id": "/refund_id"},
    "post_withdrawal": {"withdrawal_id": "/withdrawal_id"},
    "post_share": {"share_code": "/share_code"},
    "get_group_draw": {"draw_id": "/draw_id"},
}
"""Where the answer of an operation has ids that others take: what one request makes, the next ones
use.
"""


def strict(document: Any) -> dict[str, Any]:
    """The same document as of today: in answers no field and no value but those that it names.

    What is served leaves both open, since the contract grows; what is sent must be declared.
    """
    closed: dict[str, Any] = _strict(document)
    for schema in closed["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


def with_ids(document: Any, ids: Ids) -> dict[str, Any]:
    """The same document, but that half of the ids that are sent are ids of something."""
    components = document["components"]
    schemas = {
        name: _known(schema, ids) if schema.get("additionalProperties") is False else schema
        for name, schema in components["schemas"].items()
    }
    told = _each_operation(document, lambda operation: _operation(operation, ids))
    return {**told, "components": {**components, "schemas": schemas}}


def with_examples(document: Any, bodies: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The same document, with bodies that go through, by the operation that takes them."""

    def shown(operation: dict[str, Any]) -> dict[str, Any]:
        good = bodies.get(operation["operationId"], ())
        if not good:
            return operation
        examples = {str(number): {"value": body} for number, body in enumerate(good)}
        taken = operation["requestBody"]
        content = {name: {**each, "examples": examples} for name, each in taken["content"].items()}
        return {**operation, "requestBody": {**taken, "content": content}}

    return _each_operation(document, shown)


def with_links(document: Any) -> dict[str, Any]:
    """The same document, with a link from what makes something to whatever takes its id."""
    takers = {
        operation["operationId"]: {
            each["name"] for each in operation["parameters"] if each.get("in") == "path"
        }
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    return _each_operation(document, lambda operation: _linked(operation, takers))


def _each_operation(
    document: Any, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    paths = {
        path: {method: change(operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


def _linked(operation: dict[str, Any], takers: Mapping[str, set[str]]) -> dict[str, Any]:
    made = MADE_BY.get(operation["operationId"], {})
    links = {
        f"{taker} by {name}": {
            "operationId": taker,
            "parameters": {f"path.{name}": f"$response.body#{place}"},
        }
        for name, place in made.items()
        for taker, taken in takers.items()
        if taken == {name}
    }
    if not links:
        return operation
    responses = {
        status: {**response, "links": links} if status.startswith("2") else response
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


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
