"""Stock as it was at one moment: each SKU with all its shards, none of which moved meanwhile.

Kept as small as can be, since it lies beside the cursor while all orders are walked through.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.audit.books import Books
from chalicelib.kit import reads
from chalicelib.kit.clock import Clock, stored
from chalicelib.kit.ids import shard_of
from chalicelib.kit.tables import key_names
from chalicelib.stock.store import StockRow, lot_of, sku_of

LOTS_PER_PORTION = 500
MOST_LOTS = 1000
"""What fits beside the cursor, orders' units with it: up to some 250 bytes each, with the
longest ids, of DynamoDB's 400 KB."""
MOST_ROWS = 200_000

OPEN, CLOSED, NOT_THERE = 1, 2, 0

_TRIES = 5
_PER_PAGE = 1000

KeptLot = Sequence[Any]
"""Supplied, left, allotted, standing (`OPEN`, `CLOSED`, `NOT_THERE`), due time as text, and the
units that orders held then: for certain, and perhaps.
"""


@dataclass(frozen=True)
class Snapshot:
    """`lots` of the SKUs of this portion, as they were between `from_at` and `until_at`.
    `left_out`: SKUs of it that say nothing, `too_many`: those of them there was no room for.
    """

    from_at: datetime
    until_at: datetime
    lots: Mapping[str, KeptLot]
    portions: int
    rows_read: int
    unreadable: Mapping[tuple[str, str], str]
    left_out: Sequence[str]
    too_many: Sequence[str]


def take_snapshot(
    portion: int, portions: int | None, *, only: Collection[str], clock: Clock
) -> Snapshot:
    """`portions` None: as many as there have to be. `only`: no others than these SKUs."""
    from_at = clock.now()
    items = _all_items()
    portions = portions or 1 + len(items) // LOTS_PER_PORTION
    books = Books(from_at)
    by_sku: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        books.add_item("stock", item)
        sku_id = sku_of(item["sku_id"]["S"])
        if is_in(sku_id, portion, portions) and (not only or sku_id in only):
            by_sku.setdefault(sku_id, []).append(item)
    left_out = {sku_of(name) for _, name in books.unreadable} & {*by_sku}
    lots: dict[str, KeptLot] = {}
    too_many: list[str] = []
    for sku_id, its_items in by_sku.items():
        still = _standing_still(its_items) if sku_id not in left_out else None
        if still is None:
            left_out.add(sku_id)
        elif len(lots) + len(still) > MOST_LOTS:
            left_out.add(sku_id)
            too_many.append(sku_id)
        else:
            lots |= {str(item["sku_id"]["S"]): _kept(item) for item in still}
    return Snapshot(
        from_at=from_at,
        until_at=clock.now(),
        lots=lots,
        portions=portions,
        rows_read=len(items),
        unreadable=books.unreadable,
        left_out=sorted(left_out),
        too_many=too_many,
    )


def is_in(sku_id: str, portion: int, portions: int) -> bool:
    """Whether the SKU is one of this portion."""
    return shard_of(sku_id, portions) == portion


def _all_items() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    start: dict[str, Any] | None = None
    while len(items) < MOST_ROWS:
        page, start = reads.scan_items(StockRow, limit=_PER_PAGE, start=start, consistent=False)
        items += page
        if start is None:
            break
    return items


def _standing_still(items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """A SKU's rows as they were together at one moment. A single one always was; of more, two
    readings have to be the same. None: they move too fast.
    """
    if len(items) == 1:
        return items
    hash_name, range_name = key_names(StockRow)
    keys = [StockRow.key(item[hash_name]["S"], int(item[str(range_name)]["N"])) for item in items]
    before: list[dict[str, Any]] | None = None
    for _ in range(_TRIES):
        found = dict(reads.read_items(*keys))
        rows = [found[key] for key in keys if key in found]
        if rows == before:
            return rows
        before = rows
    return None


def _kept(item: dict[str, Any]) -> KeptLot:
    lot = lot_of(StockRow.from_item(item))
    assert lot is not None  # noqa: S101 - it was read
    standing = OPEN if lot.closed_at is None else CLOSED
    due_at = stored(lot.due_at) if lot.due_at is not None else ""
    return [lot.supplied, lot.units_left, lot.allotted, standing, due_at, 0, 0]
