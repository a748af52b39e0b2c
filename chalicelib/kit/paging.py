"""Lists in pages: limits, opaque cursors, and the shape of the answer.

A cursor is where DynamoDB stopped, made unreadable enough that nobody builds one by hand; a wrong
one is a refusal, never an error.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from chalicelib.kit.endpoint import Query
from chalicelib.kit.errors import InvalidRequest


class PageQuery(Query):
    """`?limit=` (1-100, default 20) and `?cursor=` from the page before."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1024)] | None = None


def page(items: Sequence[Any], start: dict[str, Any] | None) -> dict[str, Any]:
    """The answer of a list route."""
    return {"items": list(items), "next_cursor": to_cursor(start)}


def to_cursor(start: dict[str, Any] | None) -> str | None:
    """The key DynamoDB stopped at, as text."""
    if start is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(start, sort_keys=True).encode()).decode()


def from_cursor(
    cursor: str | None,
    *,
    names: frozenset[str],
    fixed: Mapping[str, str] | None = None,
    begins: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """The key to go on from. Raises InvalidRequest unless it holds exactly the attributes `names`,
    those of `fixed` (text) with that value, so that nobody pages through another's list, and those
    of `begins` beginning so, as all of the list do.
    """
    if cursor is None:
        return None
    wrong = wrong_cursor()
    try:
        start = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error) as error:
        raise wrong from error
    if not isinstance(start, dict) or set(start) != names:
        raise wrong
    if not all(_is_text(value) for value in start.values()):
        raise wrong
    if any(start[name] != {"S": value} for name, value in (fixed or {}).items()):
        raise wrong
    if not all(start[name]["S"].startswith(text) for name, text in (begins or {}).items()):
        raise wrong
    return start


def wrong_cursor() -> InvalidRequest:
    """The refusal of a cursor that no page of the list has handed out."""
    return InvalidRequest("Not a cursor of this list.", errors=[_WRONG_CURSOR])


_WRONG_CURSOR = {"field": "cursor", "message": "Take the next_cursor of the page before as it is."}


def _is_text(value: Any) -> bool:
    """Every key that a list of ours stops at is plain text; DynamoDB refuses an empty one."""
    if not isinstance(value, dict) or set(value) != {"S"} or not isinstance(value["S"], str):
        return False
    return value["S"] != "" and value["S"].isascii()
