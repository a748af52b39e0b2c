"""Refusals: the answers a caller can get instead of what was asked for, each a sentence with one
status and one code.

A slice declares its own refusals in its errors.py. Nothing here knows HTTP beyond the number,
nothing here logs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """Something was asked for that is not done; nothing has changed.

    `title` is a zh-CN sentence of at most 20 characters, fit for a toast; `title_en` says the same
    in English. `context` is data a client can act on; it never holds another member's id.

    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    title_en: ClassVar[str]
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, detail: str = "", *, context: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail or self.title_en)
        self.detail = detail or self.title_en
        self.context = dict(context) if context else None


class InvalidRequest(Refusal):
    """The payload is well-formed JSON but not what the route takes; `errors` names each field."""

    status, code = 422, "invalid_request"
    title, title_en = "提交的内容有误", "Something in the request is not valid."

    def __init__(self, detail: str = "", *, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.errors = errors or []


class NotFound(Refusal):
    """It does not exist, or it is not the caller's to see."""

    status, code = 404, "not_found"
    title, title_en = "没有找到", "There is no such thing, or it is not yours to see."


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    status, code = 403, "not_allowed"
    title, title_en = "没有权限", "You may not do this."


class TryAgain(Refusal):
    """We could not do it just now; asking again with the same key is safe."""

    status, code = 503, "try_again"
    title, title_en = "系统繁忙，请稍后再试", "Busy just now; please try again."
    retry_after_seconds = 1


class WechatUnavailable(Refusal):
    """WeChat did not answer, answered with nonsense, or is not configured here."""

    status, code = 503, "wechat_unavailable"
    title, title_en = "微信暂时无法连接", "WeChat cannot be reached just now."
    retry_after_seconds = 3
