"""What the OpenAPI document promises, held against every answer that a test is given.

The document promises less than is kept: fields and values may be added. Here it is taken strictly,
so that nothing is answered that is not declared.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from app import app
from chalicelib.contract.describe import describe
from infra.fuzz.document import strict

IN_COMPONENTS = "#/components/"
DOCUMENT = "urn:kaituan:contract"


@cache
def document() -> dict[str, Any]:
    """The document of the app as it is."""
    return describe(app.routes)


def broken_by(
    method: str, path: str, status: int, headers: Mapping[str, str], content: Any
) -> list[str]:
    """What of this answer is not as promised. Of paths and methods that are none of ours, nothing
    is promised.
    """
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        return []
    named = f"{method} {operation} answers {status}"
    response = _response(method, operation, status)
    if response is None:
        return [f"{named}, which is not promised: {content}"]
    given = {name.lower(): value for name, value in headers.items()}
    missing = [
        f"{named} without {name}"
        for name, header in response.get("headers", {}).items()
        if _resolved(header).get("required") and name.lower() not in given
    ]
    media_type = given.get("content-type", "").partition(";")[0]
    promised = {name.partition(";")[0] for name in response.get("content", {})}
    if promised and media_type not in promised:
        return [*missing, f"{named} as {media_type}, not as {sorted(promised)}"]
    if not promised and content:
        return [*missing, f"{named} with {content!r}, not with nothing"]
    if "json" not in media_type:
        return missing
    wrong = _validator(method, operation, status, media_type).iter_errors(content)
    return missing + [f"{named}: {error.message} at {error.instance_path}" for error in wrong]


def assert_kept(
    method: str, path: str, status: int, headers: Mapping[str, str], content: Any
) -> None:
    """The answer is one that the document promises."""
    broken = broken_by(method, path, status, headers, content)
    assert not broken, broken


@cache
def _strict_document() -> dict[str, Any]:
    return strict(document())


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in document()["paths"]]


def _operation(method: str, path: str) -> str | None:
    """The path as it is declared."""
    for pattern, declared in _paths():
        if pattern.fullmatch(path) and method.lower() in document()["paths"][declared]:
            return declared
    return None


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].removeprefix(IN_COMPONENTS).split("/")
    found: dict[str, Any] = _strict_document()["components"][kind][name]
    return found


def _response(method: str, path: str, status: int) -> dict[str, Any] | None:
    responses = _strict_document()["paths"][path][method.lower()]["responses"]
    return _resolved(responses[str(status)]) if str(status) in responses else None


@cache
def _validator(
    method: str, path: str, status: int, media_type: str
) -> jsonschema_rs.Draft202012Validator:
    response = _response(method, path, status)
    assert response is not None
    (schema,) = (
        each["schema"]
        for name, each in response["content"].items()
        if name.partition(";")[0] == media_type
    )
    return jsonschema_rs.Draft202012Validator(_in_document(schema), registry=_registry())


@cache
def _registry() -> jsonschema_rs.Registry:
    """The components, once for all validators: each would keep a copy of its own."""
    return jsonschema_rs.Registry([(DOCUMENT, _strict_document())])


def _in_document(part: Any) -> Any:
    if isinstance(part, list):
        return [_in_document(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: f"{DOCUMENT}{value}" if name == "$ref" else _in_document(value)
        for name, value in part.items()
    }
