"""Operators' lists: a bounded walk through a table where no index serves, in pages.

A page may be short, or empty, while more follows: `next_cursor` says. Never on a customer's way.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools import Logger
from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Moment
from chalicelib.kit import reads
from chalicelib.kit.paging import from_cursor
from chalicelib.kit.tables import Key, Row, key_names

R = TypeVar("R", bound=Row)
V = TypeVar("V")

logger = Logger()

MOST_ROWS_WALKED = 2000
_MOST_ROWS_PER_READ = 200


class ListCommand(Command):
    """Base of the lists' payloads; each adds `status`."""

    since: Moment | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def walk(
    row: type[R],
    pick: Callable[[R], V | None],
    *,
    limit: int,
    cursor: str | None,
    most_rows: int = MOST_ROWS_WALKED,
) -> tuple[list[V], dict[str, Any] | None]:
    """What `pick` makes of each row, None left out, and where to go on. Raises InvalidRequest
    for a cursor of another list.
    """
    names = frozenset(name for name in key_names(row) if name is not None)
    start = from_cursor(cursor, names=names)
    picked: list[V] = []
    rows_per_read = min(_MOST_ROWS_PER_READ, most_rows)
    for _ in range(most_rows // rows_per_read):
        items, following = reads.scan_items(row, limit=rows_per_read, start=start, consistent=False)
        for item in items:
            each = _readable(row, item)
            value = pick(each) if each is not None else None
            if each is None or value is None:
                continue
            picked.append(value)
            if len(picked) == limit:
                nothing_follows = following is None and item is items[-1]
                return picked, None if nothing_follows else _key_of(each)
        start = following
        if start is None:
            break
    return picked, start


def _readable(row: type[R], item: dict[str, Any]) -> R | None:
    """The row; None when it says what no row of its table says. `audit` names such rows."""
    try:
        return row.from_item(item)
    except (ValueError, TypeError, LookupError):
        logger.warning("row_left_out", table=row.table_name())
        return None


def _key_of(row: Row) -> dict[str, Any]:
    hash_name, range_name = key_names(type(row))
    range_value = getattr(row, range_name) if range_name is not None else None
    return Key(type(row), getattr(row, hash_name), range_value).to_item()
