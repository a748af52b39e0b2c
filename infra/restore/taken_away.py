"""Rows that the shop takes away itself in its ordinary work: a seat that was not paid, a SKU that
is not sold any more, a member who left. One that is missing may be missing rightly.

Such a row is brought back on its own only if another row, as it is now, says that it is still
needed. Must never write.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog.store import product_key
from chalicelib.groups.model import SeatState
from chalicelib.groups.store import SEAT
from chalicelib.kit.tables import Key
from chalicelib.ledger.store import balance_key
from chalicelib.orders.model import OrderState
from chalicelib.orders.store import order_key
from chalicelib.refunds.model import Cause, refund_id_for
from chalicelib.stations.store import WAITS
from infra.restore.items import Item, Reader, joined
from infra.tables import Table, all_tables

MEMBER_LEFT = "member_left"
"""Why an order that nothing was paid for is cancelled then."""
_TO_BE_FETCHED = frozenset({OrderState.TO_SHIP, OrderState.SHIPPED})


@dataclass(frozen=True)
class Kind:
    """Rows of one table that the shop takes away itself.

    `told_by` is the key of the row that says whether one is still needed, `needs` reads it.
    """

    table: str
    is_one: Callable[[Item], bool]
    told_by: Callable[[Item], Key[Any]]
    needs: Callable[[Item, Item | None], bool]


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _order_of(row: Item) -> Key[Any]:
    return order_key(_text(row, "order_id"))


def _seat_is_needed(seat: Item, order: Item | None) -> bool:
    """A held one while its order is to be paid. A paid one for good, whatever becomes of its group
    and its order, unless its member left the group.
    """
    if order is None:
        return False
    if _text(seat, "seat_state") == SeatState.PAID:
        return not _has_left_the_group(order)
    return _text(order, "order_state") == OrderState.AWAITING_PAYMENT


def _has_left_the_group(order: Item) -> bool:
    refund_id = refund_id_for(_text(order, "order_id"), Cause.MEMBER_LEFT)
    listed = [one.get("S") for one in order.get("refund_ids", {}).get("L", [])]
    return refund_id in listed or _text(order, "cancel_reason") == MEMBER_LEFT


def _is_to_be_fetched(_waits: Item, order: Item | None) -> bool:
    return order is not None and _text(order, "order_state") in _TO_BE_FETCHED


def _is_sold(sku: Item, product: Item | None) -> bool:
    """Its product is on sale and names it."""
    content = (product or {}).get("content", {}).get("M", {})
    names = [one["M"]["sku_id"]["S"] for one in content.get("skus", {}).get("L", [])]
    return bool(content.get("on_sale", {}).get("BOOL")) and _text(sku, "id") in names


def _has_not_left(_row: Item, balance: Item | None) -> bool:
    """Whoever leaves has their account closed first."""
    return balance is None or "closed_at" not in balance


def _member_s_balance(row: Item) -> Key[Any]:
    return balance_key(_text(row, "member_id"))


KINDS = (
    Kind("groups", lambda row: _text(row, "kind").startswith(SEAT), _order_of, _seat_is_needed),
    Kind(
        "stations", lambda row: _text(row, "kind").startswith(WAITS), _order_of, _is_to_be_fetched
    ),
    Kind(
        "catalog",
        lambda row: _text(row, "kind") == "sku",
        lambda row: product_key(_text(row, "product_id")),
        _is_sold,
    ),
    Kind("members", lambda _row: True, _member_s_balance, _has_not_left),
    Kind("identities", lambda _row: True, _member_s_balance, _has_not_left),
)


def no_longer_needed(
    table: Table,
    missing: Sequence[Item],
    prefix: str,
    besides: Mapping[str, str],
    reader: Reader,
) -> frozenset[str]:
    """Which of the missing rows nothing says to be needed still, by their joined keys. What tells
    it may be missing too: then it is asked as it was, in the table beside that `besides` has for
    its table's name.
    """
    found: set[str] = set()
    for kind in (kind for kind in KINDS if kind.table == table.name):
        rows = [row for row in missing if kind.is_one(row)]
        if not rows:
            continue
        asked = [kind.told_by(row) for row in rows]
        keys, of_table = [key.to_item() for key in asked], _table_of(asked[0])
        told = reader.read(f"{prefix}-{of_table.name}", of_table, keys)
        if of_table.name in besides:
            told = reader.read(besides[of_table.name], of_table, keys) | told
        for row, key in zip(rows, keys, strict=True):
            if not kind.needs(row, told.get(joined(of_table, key))):
                found.add(joined(table, row))
    return frozenset(found)


def _table_of(key: Key[Any]) -> Table:
    name = key.row.Meta.table
    return next(table for table in all_tables() if table.name == name)
