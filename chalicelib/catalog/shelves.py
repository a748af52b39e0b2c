"""The shelves: sparse indexes that shoppers browse, read in bounded pages. Never a scan or a write.

A cursor names the last thing taken, so it stays good when things come and go, and on any shelf.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.catalog.store import CatalogRow
from chalicelib.kit.clock import stored
from chalicelib.kit.paging import from_cursor
from chalicelib.kit.reads import query, read, text_of

MOST_INDEX_PAGES = 5
"""How many pages of an index one request reads to fill its own; then the page stays short."""

Start = dict[str, Any]

_CURSOR = frozenset({"id", "kind", "sort"})


@dataclass(frozen=True)
class Shelf:
    """One partition of one browsing index, and the order to read it in."""

    index: str
    hash_name: str
    hash_value: str
    kind: str
    sort_name: str = "sort_key"
    backward: bool = True
    after: str | None = None
    """Only what sorts later than this."""

    def condition(self) -> Condition:
        condition: Condition = getattr(CatalogRow, self.hash_name) == self.hash_value
        if self.after is not None:
            condition = condition & (getattr(CatalogRow, self.sort_name) > self.after)
        return condition

    def start(self, cursor: str | None) -> Start | None:
        """Where to go on. Raises InvalidRequest when it is no cursor of ours."""
        given = from_cursor(cursor, names=_CURSOR, fixed={"kind": self.kind})
        if given is None:
            return None
        if self.after is not None and given["sort"]["S"] <= self.after:
            return None  # all that came before has left the shelf
        return {
            self.hash_name: {"S": self.hash_value},
            self.sort_name: given["sort"],
            "id": given["id"],
            "kind": given["kind"],
        }


def all_products() -> Shelf:
    return Shelf("shelf", "shelf", "products", "product")


def products_in(category: str) -> Shelf:
    return Shelf("by_category", "category_shelf", category, "product")


def products_of(merchant_id: str) -> Shelf:
    return Shelf("by_merchant", "merchant_shelf", merchant_id, "product")


def campaigns_not_over(now: datetime) -> Shelf:
    """The soonest to end first."""
    return Shelf(
        "live",
        "live_shelf",
        "campaigns",
        "campaign",
        sort_name="ends_at",
        backward=False,
        after=stored(now),
    )


def browse(
    shelf: Shelf, keep: Callable[[CatalogRow], bool], *, limit: int, cursor: str | None
) -> tuple[list[CatalogRow], Start | None]:
    """What stands on the shelf and passes `keep`, in its order, and the cursor's content to go on.

    Looks one further than `limit`, so that the last page says it is the last.
    """
    rows: list[CatalogRow] = []
    start = shelf.start(cursor)
    last: dict[str, Any] | None = None
    for _ in range(MOST_INDEX_PAGES):
        items, more = query(
            CatalogRow,
            shelf.condition(),
            index=shelf.index,
            limit=limit + 1,
            start=start,
            backward=shelf.backward,
        )
        keys = [CatalogRow.key(*text_of(item, ("id", "kind"))) for item in items]
        found = read(*keys)
        for item, key in zip(items, keys, strict=True):
            row = found.find(key)
            if row is not None and keep(row):
                if len(rows) == limit:
                    return rows, _place(shelf, last)
                rows.append(row)
            last = item
        if more is None:
            return rows, None
        start = more
    return rows, _place(shelf, last)


def _place(shelf: Shelf, item: dict[str, Any] | None) -> Start | None:
    if item is None:
        return None
    return {"id": item["id"], "kind": item["kind"], "sort": item[shelf.sort_name]}
