"""What an audit knows: every order, refund, group, seat, unit and transfer it has read, as values.

Keeps no personal data. A row that cannot be read is kept by name, and never held against others.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.groups.model import Group, Seat
from chalicelib.groups.store import GROUP, GroupRow, group_of, seat_of
from chalicelib.orders.model import Order
from chalicelib.orders.store import OrderRow, order_of
from chalicelib.refunds.model import Refund
from chalicelib.refunds.store import RefundRow, refund_of

Item = Mapping[str, Any]
"""An item in DynamoDB's own JSON."""

HASH_NAMES = {
    "orders": "order_id",
    "refunds": "refund_id",
    "groups": "group_id",
    "ledger": "account_id",
    "stock": "sku_id",
}
"""The tables an audit reads, and what names their rows."""

_ORDER_ACCOUNT = "order:"
_UNREADABLE = (ValueError, TypeError, LookupError)


@dataclass(frozen=True)
class Booking:
    """A transfer as it lies in the ledger, believed in nothing."""

    transfer_id: str
    code: str
    debit_account: str
    credit_account: str
    amount_fen: int


@dataclass(frozen=True)
class Supply:
    """The units of one SKU, all its shards together."""

    supplied: int = 0
    units_left: int = 0


@dataclass
class Books:
    """What was read up to now. `partial`: tables that were not read to their end."""

    now: datetime
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    seats: dict[str, list[Seat]] = field(default_factory=dict)
    bookings: dict[str, list[Booking]] = field(default_factory=dict)
    supplies: dict[str, Supply] = field(default_factory=dict)
    units_held: Counter[str] = field(default_factory=Counter)
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)

    def add_item(self, table: str, item: Item) -> None:
        """Take in a row of that table. One that makes no sense is noted as unreadable."""
        try:
            _ADD[table](self, item)
        except _UNREADABLE as error:
            name = str(item[HASH_NAMES[table]]["S"])
            self.unreadable[(table, name)] = type(error).__name__

    def add_order(self, order: Order) -> None:
        """Take in an order without the person behind it."""
        self.orders[order.order_id] = replace(order, address={}, remark=None, openid="")

    def add_seat(self, seat: Seat) -> None:
        self.seats.setdefault(seat.group_id, []).append(seat)

    def is_unknown(self, table: str, name: str) -> bool:
        """Whether nothing can be said of that row: unreadable, or perhaps not read yet."""
        known: dict[str, Mapping[str, object]] = {
            "orders": self.orders,
            "refunds": self.refunds,
            "groups": self.groups,
        }
        not_read_yet = table in self.partial and name not in known[table]
        return not_read_yet or (table, name) in self.unreadable

    def subjects(self) -> dict[str, list[str]]:
        """What there is to look at, by kind, less what is unreadable.

        The ledger is looked at by the orders that it must know; when it was not read to its end,
        by those that it does know.
        """
        paid = [order.order_id for order in self.orders.values() if order.paid_fen > 0]
        in_ledger = [*([] if "ledger" in self.partial else paid), *self.bookings]
        units_known = not self.partial & {"orders", "stock"}
        units = [*self.supplies, *self.units_held] if units_known else []
        return {
            "group": self._readable("groups", self.groups),
            "order": self._readable("orders", self.orders),
            "refund": self._readable("refunds", self.refunds),
            "ledger": [
                order_id
                for order_id in dict.fromkeys(in_ledger)
                if ("ledger", _ORDER_ACCOUNT + order_id) not in self.unreadable
            ],
            "stock": self._readable("stock", dict.fromkeys(units)),
        }

    def _readable(self, table: str, names: Iterable[str]) -> list[str]:
        return [name for name in names if (table, name) not in self.unreadable]

    def refunds_of(self, order: Order) -> list[Refund] | None:
        """The refunds an order lists; None when one of them is unknown or not there."""
        found = [self.refunds.get(refund_id) for refund_id in order.refund_ids]
        unknown = any(self.is_unknown("refunds", refund_id) for refund_id in order.refund_ids)
        there = [refund for refund in found if refund is not None]
        return None if unknown or len(there) < len(found) else there


def _add_order(books: Books, item: Item) -> None:
    # The units count even when the rest of the row cannot be read.
    held = _whole(item, "units_held")
    if held:
        books.units_held[_text(item, "sku_id")] += held
    order = order_of(OrderRow.from_item(item))
    if order is not None:
        books.add_order(order)


def _add_refund(books: Books, item: Item) -> None:
    refund = refund_of(RefundRow.from_item(item))
    if refund is not None:
        books.refunds[refund.refund_id] = refund


def _add_group_or_seat(books: Books, item: Item) -> None:
    row = GroupRow.from_item(item)
    if row.kind == GROUP:
        group = group_of(row)
        if group is not None:
            books.groups[group.group_id] = group
    else:
        seat = seat_of(row)
        if seat is not None:
            books.add_seat(seat)


def _add_booking(books: Books, item: Item) -> None:
    account_id = _text(item, "account_id")
    if not account_id.startswith(_ORDER_ACCOUNT):
        return
    booking = Booking(
        transfer_id=_text(item, "transfer_id"),
        code=_text(item, "code"),
        debit_account=_text(item, "debit_account"),
        credit_account=_text(item, "credit_account"),
        amount_fen=_whole(item, "amount_fen"),
    )
    order_id = account_id.removeprefix(_ORDER_ACCOUNT)
    books.bookings.setdefault(order_id, []).append(booking)


def _add_units(books: Books, item: Item) -> None:
    sku_id = _text(item, "sku_id")
    before = books.supplies.get(sku_id, Supply())
    books.supplies[sku_id] = Supply(
        supplied=before.supplied + _whole(item, "supplied"),
        units_left=before.units_left + _whole(item, "units_left"),
    )


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _whole(item: Item, name: str) -> int:
    """A whole number; absent is 0. Raises ValueError for any other."""
    return int(item.get(name, {}).get("N", "0"))


_ADD: dict[str, Callable[[Books, Item], None]] = {
    "orders": _add_order,
    "refunds": _add_refund,
    "groups": _add_group_or_seat,
    "ledger": _add_booking,
    "stock": _add_units,
}
