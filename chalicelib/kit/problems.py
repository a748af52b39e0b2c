"""Answers that say no: RFC 9457 problem details, in Chinese for the shopper or English on request.

One shape for a refusal, for a malformed payload and for what Chalice refuses by itself. Never a
traceback.
"""

import json
from typing import Any, ClassVar

from chalice.app import Response

from chalicelib.kit.errors import InvalidRequest, Refusal

CONTENT_TYPE = "application/problem+json"


class MalformedJson(Refusal):
    """The body is not JSON at all."""

    status, code = 400, "malformed_json"
    title, title_en = "提交的内容无法读取", "The body is not valid JSON."


class TooLarge(Refusal):
    """The body is larger than any of our requests can be."""

    status, code = 413, "too_large"
    title, title_en = "提交的内容过大", "The body is too large."


class UnsupportedType(Refusal):
    """The body is not declared as JSON."""

    status, code = 415, "unsupported_type"
    title, title_en = "不支持的内容类型", "Send the body as application/json."


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    status, code = 405, "method_not_allowed"
    title, title_en = "不支持的请求方式", "This path does not take that method."


class Unexpected(Refusal):
    """Our fault. The request may be repeated under its key; an alarm has been raised."""

    status, code = 503, "try_again"
    title, title_en = "系统繁忙，请稍后再试", "Something went wrong on our side; please try again."
    retry_after_seconds: ClassVar[int | None] = 3


_CHALICE_CODES: dict[int, type[Refusal]] = {
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedType,
}


def problem(refusal: Refusal, *, language: str = "zh") -> Response:
    """The refusal as an HTTP answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.title_en if language == "en" else refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
    }
    if refusal.context is not None:
        body["context"] = refusal.context
    if isinstance(refusal, InvalidRequest):
        body["errors"] = refusal.errors
    headers: dict[str, str | list[str]] = {"Content-Type": CONTENT_TYPE}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    text = json.dumps(body, ensure_ascii=False)
    return Response(body=text, status_code=refusal.status, headers=headers)


def in_our_shape(response: Response, *, language: str = "zh") -> Response:
    """What Chalice refused before any view ran (method, content type), said our way; others
    pass.
    """
    if not isinstance(response.body, dict) or "Code" not in response.body:
        return response
    refusal = _CHALICE_CODES.get(response.status_code, Unexpected)()
    said = problem(refusal, language=language)
    said.headers.update(
        {name: value for name, value in response.headers.items() if name == "Allow"}
    )
    return said
