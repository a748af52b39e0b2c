"""What the checks of a whole page look at beside it, read together: a hundred keys a trip.

Reads may be a second old: what seems wrong is looked at again, see around.py. An unreadable
neighbour is held against nobody; its own leg names it.
"""

from collections.abc import Iterable, Iterator, Sequence

from chalicelib.audit.books import Books
from chalicelib.commissions.model import Commission, commission_id_for, earners
from chalicelib.commissions.store import commission_key
from chalicelib.draws.store import draw_key
from chalicelib.groups.store import group_key, seat_key
from chalicelib.kit import reads
from chalicelib.kit.tables import Key, Row
from chalicelib.ledger.adjustments import adjustment_key
from chalicelib.ledger.model import Adjustment
from chalicelib.ledger.recipes import earning_id_of, withdrawal_id_of
from chalicelib.ledger.store import LedgerRow, balance_key, transfer_key
from chalicelib.ledger.transfers import Code, member_account, transfer_id_for
from chalicelib.orders.model import Order
from chalicelib.orders.store import order_key
from chalicelib.refunds.store import refund_key
from chalicelib.vouchers.store import VoucherRow, voucher_key, voucher_of
from chalicelib.withdrawals.model import Withdrawal
from chalicelib.withdrawals.store import withdrawal_key


def add_orders(books: Books, order_ids: Iterable[str]) -> None:
    """Those that are not there yet."""
    wanted = {each for each in order_ids if each and each not in books.orders}
    _add(books, "orders", [order_key(each) for each in sorted(wanted)])


def add_refunds_of(books: Books, its_orders: Iterable[Order]) -> None:
    ids = {refund_id for order in its_orders for refund_id in order.refund_ids if refund_id}
    _add(books, "refunds", [refund_key(each) for each in sorted(ids)])


def add_groups(books: Books, group_ids: Iterable[str | None]) -> None:
    """Those that are not there yet, without their seats."""
    wanted = {each for each in group_ids if each and each not in books.groups}
    _add(books, "groups", [group_key(each) for each in sorted(wanted)])


def add_places_of(books: Books, its_orders: Sequence[Order]) -> None:
    """Their groups, what they are counted by there, their seats, and what they take part in."""
    seated = [order for order in its_orders if order.group_id and order.seat_group_id]
    add_groups(books, [order.group_id for order in seated])
    add_groups(books, [order.seat_group_id for order in seated])
    seats = {(str(order.seat_group_id), order.seat_id) for order in seated}
    _add(books, "groups", [seat_key(group_id, seat_id) for group_id, seat_id in sorted(seats)])
    draws = {group.draw_id for group in books.groups.values() if group.draw_id}
    _add(books, "draws", [draw_key(each) for each in sorted(draws)])


def add_vouchers_of(books: Books, its_orders: Iterable[Order]) -> None:
    """What they were placed with; one that cannot be read is noted under its order."""
    wanted: dict[Key[VoucherRow], str] = {
        voucher_key(order.member_id, order.voucher_id): order.order_id
        for order in its_orders
        if order.voucher_id
    }
    books.vouchers |= dict.fromkeys(wanted.values())
    for key, item in reads.read_items(*wanted, consistent=False):
        order_id = wanted[key]
        try:
            books.vouchers[order_id] = voucher_of(VoucherRow.from_item(item))
        except (ValueError, TypeError, LookupError) as error:
            del books.vouchers[order_id]
            books.unreadable[("vouchers", order_id)] = type(error).__name__


def add_commissions(books: Books, commission_ids: Iterable[str]) -> None:
    _add(books, "commissions", [commission_key(each) for each in sorted(set(commission_ids))])


def add_earnings_of(books: Books, its_orders: Sequence[Order]) -> None:
    """What is earned on them, and the balances of those who should have earned and have not."""
    earning = {
        commission_id_for(order.order_id, earner.level): earner.member_id
        for order in its_orders
        for earner in earners(order)
    }
    add_commissions(books, earning)
    missing = (member for each, member in earning.items() if each not in books.commissions)
    add_wallets(books, missing)


def add_wallets(books: Books, member_ids: Iterable[str]) -> None:
    """Their balances, without transfers."""
    _add(books, "ledger", [balance_key(each) for each in sorted(set(member_ids))])


def add_withdrawals(books: Books, withdrawal_ids: Iterable[str]) -> None:
    wanted = {each for each in withdrawal_ids if each and each not in books.withdrawals}
    _add(books, "withdrawals", [withdrawal_key(each) for each in sorted(wanted)])


def add_adjustments(books: Books, adjustment_ids: Iterable[str]) -> None:
    wanted = {each for each in adjustment_ids if each and each not in books.adjustments}
    _add(books, "ledger", [adjustment_key(each) for each in sorted(wanted)])


def add_corrections_of(books: Books, its_adjustments: Iterable[Adjustment]) -> None:
    """What is booked of them, of members of whom nothing else is there."""
    keys = [
        transfer_key(account, transfer_id_for(Code.CORRECTION, one.adjustment_id), one.decided_at)
        for one in its_adjustments
        if (account := member_account(one.member_id)) not in books.bookings
        and one.decided_at is not None
    ]
    _add(books, "ledger", keys)


def booked_orders(its_orders: Iterable[Order]) -> set[str]:
    """Of which the ledger has an account: their payment is there, or what their voucher paid."""
    keys = {key: order.order_id for order in its_orders for key in _first_bookings(order)}
    return {keys[key] for key, _ in reads.read_items(*keys, consistent=False)}


def announced_commissions(commissions: Iterable[Commission]) -> set[str]:
    """Of which the beneficiary's account knows: the transfer that announced it is there."""
    keys = {
        transfer_key(
            member_account(one.beneficiary_id),
            earning_id_of(one.earning, one.commission_id),
            one.accrued_at,
        ): one.commission_id
        for one in commissions
    }
    return {keys[key] for key, _ in reads.read_items(*keys, consistent=False)}


def reserved_withdrawals(withdrawals: Iterable[Withdrawal]) -> set[str]:
    """Of which the member's account knows: the transfer that set it aside is there."""
    keys = {
        transfer_key(
            member_account(one.member_id), withdrawal_id_of(one.withdrawal_id), one.requested_at
        ): one.withdrawal_id
        for one in withdrawals
    }
    return {keys[key] for key, _ in reads.read_items(*keys, consistent=False)}


def _first_bookings(order: Order) -> Iterator[Key[LedgerRow]]:
    account_id, order_id = f"order:{order.order_id}", order.order_id
    if order.paid_fen > 0:
        payment_id = transfer_id_for(Code.PAYMENT, order_id)
        yield transfer_key(account_id, payment_id, order.placed_at)
    if order.voucher_id:
        voucher_id = transfer_id_for(Code.VOUCHER, order_id)
        yield transfer_key(account_id, voucher_id, order.placed_at)


def _add(books: Books, table: str, keys: Sequence[Key[Row]]) -> None:
    for _, item in reads.read_items(*keys, consistent=False):
        books.add_item(table, item)
