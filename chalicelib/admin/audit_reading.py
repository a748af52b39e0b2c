"""How an audit reads: every table once, page by page, then again around whatever looks wrong.

All reads are consistent. Rows change while they are read, so nothing of the first pass is believed
before it was seen again.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.admin.audit_bookings import booking_of
from chalicelib.admin.audit_books import DAY, MEMBER, ORDER, WITHDRAWAL, Books
from chalicelib.catalog.settings import MOST_LEVELS
from chalicelib.commissions.model import BONUS_LEVEL, commission_id_for, earners
from chalicelib.commissions.store import CommissionRow, commission_key, commission_of
from chalicelib.draws import store as draws
from chalicelib.draws.store import DrawRow
from chalicelib.groups import store as groups
from chalicelib.groups.store import GroupRow
from chalicelib.kit import reads
from chalicelib.kit.clock import stored
from chalicelib.kit.findings import FindingRow
from chalicelib.kit.tables import Row
from chalicelib.ledger.store import LedgerRow, balance_key, transfers_of_day
from chalicelib.ledger.transfers import Code
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.orders.store import OrderRow
from chalicelib.refunds import store as refunds
from chalicelib.refunds.store import RefundRow
from chalicelib.stock.store import StockRow
from chalicelib.vouchers import store as vouchers
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.store import WithdrawalRow

ROWS_PER_PAGE = 250
MOST_PAGES = 200
"""Of one table: fifty thousand rows, which the function's memory holds with room to spare."""

_MOST_FINDING_PAGES = 20
_ROWS: dict[str, type[Row]] = {
    "stock": StockRow,
    "groups": GroupRow,
    "draws": DrawRow,
    "orders": OrderRow,
    "refunds": RefundRow,
    "commissions": CommissionRow,
    "withdrawals": WithdrawalRow,
    "ledger": LedgerRow,
}

_LEVELS = (*range(1, MOST_LEVELS + 1), BONUS_LEVEL)

TimeLeft = Callable[[], bool]


def read_everything(
    now: datetime, *, time_left: TimeLeft, most_pages: int = MOST_PAGES
) -> tuple[Books, dict[str, Any] | None]:
    """Every table, and where reading stopped before the end (None: it did not)."""
    books, stopped_at = Books(now), None
    for table in _ROWS:
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
        _add_vouchers(books, *placed[first : first + ROWS_PER_PAGE])
    return True


def _add_vouchers(books: Books, *its_orders: Order) -> None:
    keys = {
        order.order_id: vouchers.voucher_key(order.member_id, order.voucher_id)
        for order in its_orders
        if order.voucher_id is not None
    }
    try:
        found = reads.read(*keys.values())
        books.vouchers |= {id: vouchers.voucher_of(found.find(key)) for id, key in keys.items()}
    except (ValueError, TypeError, LookupError) as error:
        if len(its_orders) == 1:
            books.unreadable[("vouchers", its_orders[0].order_id)] = type(error).__name__
        else:
            for order in its_orders:
                _add_vouchers(books, order)


def _read_table(books: Books, table: str, *, time_left: TimeLeft, most_pages: int) -> int:
    """How many rows were read; the table is marked partial when there are more."""
    rows, start = 0, None
    for _ in range(most_pages):
        if not time_left():
            break
        items, start = reads.scan_items(_ROWS[table], limit=ROWS_PER_PAGE, start=start)
        rows += len(items)
        for item in items:
            books.add_item(table, item)
        if start is None:
            return rows
    books.partial.add(table)
    return rows


def read_around(kind: str, id: str, now: datetime) -> Books:
    """What the checks of that kind look at when they look at this one, as it is now."""
    books = Books(now)
    _AROUND[kind](books, id)
    return books


def _around_group(books: Books, group_id: str) -> None:
    """With its seats and their orders; a crowd with its shards, a shard with its crowd."""
    _add_group_with_seats(books, group_id)
    group = books.groups.get(group_id)
    if group is not None:
        crowd_ids = (group.crowd_id,) if group.crowd_id is not None else ()
        _add_groups(books, *group.shard_ids, *crowd_ids)
    seats = books.seats.get(group_id, [])
    its_orders = orders.read_all([seat.order_id for seat in seats])
    for order in its_orders:
        books.add_order(order)
    _add_refunds(books, *its_orders)


def _around_order(books: Books, order_id: str) -> None:
    order = orders.find(order_id)
    if order is not None:
        books.add_order(order)
        _add_vouchers(books, order)
        _add_refunds(books, order)
        if order.group_id is not None:
            _add_place(books, order, order.group_id)
        _add_commissions(books, order_id)
        for earner in earners(order):
            _add_wallet(books, earner.member_id)
    _add_ledger(books, ORDER + order_id)


def _around_refund(books: Books, refund_id: str) -> None:
    refund = refunds.find(refund_id)
    if refund is not None:
        books.refunds[refund_id] = refund
        _around_order(books, refund.order_id)


def _add_place(books: Books, order: Order, group_id: str) -> None:
    """The order's group, what it is counted by there, its seat, and what it takes part in."""
    place_id = str(order.seat_group_id)
    _add_groups(books, *{group_id, place_id})
    key = groups.seat_key(place_id, order.seat_id)
    seat = groups.seat_of(reads.read(key).find(key))
    if seat is not None:
        books.add_seat(seat)
    group = books.groups.get(group_id)
    if group is not None and group.draw_id is not None:
        _add_draw(books, group.draw_id)


def _add_groups(books: Books, *group_ids: str) -> None:
    """These in one read, without their seats."""
    keys = [groups.group_key(group_id) for group_id in group_ids]
    found = reads.read(*keys)
    for key in keys:
        group = groups.group_of(found.find(key))
        if group is not None:
            books.groups[group.group_id] = group


def _add_group_with_seats(books: Books, group_id: str) -> None:
    """All of them: a crowd's shard has more than a page."""
    start: dict[str, Any] | None = None
    while True:
        condition = GroupRow.group_id == group_id
        items, start = reads.query(GroupRow, condition, limit=ROWS_PER_PAGE, start=start)
        for item in items:
            books.add_item("groups", item)
        if start is None:
            return


def _add_draw(books: Books, draw_id: str) -> None:
    draw = draws.find(draw_id)
    if draw is not None:
        books.draws[draw_id] = draw


def _around_draw(books: Books, draw_id: str) -> None:
    _add_draw(books, draw_id)
    for participation in draws.participations(draw_id):
        books.add_participation(participation)


def _add_refunds(books: Books, *its_orders: Order) -> None:
    refund_ids = [refund_id for order in its_orders for refund_id in order.refund_ids]
    books.refunds.update(refunds.read_all(refund_ids))


def _around_commission(books: Books, commission_id: str) -> None:
    key = commission_key(commission_id)
    commission = commission_of(reads.read(key).find(key))
    if commission is not None:
        books.commissions[commission_id] = commission
        _add_ledger(books, MEMBER + commission.beneficiary_id)
        order = orders.find(commission.order_id)
        if order is not None:
            books.add_order(order)


def _around_withdrawal(books: Books, withdrawal_id: str) -> None:
    _add_withdrawal(books, withdrawal_id)
    _add_ledger(books, WITHDRAWAL + withdrawal_id)
    withdrawal = books.withdrawals.get(withdrawal_id)
    if withdrawal is not None:
        _add_ledger(books, MEMBER + withdrawal.member_id)


def _around_member(books: Books, member_id: str) -> None:
    _add_ledger(books, MEMBER + member_id)
    bookings = books.bookings_of_member(member_id) or []
    earned = {one.about for one in bookings if one.code != Code.WITHDRAWAL.value}
    _add_commissions(books, *sorted(earned))
    wallet = books.wallets.get(member_id)
    withdrawn = {one.about for one in bookings if one.code == Code.WITHDRAWAL.value}
    withdrawn |= {wallet.open_withdrawal_id} if wallet is not None else set()
    for withdrawal_id in sorted(withdrawn - {""}):
        _add_withdrawal(books, withdrawal_id)


def _around_day(books: Books, day: str) -> None:
    _add_ledger(books, DAY + day)
    for row in transfers_of_day(day):
        books.add_booking(booking_of(row.to_item() | {"day_shard": {"S": day}}))


def _add_commissions(books: Books, *order_ids: str) -> None:
    """Those of every level of each order."""
    ids = [commission_id_for(order_id, level) for order_id in order_ids for level in _LEVELS]
    keys = [commission_key(commission_id) for commission_id in ids]
    found = reads.read(*keys)
    for key in keys:
        commission = commission_of(found.find(key))
        if commission is not None:
            books.commissions[commission.commission_id] = commission


def _add_withdrawal(books: Books, withdrawal_id: str) -> None:
    withdrawal = withdrawals.find(withdrawal_id)
    if withdrawal is not None:
        books.add_withdrawal(withdrawal)


def _add_wallet(books: Books, member_id: str) -> None:
    key = balance_key(member_id)
    row = reads.read(key).find(key)
    if row is not None:
        books.add_item("ledger", row.to_item())


def _add_ledger(books: Books, account_id: str) -> None:
    """Everything that lies under it: transfers, a balance, a day's totals."""
    start: dict[str, Any] | None = None
    while True:
        condition = LedgerRow.account_id == account_id
        items, start = reads.query(LedgerRow, condition, limit=ROWS_PER_PAGE, start=start)
        for item in items:
            books.add_item("ledger", item)
        if start is None:
            return


_AROUND: dict[str, Callable[[Books, str], None]] = {
    "group": _around_group,
    "draw": _around_draw,
    "order": _around_order,
    "refund": _around_refund,
    "ledger": _around_order,
    "commission": _around_commission,
    "withdrawal": _around_withdrawal,
    "member": _around_member,
    "day": _around_day,
}


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
