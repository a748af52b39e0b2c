"""How the command reads: every table once, page by page.

All reads are consistent. Rows change while they are read, so nothing of it is believed before it
was seen again.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.audit.around import ROWS_PER_PAGE, add_vouchers
from chalicelib.audit.books import ROWS, Books
from chalicelib.kit import reads
from chalicelib.kit.clock import stored
from chalicelib.kit.findings import FindingRow

MOST_PAGES = 200
"""Of one table: fifty thousand rows, which the function's memory holds with room to spare."""

_MOST_FINDING_PAGES = 20

TimeLeft = Callable[[], bool]


def read_everything(
    now: datetime, *, time_left: TimeLeft, most_pages: int = MOST_PAGES
) -> tuple[Books, dict[str, Any] | None]:
    """Every table, and where reading stopped before the end (None: it did not)."""
    books, stopped_at = Books(now), None
    for table in ROWS:
        rows = _read_table(books, table, time_left=time_left, most_pages=most_pages)
        if table in books.partial and stopped_at is None:
            stopped_at = {"at": table, "rows_read": rows}
    if not _read_vouchers(books, time_left) and stopped_at is None:
        stopped_at = {"at": "vouchers", "rows_read": len(books.vouchers)}
    return books, stopped_at


def _read_vouchers(books: Books, time_left: TimeLeft) -> bool:
    """Those that orders were placed with; whether there was time for all."""
    placed = [order for order in books.orders.values() if order.voucher_id is not None]
    for first in range(0, len(placed), ROWS_PER_PAGE):
        if not time_left():
            return False
        add_vouchers(books, *placed[first : first + ROWS_PER_PAGE])
    return True


def _read_table(books: Books, table: str, *, time_left: TimeLeft, most_pages: int) -> int:
    """How many rows were read; the table is marked partial when there are more."""
    rows, start = 0, None
    for _ in range(most_pages):
        if not time_left():
            break
        items, start = reads.scan_items(ROWS[table], limit=ROWS_PER_PAGE, start=start)
        rows += len(items)
        for item in items:
            books.add_item(table, item)
        if start is None:
            return rows
    books.partial.add(table)
    return rows


def read_units(now: datetime, *, time_left: TimeLeft) -> Books | None:
    """Stock and the units that orders hold, of the SKUs whose stock stood still meanwhile.

    None when there was no time to read it all.
    """
    before, books, later = Books(now), Books(now), Books(now)
    for read, table in ((before, "stock"), (books, "orders"), (later, "stock")):
        _read_table(read, table, time_left=time_left, most_pages=MOST_PAGES)
        if read.partial:
            return None
    books.supplies = later.supplies
    for sku_id in {*before.supplies, *later.supplies}:
        if before.supplies.get(sku_id) != later.supplies.get(sku_id):
            books.supplies.pop(sku_id, None)
            del books.units_held[sku_id]
            books.shard_units_held.pop(sku_id, None)
    return books


def count_findings(now: datetime) -> dict[str, int]:
    """Today's findings by kind."""
    today, counts = stored(now)[:10], Counter[str]()
    start: dict[str, Any] | None = None
    for _ in range(_MOST_FINDING_PAGES):
        condition = FindingRow.finding_day == today
        items, start = reads.query(FindingRow, condition, limit=ROWS_PER_PAGE, start=start)
        counts.update(str(item["kind"]["S"]) for item in items)
        if start is None:
            break
    return dict(sorted(counts.items()))
