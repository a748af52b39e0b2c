"""What an audit knows: every order, refund, group, seat, unit and transfer it has read, as values.

Keeps no personal data. A row that cannot be read is kept by name, and never held against others.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.audit.bookings import (
    Booking,
    ClosedDay,
    Item,
    Wallet,
    booking_of,
    sums_in,
    text,
    wallet_of,
    whole,
)
from chalicelib.commissions.model import Commission
from chalicelib.commissions.store import CommissionRow, commission_of
from chalicelib.draws.model import Draw, Participation
from chalicelib.draws.store import DRAW, DrawRow, draw_of, participation_of
from chalicelib.groups.crowds import is_round
from chalicelib.groups.model import Group, Seat
from chalicelib.groups.store import GROUP, GroupRow, group_of, seat_of
from chalicelib.kit.tables import Row, key_names
from chalicelib.ledger.adjustments import AdjustmentRow, adjustment_of
from chalicelib.ledger.close_day import CLOSING, TOTAL
from chalicelib.ledger.model import Adjustment
from chalicelib.ledger.store import BALANCE, TRANSFER, LedgerRow
from chalicelib.ledger.transfers import member_account
from chalicelib.orders.model import Order
from chalicelib.orders.store import OrderRow, order_of
from chalicelib.refunds.model import Refund
from chalicelib.refunds.store import RefundRow, refund_of
from chalicelib.stock.model import Lot
from chalicelib.stock.store import StockRow, is_shard, lot_of, shard_key, sku_of
from chalicelib.vouchers.model import Voucher
from chalicelib.withdrawals.model import Withdrawal
from chalicelib.withdrawals.store import WITHDRAWAL as WITHDRAWAL_KIND
from chalicelib.withdrawals.store import WithdrawalRow, withdrawal_of

ROWS: dict[str, type[Row]] = {
    "stock": StockRow,
    "groups": GroupRow,
    "draws": DrawRow,
    "orders": OrderRow,
    "refunds": RefundRow,
    "commissions": CommissionRow,
    "withdrawals": WithdrawalRow,
    "ledger": LedgerRow,
}
"""The tables an audit reads."""

ORDER, MEMBER, WITHDRAWAL, DAY = "order:", "member:", "withdrawal:", "day#"
ADJUSTMENT = "adjustment:"
"""What a row of the ledger lies under: the first three with transfers."""

_UNREADABLE = (ValueError, TypeError, LookupError)


@dataclass(frozen=True)
class Supply:
    """The units of one SKU, those set aside for campaigns among them. `shards`: where these lie,
    which `allotted` is to agree with.
    """

    supplied: int = 0
    units_left: int = 0
    allotted: int = 0
    shards: frozenset[Lot] = frozenset()


@dataclass
class Books:
    """What was read up to now. `partial`: tables that were not read to their end."""

    now: datetime
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    seats: dict[str, list[Seat]] = field(default_factory=dict)
    seated: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many seats of a group an order has."""
    draws: dict[str, Draw] = field(default_factory=dict)
    participations: dict[str, list[Participation]] = field(default_factory=dict)
    commissions: dict[str, Commission] = field(default_factory=dict)
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    adjustments: dict[str, Adjustment] = field(default_factory=dict)
    vouchers: dict[str, Voucher | None] = field(default_factory=dict)
    """What an order was placed with, by order; None: looked for, and not there."""
    bookings: dict[str, list[Booking]] = field(default_factory=dict)
    bookings_about: dict[tuple[str, str], list[Booking]] = field(default_factory=dict)
    bookings_by_day: dict[str, list[Booking]] = field(default_factory=dict)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    days: dict[str, ClosedDay] = field(default_factory=dict)
    supplies: dict[str, Supply] = field(default_factory=dict)
    units_held: Counter[str] = field(default_factory=Counter)
    shard_units_held: dict[str, Counter[str]] = field(default_factory=dict)
    """Which of them came from an allotment: by SKU, then by shard."""
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)

    def add_item(self, table: str, item: Item) -> None:
        """Take in a row of that table. One that makes no sense is noted as unreadable."""
        try:
            _ADD[table](self, item)
        except _UNREADABLE as error:
            name = str(item[key_names(ROWS[table])[0]]["S"])
            self.unreadable[(table, name)] = type(error).__name__

    def add_order(self, order: Order) -> None:
        """Take in an order without the person behind it."""
        self.orders[order.order_id] = replace(order, address={}, remark=None, openid="")

    def add_seat(self, seat: Seat) -> None:
        self.seats.setdefault(seat.group_id, []).append(seat)
        self.seated[seat.group_id, seat.order_id] += 1

    def add_participation(self, participation: Participation) -> None:
        self.participations.setdefault(participation.draw_id, []).append(participation)

    def add_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Take in a withdrawal without the person behind it."""
        kept = replace(withdrawal, openid="", package_info=None)
        self.withdrawals[withdrawal.withdrawal_id] = kept

    def add_booking(self, booking: Booking) -> None:
        """Take in a transfer, under its account, what it is about, and its day."""
        account_id = booking.account_id
        self.bookings.setdefault(account_id, []).append(booking)
        self.bookings_about.setdefault((account_id, booking.about), []).append(booking)
        self.bookings_by_day.setdefault(booking.business_day, []).append(booking)

    def is_unknown(self, table: str, name: str) -> bool:
        """Whether nothing can be said of that row: unreadable, or perhaps not read yet."""
        known: dict[str, Mapping[str, object]] = {
            "orders": self.orders,
            "refunds": self.refunds,
            "groups": self.groups,
            "draws": self.draws,
            "commissions": self.commissions,
            "withdrawals": self.withdrawals,
        }
        not_read_yet = table in self.partial and name not in known[table]
        return not_read_yet or (table, name) in self.unreadable

    def bookings_of_order(self, order_id: str) -> list[Booking]:
        return self.bookings.get(ORDER + order_id, [])

    def bookings_of_member(self, member_id: str, about: str | None = None) -> list[Booking] | None:
        """All of them, or those about one order or withdrawal. None when some may not be there."""
        account_id = member_account(member_id)
        if "ledger" in self.partial or ("ledger", account_id) in self.unreadable:
            return None
        if about is not None:
            return self.bookings_about.get((account_id, about), [])
        return self.bookings.get(account_id, [])

    def subjects(self) -> dict[str, list[str]]:
        """What there is to look at, by kind, less what is unreadable.

        The ledger is looked at by the orders that it must know; when it was not read to its end,
        by those that it does know, and by nothing that takes all of an account or a day.
        """
        paid = [
            order.order_id
            for order in self.orders.values()
            if order.paid_fen > 0 or order.voucher_id is not None
        ]
        whole_ledger = "ledger" not in self.partial
        in_ledger = [*(paid if whole_ledger else []), *self._accounts(ORDER)]
        withdrawals = [*self.withdrawals, *self._accounts(WITHDRAWAL)]
        members = [*self.wallets, *self._accounts(MEMBER)] if whole_ledger else []
        draws = [*self.draws, *self.participations] if "draws" not in self.partial else []
        unread_skus = {sku_of(name) for table, name in self.unreadable if table == "stock"}
        units_known = not self.partial & {"orders", "stock"}
        units = [*self.supplies, *self.units_held] if units_known else []
        return {
            "group": self._readable("groups", self.groups),
            "draw": self._readable("draws", dict.fromkeys(draws)),
            "order": self._readable("orders", self.orders),
            "refund": self._readable("refunds", self.refunds),
            "commission": self._readable("commissions", self.commissions),
            "withdrawal": self._readable("withdrawals", dict.fromkeys(withdrawals)),
            "ledger": self._readable("ledger", dict.fromkeys(in_ledger), ORDER),
            "member": self._readable("ledger", dict.fromkeys(members), MEMBER),
            "adjustment": self._readable("ledger", self.adjustments, ADJUSTMENT),
            "day": list(self.days) if whole_ledger and not self._misses_bookings() else [],
            "stock": [sku_id for sku_id in dict.fromkeys(units) if sku_id not in unread_skus],
        }

    def _accounts(self, prefix: str) -> Iterable[str]:
        """Whose transfers there are, of the accounts of that kind."""
        return (name.removeprefix(prefix) for name in self.bookings if name.startswith(prefix))

    def _misses_bookings(self) -> bool:
        return any(table == "ledger" for table, _ in self.unreadable)

    def _readable(self, table: str, names: Iterable[str], prefix: str = "") -> list[str]:
        return [name for name in names if (table, prefix + name) not in self.unreadable]

    def refunds_of(self, order: Order) -> list[Refund] | None:
        """The refunds an order lists; None when one of them is unknown or not there."""
        found = [self.refunds.get(refund_id) for refund_id in order.refund_ids]
        unknown = any(self.is_unknown("refunds", refund_id) for refund_id in order.refund_ids)
        there = [refund for refund in found if refund is not None]
        return None if unknown or len(there) < len(found) else there


def _add_order(books: Books, item: Item) -> None:
    # The units count even when the rest of the row cannot be read.
    held = whole(item, "units_held")
    if held:
        sku_id = text(item, "sku_id")
        books.units_held[sku_id] += held
        if "stock_shard" in item:
            key = shard_key(sku_id, text(item, "campaign_id"), whole(item, "stock_shard"))
            books.shard_units_held.setdefault(sku_id, Counter())[key.hash_value] += held
    order = order_of(OrderRow.from_item(item))
    if order is not None:
        books.add_order(order)


def _add_refund(books: Books, item: Item) -> None:
    refund = refund_of(RefundRow.from_item(item))
    if refund is not None:
        books.refunds[refund.refund_id] = refund


def _add_group_or_seat(books: Books, item: Item) -> None:
    row = GroupRow.from_item(item)
    if is_round(row.kind):
        return
    if row.kind == GROUP:
        group = group_of(row)
        if group is not None:
            books.groups[group.group_id] = group
    else:
        seat = seat_of(row)
        if seat is not None:
            books.add_seat(seat)


def _add_draw_or_group(books: Books, item: Item) -> None:
    row = DrawRow.from_item(item)
    if row.entry == DRAW:
        draw = draw_of(row)
        if draw is not None:
            books.draws[draw.draw_id] = draw
    else:
        participation = participation_of(row)
        if participation is not None:
            books.add_participation(participation)


def _add_commission(books: Books, item: Item) -> None:
    commission = commission_of(CommissionRow.from_item(item))
    if commission is not None:
        books.commissions[commission.commission_id] = commission


def _add_withdrawal(books: Books, item: Item) -> None:
    # Beside it may lie an operator's decision, written by hand.
    if text(item, "kind") != WITHDRAWAL_KIND:
        return
    withdrawal = withdrawal_of(WithdrawalRow.from_item(item))
    if withdrawal is not None:
        books.add_withdrawal(withdrawal)


def _add_ledger_item(books: Books, item: Item) -> None:
    account_id, entry = text(item, "account_id"), text(item, "entry")
    if account_id.startswith(DAY):
        _add_to_day(books, account_id.removeprefix(DAY), entry, item)
    elif account_id.startswith(MEMBER) and entry == BALANCE:
        books.wallets[account_id.removeprefix(MEMBER)] = wallet_of(item)
    elif account_id.startswith((ORDER, MEMBER, WITHDRAWAL)) and entry.startswith(TRANSFER):
        books.add_booking(booking_of(item))
    elif account_id.startswith(ADJUSTMENT):
        adjustment = adjustment_of(AdjustmentRow.from_item(item))
        if adjustment is not None:
            books.adjustments[account_id.removeprefix(ADJUSTMENT)] = adjustment
    else:
        raise LookupError(entry)


def _add_to_day(books: Books, day: str, entry: str, item: Item) -> None:
    closed = books.days.setdefault(day, ClosedDay())
    if entry == CLOSING:
        closed.is_closed, closed.transfer_count = True, whole(item, "transfer_count")
    else:
        closed.totals[entry.removeprefix(TOTAL)] = sums_in(item)


def _add_units(books: Books, item: Item) -> None:
    # What lies in an allotment was supplied to its SKU, which says so.
    supplied, units_left = whole(item, "supplied"), whole(item, "units_left")
    lot = lot_of(StockRow.from_item(item))
    if lot is None:
        return
    sku_id = sku_of(lot.stock_id)
    before = books.supplies.get(sku_id, Supply())
    supply = replace(before, units_left=before.units_left + units_left)
    if is_shard(lot.stock_id):
        books.supplies[sku_id] = replace(supply, shards=before.shards | {lot})
    else:
        books.supplies[sku_id] = replace(supply, supplied=supplied, allotted=lot.allotted)


_ADD: dict[str, Callable[[Books, Item], None]] = {
    "orders": _add_order,
    "refunds": _add_refund,
    "groups": _add_group_or_seat,
    "draws": _add_draw_or_group,
    "commissions": _add_commission,
    "withdrawals": _add_withdrawal,
    "ledger": _add_ledger_item,
    "stock": _add_units,
}
