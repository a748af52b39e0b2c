"""The OpenAPI document, from the route table and what each view has declared. Pure.

Preflights are left out: browsers make them by themselves. Nothing here is written by hand twice;
what a route takes, answers and refuses stands beside its view.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chalice.app import RouteEntry

from chalicelib.contract.refusals import RETRY_LATER, Kind, refusals_of
from chalicelib.contract.shapes import Problem, Schema, Shapes
from chalicelib.kit.declared import Declared, Media, declared_by
from chalicelib.kit.endpoint import NoBody, id_pattern, idempotency_key_pattern
from chalicelib.kit.problems import CONTENT_TYPE

VERSION = "0.1.0"
JSON = "application/json"

Routes = Mapping[str, Mapping[str, RouteEntry]]

_ABOUT = """Group buying for WeChat mini-programs. Within `/v1` the contract only grows: pass over \
fields you do not know, and treat a status you do not know as being worked on (处理中). \
Amounts are whole fen, times are UTC, ids are opaque."""


class _Described:
    """One view of the route table."""

    def __init__(self, entry: RouteEntry, declared: Declared) -> None:
        self.entry, self.declared = entry, declared

    @property
    def has_body(self) -> bool:
        return self.declared.body is None or not issubclass(self.declared.body, NoBody)


def describe(routes: Routes, *, url: str = "/") -> dict[str, Any]:
    """The document. `url` is what comes before `/v1`."""
    views = list(_views(routes))
    declared = [view.declared for view in views]
    shapes = Shapes(
        bodies=[each.body for each in declared if each.body not in (None, NoBody)],
        queries=[each.query for each in declared if each.query is not None],
        answers=[each.answer for each in declared if _is_json(each.answer)],
    )
    refused: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for view in views:
        methods = paths.setdefault(view.entry.uri_pattern, {})
        methods[view.entry.method.lower()] = _operation(view, shapes, refused)
    return {
        "openapi": "3.1.0",
        "info": {"title": "kaituan 开团", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(shapes.components.items())),
            "responses": dict(sorted(refused.items())),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {"session": _SESSION},
        },
    }


def _views(routes: Routes) -> Iterator[_Described]:
    for methods in routes.values():
        for entry in methods.values():
            declared = declared_by(entry.view_function)
            if declared is not None:
                yield _Described(entry, declared)


def _is_json(answer: Any) -> bool:
    return answer is not None and not isinstance(answer, Media)


def _operation(view: _Described, shapes: Shapes, refused: dict[str, Any]) -> dict[str, Any]:
    entry, declared = view.entry, view.declared
    name = entry.view_function.__name__
    said = " ".join((entry.view_function.__doc__ or "").split())
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": said.rstrip("."),
        "tags": [entry.view_function.__module__.split(".")[1]],
        "security": _security(declared),
        "parameters": [*_parameters(view, shapes)],
        "responses": _responses(view, shapes, refused),
    }
    if view.has_body:
        schema = shapes.of_body(declared.body) if declared.body is not None else {}
        content = {media_type: {"schema": schema} for media_type in entry.content_types}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _security(declared: Declared) -> list[dict[str, list[str]]]:
    if declared.signed_in is False:
        return []
    return [{"session": []}] if declared.signed_in else [{}, {"session": []}]


def _parameters(view: _Described, shapes: Shapes) -> Iterator[Schema]:
    declared = view.declared
    for name in view.entry.view_args:
        schema = {"type": "string", "pattern": id_pattern()}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if declared.query is not None:
        for name, schema, required in shapes.of_query(declared.query):
            yield {"name": name, "in": "query", "required": required, "schema": schema}
    for name in declared.parameters:
        yield {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
    for name in declared.headers:
        yield {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    if declared.keyed:
        yield _ref("parameters", "IdempotencyKey")
    yield _ref("parameters", "AcceptLanguage")


def _responses(view: _Described, shapes: Shapes, refused: dict[str, Any]) -> dict[str, Any]:
    """What is refused in the same words by several routes stands once, in the components."""
    answers = {view.declared.status: _answered(view.declared, shapes)}
    kinds_by_status = refusals_of(view.declared, has_path_ids=bool(view.entry.view_args))
    for status, kinds in kinds_by_status.items():
        answers[status] = _refused(status, kinds, shapes)
        if status != 409:
            name = "Or".join(kind.code.title().replace("_", "") for kind in kinds)
            if refused.setdefault(name, answers[status]) == answers[status]:
                answers[status] = _ref("responses", name)
    return {str(status): answers[status] for status in sorted(answers)}


def _answered(declared: Declared, shapes: Shapes) -> dict[str, Any]:
    headers = _always()
    if declared.keyed:
        headers["Idempotency-Replayed"] = _ref("headers", "IdempotencyReplayed")
    answer = declared.answer
    if answer is None:
        return {"description": "Done.", "headers": headers}
    if isinstance(answer, Media):
        content: dict[str, Any] = {media_type: {} for media_type in answer.types}
    else:
        content = {JSON: {"schema": shapes.of_answer(answer)}}
    return {"description": "As asked.", "headers": headers, "content": content}


def _refused(status: int, kinds: list[Kind], shapes: Shapes) -> dict[str, Any]:
    headers = _always()
    if status in RETRY_LATER:
        headers["Retry-After"] = _ref("headers", "RetryAfter")
    narrowed: Schema = {
        "properties": {
            "status": {"const": status},
            "code": {"x-extensible-enum": [kind.code for kind in kinds]},
        }
    }
    if status == 422:
        narrowed["required"] = ["errors"]
    schema = {"allOf": [shapes.of_answer(Problem), narrowed]}
    return {
        "description": " ".join(f"`{kind.code}`: {kind.says}" for kind in kinds),
        "headers": headers,
        "content": {CONTENT_TYPE: {"schema": schema}},
    }


def _always() -> dict[str, Any]:
    return {"X-Request-Id": _ref("headers", "RequestId")}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


_SESSION = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The token of `POST /v1/sessions`.",
}

_PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "The caller's own; a repeat under the same key finds the first answer.",
        "schema": {"type": "string", "pattern": idempotency_key_pattern()},
    },
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "`en` for English titles of what is refused; else they are Chinese.",
        "schema": {"type": "string"},
    },
}

_HEADERS = {
    "RequestId": {
        "description": "What the log knows the request by.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "After so many seconds it may work.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "IdempotencyReplayed": {
        "description": "There on a repeat.",
        "schema": {"type": "string", "x-extensible-enum": ["true"]},
    },
}
