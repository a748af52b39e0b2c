"""What every HTTP answer gets, whoever made it: our problem shape, a request id, and CORS for the
configured origins only. Each is one line in the log, which never says who asked for what.

Preflights are answered here too, by routes of their own, since Chalice's built-in CORS knows a
single origin.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Chalice, Response

from chalicelib.kit import correlation
from chalicelib.kit.endpoint import language_of
from chalicelib.kit.problems import in_our_shape

_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, Accept-Language"
_EXPOSED_HEADERS = "X-Request-Id, Idempotency-Replayed, Retry-After"
_PREFLIGHT_KEPT_SECONDS = 600

logger = Logger()


def finish(
    request: Any, get_response: Callable[[Any], Response], origins: Sequence[str]
) -> Response:
    """Run the rest, then complete its answer."""
    began = time.monotonic_ns()
    headers: Mapping[str, str] = request.headers if request is not None else {}
    response = in_our_shape(get_response(request), language=language_of(headers))
    if request is not None:
        response.headers["X-Request-Id"] = correlation.current() or ""
        _log(request, response.status_code, (time.monotonic_ns() - began) // 1_000_000)
    response.headers["Vary"] = "Origin"
    response.headers.update(cors_headers(headers.get("origin"), origins))
    return response


def _log(request: Any, status: int, milliseconds: int) -> None:
    """The route as it was declared, never the path or the query: those hold ids and more."""
    logger.info(
        "answered",
        method=request.method,
        route=request.context.get("resourcePath", ""),
        status=status,
        milliseconds=milliseconds,
    )


def cors_headers(origin: str | None, origins: Sequence[str]) -> dict[str, str]:
    """What lets a browser page of that origin read the answer; nothing for others, nor for callers
    without one.
    """
    if origin is None or origin not in origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
    }


def answer_preflights(app: Chalice, *, allowed_origins: Callable[[], Sequence[str]]) -> None:
    """Give every registered path an OPTIONS route that says which methods a configured origin may
    use.
    """
    for path, entries in list(app.routes.items()):
        methods = ", ".join(sorted(entries))
        app.route(path, methods=["OPTIONS"], name=f"preflight {path}")(
            _preflight(app, methods, allowed_origins)
        )


def _preflight(
    app: Chalice, methods: str, allowed_origins: Callable[[], Sequence[str]]
) -> Callable[..., Response]:
    def preflight(**_path: str) -> Response:
        request = app.current_request
        origin = request.headers.get("origin") if request is not None else None
        headers: dict[str, str | list[str]] = {}
        if cors_headers(origin, allowed_origins()):
            headers["Access-Control-Allow-Methods"] = methods
            headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
            headers["Access-Control-Max-Age"] = str(_PREFLIGHT_KEPT_SECONDS)
        return Response(body="", status_code=204, headers=headers)

    return preflight
