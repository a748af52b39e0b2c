"""Pages of a table in which nothing is torn: what lies under one key is always on one page.

Reads may be a second old, for half the price: nothing of a page is believed before it was seen
again, consistently.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.audit.model import Start
from chalicelib.groups.store import GroupRow
from chalicelib.kit import reads
from chalicelib.kit.tables import Row, key_names

MOST_UNDER_ONE_KEY = 50_000
"""Items of one account or draw that are looked at together: what a run has time for."""
MOST_SEATS = 10_000
"""Of one group, or shard of a crowd: each is looked at with its order."""

_ITEMS_PER_QUERY = 1000


@dataclass(frozen=True)
class Page:
    """Items in DynamoDB's own JSON, and where the next page starts (None: that was all).

    `last_key`: under which key it ended. `rows_read`: with what was passed over. `left_out`: keys
    with more under them than can be looked at.
    """

    items: list[dict[str, Any]]
    start: Start | None
    last_key: str
    rows_read: int
    left_out: tuple[str, ...] = ()


def read_page(
    row: type[Row],
    *,
    limit: int,
    start: Start | None,
    last_key: str,
    most_under_one_key: int | None = None,
) -> Page:
    """The next page of a walk. `last_key`: as the last page said; what has been added under it
    since is passed over.
    """
    most = most_under_one_key or (MOST_SEATS if row is GroupRow else MOST_UNDER_ONE_KEY)
    hash_name, range_name = key_names(row)
    items, following = reads.scan_items(
        row, limit=limit, start=dict(start) if start else None, consistent=False
    )
    rows_read = len(items)
    left_out: tuple[str, ...] = ()
    if items and following is not None and range_name is not None:
        ends_with = _hash_of(items[-1], hash_name)
        rest, is_all = _rest_of(row, ends_with, items[-1], most)
        rows_read += len(rest)
        items += rest
        following = {name: items[-1][name] for name in (hash_name, range_name)}
        if not is_all:
            left_out = (ends_with,)
    if items:
        last_key, before = _hash_of(items[-1], hash_name), last_key
        passed_over = {before, *left_out}
        items = [item for item in items if _hash_of(item, hash_name) not in passed_over]
    return Page(items, following, last_key, rows_read, left_out)


def read_under(row: type[Row], key: str) -> list[dict[str, Any]]:
    """Everything under one key."""
    return _rest_of(row, key, None, MOST_UNDER_ONE_KEY)[0]


def _rest_of(
    row: type[Row], key: str, after_item: dict[str, Any] | None, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """What lies under the key after that item, and whether that is all of it."""
    hash_name, range_name = key_names(row)
    condition = getattr(row, hash_name) == key
    start = None
    if after_item is not None and range_name is not None:
        start = {name: after_item[name] for name in (hash_name, range_name)}
    items: list[dict[str, Any]] = []
    while len(items) < most:
        more, start = reads.query(
            row, condition, limit=_ITEMS_PER_QUERY, start=start, consistent=False
        )
        items += more
        if start is None:
            return items, True
    return items, False


def _hash_of(item: dict[str, Any], hash_name: str) -> str:
    return str(item[hash_name]["S"])
