"""What the checks of one row look at: the row and its neighbours, as they are now.

All reads are consistent: what is wrong here too is wrong. Never a walk through a table.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.audit.bookings import booking_of
from chalicelib.audit.books import ADJUSTMENT, DAY, MEMBER, ORDER, WITHDRAWAL, Books
from chalicelib.catalog.settings import MOST_LEVELS
from chalicelib.commissions.model import BONUS_LEVEL, commission_id_for, earners
from chalicelib.commissions.store import commission_key, commission_of
from chalicelib.draws import store as draws
from chalicelib.groups import store as groups
from chalicelib.groups.store import GroupRow
from chalicelib.kit import reads
from chalicelib.ledger.store import LedgerRow, balance_key, transfers_of_day
from chalicelib.ledger.transfers import Code
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.refunds import store as refunds
from chalicelib.vouchers import store as vouchers
from chalicelib.withdrawals import store as withdrawals

ROWS_PER_PAGE = 250

LEVELS = (*range(1, MOST_LEVELS + 1), BONUS_LEVEL)


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
        add_vouchers(books, order)
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
    withdrawn = {one.about for one in bookings if one.code == Code.WITHDRAWAL.value}
    corrected = {one.about for one in bookings if one.code == Code.CORRECTION.value}
    earned = {one.about for one in bookings} - withdrawn - corrected
    _add_commissions(books, *sorted(earned))
    for adjustment_id in sorted(corrected):
        _add_ledger(books, ADJUSTMENT + adjustment_id)
    wallet = books.wallets.get(member_id)
    withdrawn |= {wallet.open_withdrawal_id} if wallet is not None else set()
    for withdrawal_id in sorted(withdrawn - {""}):
        _add_withdrawal(books, withdrawal_id)


def _around_adjustment(books: Books, adjustment_id: str) -> None:
    _add_ledger(books, ADJUSTMENT + adjustment_id)
    adjustment = books.adjustments.get(adjustment_id)
    if adjustment is not None:
        _add_ledger(books, MEMBER + adjustment.member_id)


def _around_day(books: Books, day: str) -> None:
    _add_ledger(books, DAY + day)
    for row in transfers_of_day(day):
        books.add_booking(booking_of(row.to_item() | {"day_shard": {"S": day}}))


def _add_commissions(books: Books, *order_ids: str) -> None:
    """Those of every level of each order."""
    ids = [commission_id_for(order_id, level) for order_id in order_ids for level in LEVELS]
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
    "adjustment": _around_adjustment,
    "day": _around_day,
}


def add_vouchers(books: Books, *its_orders: Order) -> None:
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
                add_vouchers(books, order)
