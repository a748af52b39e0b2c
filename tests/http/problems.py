"""What every refusal looks like, whoever refuses."""

import json
import re
from typing import Any

from tests.shop import Reply

CHINESE = re.compile(r"[\u4e00-\u9fff]")
MEMBERS = {"type", "title", "status", "code", "detail"}
TITLE_CHARACTERS_MAX = 20
RETRY_LATER = {429, 503}
OF_OUR_INSIDES = re.compile(r'Traceback|File "|\.py\b|line \d+|botocore|pydantic|chalice|Error\(')


def wrong_in(reply: Reply, status: int, code: str, *, english: bool = False) -> list[str]:
    """How the answer differs from that refusal; empty when it is as promised."""
    if not isinstance(reply.content, dict):
        return [f"answers {reply.status} with {reply.content!r}"]
    wrong = []
    if (reply.status, reply.code) != (status, code):
        wrong.append(f"answers {reply.status} {reply.code}, not {status} {code}")
    return wrong + _wrong_shape(reply, english=english)


def fields_of(reply: Reply) -> list[str]:
    """The fields that a 422 complains of."""
    return [error["field"] for error in reply.content.get("errors", [])]


def _wrong_shape(reply: Reply, *, english: bool) -> list[str]:
    content: dict[str, Any] = reply.content
    title = str(content.get("title"))
    more = {"context"} & set(content) | ({"errors"} if reply.status == 422 else set())
    rules = {
        "is not a problem": reply.headers.get("Content-Type") == "application/problem+json",
        f"has members {sorted(content)}": set(content) == MEMBERS | more,
        "has another type": content.get("type") == "about:blank",
        "has another status inside": content.get("status") == reply.status,
        f"says {title}": bool(CHINESE.search(title)) is not english,
        f"says too much: {title}": english or len(title) <= TITLE_CHARACTERS_MAX,
        "has no detail": bool(content.get("detail")),
        "shows our insides": not OF_OUR_INSIDES.search(json.dumps(content)),
        "has no request id": "X-Request-Id" in reply.headers,
        "is wrong about Retry-After": ("Retry-After" in reply.headers)
        == (reply.status in RETRY_LATER),
        "names no field": reply.status != 422 or bool(content.get("errors")),
    }
    return [complaint for complaint, kept in rules.items() if not kept]
