"""The shapes of the OpenAPI document: JSON schemas of what routes take and answer.

What is taken is closed: unknown fields are refused. What is answered is open, since the contract
grows: unknown fields are to be passed over, and the values of an enumeration are those known by
now (`x-extensible-enum`), never all there will be.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

from chalicelib.kit.declared import Count, Fen, Time

Schema = dict[str, Any]

_IN_COMPONENTS = "#/components/schemas/"
_REF = _IN_COMPONENTS + "{model}"
_MAPS_OF_SCHEMAS = frozenset({"properties", "$defs"})


class FieldError(TypedDict):
    """What is wrong with one field."""

    field: str
    message: str


class Context(TypedDict, total=False):
    """What a refusal says beyond its code; which of these, the code decides."""

    order_id: str
    order_ids: list[str]
    group_id: str
    group_ids: list[str]
    group_price_fen: Fen | None
    sku_id: str
    available: Count
    available_fen: int
    minimum_fen: Fen
    maximum_fen: Fen
    daily_fen: Fen
    daily_count: Count
    refundable_fen: Fen
    redeemed_at: Time
    withdrawal_id: str


class Problem(TypedDict):
    """An answer that says no (RFC 9457); it has changed nothing. Branch on `code`; `title` fits a
    toast, in Chinese unless `Accept-Language` asks for English. `errors` comes with 422.
    """

    type: Literal["about:blank"]
    title: Annotated[str, Field(min_length=1)]
    status: int
    code: str
    detail: str
    context: NotRequired[Context]
    errors: NotRequired[list[FieldError]]


class Shapes:
    """Every schema of a document, each under its name in the components."""

    def __init__(
        self,
        *,
        bodies: Iterable[type[BaseModel]],
        queries: Iterable[type[BaseModel]],
        answers: Iterable[Any],
    ) -> None:
        self._queries = {query: query.model_json_schema(ref_template=_REF) for query in queries}
        self._bodies, taken = _schemas_of(bodies, "validation")
        self._answers, answered = _schemas_of((*answers, Problem), "serialization")
        for query in self._queries.values():
            taken |= query.get("$defs", {})
        # What is both taken and answered has two schemas: a closed one and an open one.
        self._renamed = {name: f"{name}Taken" for name in taken if name in answered}
        self.components = {name: _open(schema) for name, schema in answered.items()}
        for name, schema in taken.items():
            self.components[self._renamed.get(name, name)] = self._taken(schema)

    def of_body(self, body: Any) -> Schema:
        """What is taken as this."""
        return self._taken(self._bodies[_key(body)])

    def of_answer(self, answer: Any) -> Schema:
        """What is answered as this."""
        return _open(self._answers[_key(answer)])

    def of_query(self, query: type[BaseModel]) -> list[tuple[str, Schema, bool]]:
        """Each parameter: its name, its schema, whether it must be there."""
        schema = self._queries[query]
        required = schema.get("required", ())
        return [
            (name, self._taken(_without_null(shape)), name in required)
            for name, shape in schema.get("properties", {}).items()
        ]

    def _taken(self, schema: Schema) -> Schema:
        def rename(part: Schema) -> Schema:
            if "$ref" not in part:
                return part
            name = part["$ref"].removeprefix(_IN_COMPONENTS)
            return {**part, "$ref": _IN_COMPONENTS + self._renamed.get(name, name)}

        return _walked(schema, rename)


def _key(shape: Any) -> str:
    return repr(shape)


def _schemas_of(
    shapes: Iterable[Any], mode: Literal["validation", "serialization"]
) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schema of each shape, and those they refer to by name."""
    adapters = {_key(shape): TypeAdapter(shape) for shape in shapes}
    inputs = [(key, mode, adapter) for key, adapter in adapters.items()]
    found, named = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return {key: schema for (key, _), schema in found.items()}, named.get("$defs", {})


def _open(schema: Schema) -> Schema:
    """As it is promised in an answer: open to fields and values that are yet to come."""

    def opened(part: Schema) -> Schema:
        part = {
            name: value
            for name, value in part.items()
            if name != "default" and (name, value) != ("additionalProperties", False)
        }
        if "const" in part:
            part["x-extensible-enum"] = [part.pop("const")]
        if "enum" in part:
            part["x-extensible-enum"] = part.pop("enum")
        return part

    return _walked(schema, opened)


def _without_null(schema: Schema) -> Schema:
    """A parameter is left out; it cannot be null."""
    others = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    if not others:
        return schema
    return {**rest, **others[0]} if len(others) == 1 else {**rest, "anyOf": others}


def _walked(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with every part of it changed, and without the titles that pydantic makes up."""
    walked: Schema = {}
    for name, value in change(schema).items():
        if name in _MAPS_OF_SCHEMAS:
            walked[name] = {key: _walked(part, change) for key, part in value.items()}
        elif name != "title" and (name, value) != ("default", None):
            walked[name] = _walked_into(value, change)
    return walked


def _walked_into(value: Any, change: Callable[[Schema], Schema]) -> Any:
    if isinstance(value, list):
        return [_walked_into(part, change) for part in value]
    return _walked(value, change) if isinstance(value, dict) else value
