"""Who is to be sent what: the orders that wait to be shipped, one table for each merchant.

Scans the orders table once, page by page, and keeps only what waits: no index knows it, since an
order that waits is not due and no member's list is asked for. What is fetched at a station is on
the demand sheet instead.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.files.columns import ORDERS_TO_SHIP
from chalicelib.files.tables import Cell, write_table
from chalicelib.kit import reads
from chalicelib.kit.clock import shown
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.store import OrderRow, order_of

MOST_ORDERS = 50_000
"""In all files together: what waits beyond it comes when some of these are shipped."""
_ROWS_PER_READ = 500

logger = Logger()

Packing = dict[str, list[tuple[Cell, ...]]]
"""Rows by merchant, in the order in which they were paid."""


def orders_to_ship(*, most: int = MOST_ORDERS) -> Packing:
    """Raises nothing for a row that cannot be read: the audit names it."""
    packing: Packing = {}
    for count, order in enumerate(_waiting()):
        if count == most:
            logger.error("orders_left_out", alarm="orders_left_out", most=most)
            break
        packing.setdefault(order.merchant_id, []).append(_row(order))
    for rows in packing.values():
        rows.sort(key=lambda row: (str(row[-2]), str(row[0])))
    return dict(sorted(packing.items()))


def packing_list(rows: list[tuple[Cell, ...]]) -> bytes:
    return write_table(ORDERS_TO_SHIP, rows)


def _waiting() -> Iterator[Order]:
    start: dict[str, Any] | None = None
    while True:
        items, start = reads.scan_items(
            OrderRow, limit=_ROWS_PER_READ, start=start, consistent=False
        )
        for item in items:
            if item.get("order_state", {}).get("S") != OrderState.TO_SHIP.value:
                continue
            order = _readable(item)
            if order is not None and order.pickup is None:
                yield order
        if start is None:
            return


def _readable(item: dict[str, Any]) -> Order | None:
    try:
        return order_of(OrderRow.from_item(item))
    except (ValueError, TypeError, LookupError):
        logger.warning("row_left_out", table=OrderRow.table_name())
        return None


def _row(order: Order) -> tuple[Cell, ...]:
    wishes = " | ".join(f"{name}: {text}" for name, text in sorted(order.custom_fields.items()))
    names = ("recipient", "phone", "province", "city", "county", "detail")
    return (
        order.order_id,
        "",
        "",
        order.merchant_id,
        order.title,
        order.sku_id,
        order.quantity,
        wishes,
        *(str(order.address.get(name, "")) for name in names),
        order.remark,
        _shown(order.paid_at),
        _shown(order.ships_by),
    )


def _shown(moment: datetime | None) -> str:
    return shown(moment) if moment is not None else ""
