"""From an HTTP request to a call a verb can take, and back: who asks, what they send, and every
error as a problem.

Chalice's middleware never sees what a view raises, so views are wrapped here. Knows nothing of
shops; routes get it from wiring.
"""

import base64
import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from chalicelib.kit.declared import Declared, declare
from chalicelib.kit.errors import InvalidRequest, NotFound, Refusal, TryAgain
from chalicelib.kit.problems import MalformedJson, TooLarge, Unexpected, problem
from chalicelib.kit.tokens import Caller, NotSignedIn

MOST_BODY_BYTES = 32 * 1024
"""No request of ours comes near; a notification of WeChat's is about 1 KiB."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{8,64}")

logger = Logger()


class IdempotencyKeyRequired(Refusal):
    """A request that makes something came without a usable Idempotency-Key."""

    status, code = 400, "idempotency_key_required"
    title = "缺少请求标识，请重试"
    title_en = "Send an Idempotency-Key of 8 to 64 printable ASCII characters."


class Body(BaseModel):
    """Base of every request payload: types exact, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Query(BaseModel):
    """Base of every query string: text converted, unknown parameters refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoBody(Body):
    """For requests that carry nothing; `{}` is nothing too."""


class NoQuery(Query):
    """For requests without parameters."""


@dataclass(frozen=True)
class Call:
    """One request, checked. `body` and `query` are instances of what the route declared; where it
    declared None, the body is in `raw_body` and the query is a mapping of texts.
    """

    caller: Caller | None
    body: Any
    query: Any
    idempotency_key: str
    language: str
    headers: Mapping[str, str]
    raw_body: bytes = b""

    @property
    def member_id(self) -> str:
        """The caller's member id. Only on routes that require signing in."""
        return self._signed_in.member_id

    @property
    def app_id(self) -> str:
        """The app the caller signed in through. Only on routes that require signing in."""
        return self._signed_in.app_id

    @property
    def _signed_in(self) -> Caller:
        if self.caller is None:
            raise NotSignedIn()
        return self.caller


@dataclass(frozen=True)
class Answer:
    """What a view gives back: JSON content (None for an empty 204, a text as it is, bytes with a
    `Content-Type` of their own) and headers. The status is the one that the view has declared.
    """

    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


View = TypeVar("View", bound=Callable[..., Answer])


class Endpoint:
    """Wraps the views of one blueprint. `authenticate` turns a bearer token into its caller, or
    raises.
    """

    def __init__(self, routes: Blueprint, *, authenticate: Callable[[str], Caller]) -> None:
        self._routes = routes
        self._authenticate = authenticate

    def __call__(
        self,
        *,
        answer: Any,
        status: int = 200,
        refuses: tuple[type[Refusal], ...] = (),
        body: type[Body] | None = NoBody,
        query: type[Query] | None = NoQuery,
        signed_in: bool | None = True,
        keyed: bool = False,
        headers: tuple[str, ...] = (),
        parameters: tuple[str, ...] = (),
    ) -> Callable[[View], Callable[..., Response]]:
        """Declare what a view answers (kit/declared.py says how), what it refuses beyond what
        follows from the rest, and what it takes.

        `signed_in`: True requires a token, None reads one if sent, False ignores it.
        `keyed`: requires an Idempotency-Key. `body=None` leaves the raw bytes to the view,
        `query=None` whatever parameters there are; `headers` and `parameters` name those it reads.
        """
        declared = Declared(
            body, query, signed_in, keyed, answer, status, refuses, headers, parameters
        )

        def wrap(view: View) -> Callable[..., Response]:
            @functools.wraps(view)
            def handle(**path: str) -> Response:
                request = self._routes.current_request
                language = language_of(request.headers)
                try:
                    call = self._read(request, body, query, signed_in, keyed)
                    return _response(view(call, **_ids(path)), status)
                except Refusal as refusal:
                    logger.info("refused", code=refusal.code, detail=refusal.detail)
                    return problem(refusal, language=language)
                except (BotoCoreError, ClientError):
                    logger.exception("aws_unavailable", alarm="aws_unavailable")
                    return problem(TryAgain(), language=language)
                except Exception:
                    logger.exception("unexpected", alarm="unexpected")
                    return problem(Unexpected(), language=language)

            declare(handle, declared)
            return handle

        return wrap

    def _read(
        self,
        request: Request,
        body: type[Body] | None,
        query: type[Query] | None,
        signed_in: bool | None,
        keyed: bool,
    ) -> Call:
        headers = request.headers
        caller = self._caller(headers, signed_in)
        raw_body = request.raw_body or b""
        raw_body = raw_body.encode() if isinstance(raw_body, str) else raw_body
        if len(raw_body) > MOST_BODY_BYTES:
            raise TooLarge(f"At most {MOST_BODY_BYTES} bytes.")
        key = headers.get("idempotency-key") or ""
        if keyed and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise IdempotencyKeyRequired()
        return Call(
            caller=caller,
            body=_payload(body, raw_body) if body is not None else None,
            query=_parameters(query, request),
            idempotency_key=key,
            language=language_of(headers),
            headers=headers,
            raw_body=raw_body,
        )

    def _caller(self, headers: Mapping[str, str], signed_in: bool | None) -> Caller | None:
        scheme, _, token = (headers.get("authorization") or "").partition(" ")
        if signed_in is False or (signed_in is None and not scheme):
            return None
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn()
        return self._authenticate(token.strip())


def id_pattern() -> str:
    """What an id in a path has to match."""
    return f"^{_ID.pattern}$"


def idempotency_key_pattern() -> str:
    """What a key has to match."""
    return f"^{_IDEMPOTENCY_KEY.pattern}$"


def language_of(headers: Mapping[str, str]) -> str:
    """`en` when the caller prefers English, else `zh`."""
    first = (headers.get("accept-language") or "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh"


def _payload(body: type[Body], raw_body: bytes) -> Body:
    if not raw_body.strip() and issubclass(body, NoBody):
        return body()
    try:
        return body.model_validate_json(raw_body)
    except ValidationError as error:
        if any(problem["type"] == "json_invalid" for problem in error.errors()):
            raise MalformedJson() from error
        raise invalid(error) from error


def _parameters(query: type[Query] | None, request: Request) -> Query | dict[str, str]:
    given = request.query_params
    flat = {name: given[name] for name in given} if given else {}
    if query is None:
        return flat
    try:
        return query.model_validate(flat)
    except ValidationError as error:
        raise invalid(error) from error


def invalid(error: ValidationError) -> InvalidRequest:
    """Pydantic's findings as ours: which field, what about it; the offending value is not
    repeated. What could not be filled in because something else is wrong is not complained of.
    """
    errors = [
        {"field": ".".join(str(part) for part in found["loc"]), "message": found["msg"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
        if found["type"] != "default_factory_not_called"
    ]
    errors = [error for error in errors if not _is_above(error["field"], errors)]
    # A name that the caller made up is cut short here: the detail goes into the log.
    named = ", ".join(item["field"][:40] for item in errors[:3])
    return InvalidRequest(f"Not valid: {named}." if named else "", errors=errors)


def _is_above(field: str, errors: list[dict[str, str]]) -> bool:
    """Whether the complaint is only that something further down, also listed, is wrong."""
    return any(other["field"].startswith(f"{field}.") for other in errors)


def _ids(path: Mapping[str, str]) -> dict[str, str]:
    ids = {name: unquote(value) for name, value in path.items()}
    if not all(_ID.fullmatch(value) for value in ids.values()):
        raise NotFound()
    return ids


class BytesResponse(Response):
    """An answer of bytes. API Gateway gets them as base64, and is told so whatever the client
    accepts: Chalice alone would refuse a client that does not name the type.
    """

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        encoded = Response(base64.b64encode(self.body), self.headers, self.status_code)
        answer = encoded.to_dict(binary_types)
        return {**answer, "body": answer["body"].decode(), "isBase64Encoded": True}


def _response(answer: Answer, status: int) -> Response:
    headers: dict[str, str | list[str]] = dict(answer.headers)
    if answer.content is None:
        return Response(body="", status_code=status, headers=headers)
    if isinstance(answer.content, bytes):
        return BytesResponse(answer.content, headers, status)
    content = answer.content
    if isinstance(content, str):
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        return Response(body=content, status_code=status, headers=headers)
    headers.setdefault("Content-Type", "application/json; charset=utf-8")
    if isinstance(content, BaseModel):
        text = content.model_dump_json()
    else:
        text = json.dumps(content, ensure_ascii=False)
    return Response(body=text, status_code=status, headers=headers)
