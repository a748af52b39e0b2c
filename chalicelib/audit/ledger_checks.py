"""The invariants of what the ledger holds of orders, of its closed days, and of stock, in the way
of checks.py.

The ledger is believed in nothing: what it should hold follows from orders and refunds.
"""

from collections.abc import Iterator, Mapping

from chalicelib.audit.bookings import (
    Booking,
    ClosedDay,
    balance_fen,
    members_together,
    sums_by_account,
    sums_of,
)
from chalicelib.audit.books import MEMBER, ORDER, WITHDRAWAL, Books, Supply
from chalicelib.audit.rest import is_at_rest
from chalicelib.ledger.transfers import Account, Balance, Code, sales_account, transfer_id_for
from chalicelib.orders.model import Order, OrderState
from chalicelib.refunds.model import Cause, Refund, RefundState

_SALES_CODES = frozenset({Code.SETTLEMENT.value, Code.VOUCHER.value, Code.MARKETING_REVERSED.value})
_ENDED = frozenset({OrderState.REFUNDING, OrderState.REFUNDED})
_REFUND_CODES = frozenset({Code.REFUND.value, Code.REFUND_BY_HAND.value})


def debits_equal_credits(books: Books, order_id: str) -> Iterator[str]:
    """Each transfer moves at least one fen between two accounts that exist."""
    yield from _unsound(books, ORDER + order_id)


def members_debits_equal_credits(books: Books, member_id: str) -> Iterator[str]:
    """The same of a member's transfers."""
    yield from _unsound(books, MEMBER + member_id)


def withdrawals_debits_equal_credits(books: Books, withdrawal_id: str) -> Iterator[str]:
    """The same of what a withdrawal was split into."""
    yield from _unsound(books, WITHDRAWAL + withdrawal_id)


def _unsound(books: Books, account_id: str) -> Iterator[str]:
    for booking in books.bookings.get(account_id, []):
        if not booking.is_sound:
            yield (
                f"transfer {booking.transfer_id}: {booking.amount_fen} fen {booking.phase} "
                f"from {booking.credit_account!r} to {booking.debit_account!r}"
            )


def payments_are_booked_once(books: Books, order_id: str) -> Iterator[str]:
    """One payment per paid order, of what was paid, unless its booking is still due."""
    if books.is_unknown("orders", order_id):
        return
    order = books.orders.get(order_id)
    bookings = books.bookings_of_order(order_id)
    booked = [one.amount_fen for one in bookings if one.code == Code.PAYMENT.value]
    paid = [order.paid_fen] if order is not None and order.paid_fen > 0 else []
    still_due = order is not None and not is_at_rest(order)
    if booked != paid and not (still_due and not booked):
        yield f"paid {paid} fen, booked {booked}"


def refunds_are_booked_once(books: Books, order_id: str) -> Iterator[str]:
    """One transfer per refund that succeeded, of its amount, unless its booking is still due: at
    the shop's expense for a free leader, out of the merchant's sales when the order was settled
    before, else out of what customers paid.
    """
    refunds = _refunds(books, order_id)
    if refunds is None:
        return
    succeeded = {
        transfer_id_for(_code(refund), refund.refund_id): refund
        for refund in refunds
        if refund.refund_state is RefundState.SUCCEEDED
    }
    booked = [b for b in books.bookings_of_order(order_id) if b.code in _REFUND_CODES]
    for booking in booked:
        refund = succeeded.get(booking.transfer_id)
        if refund is None or refund.amount_fen != booking.amount_fen:
            yield f"transfer {booking.transfer_id} of {booking.amount_fen} fen: no such refund"
        elif booking.debit_account != _paid_back_from(books, order_id, refund):
            yield f"transfer {booking.transfer_id} is taken from {booking.debit_account}"
    booked_ids = {booking.transfer_id for booking in booked}
    for transfer_id, refund in succeeded.items():
        if transfer_id not in booked_ids and refund.due_at is None:
            yield f"refund {refund.refund_id} of {refund.amount_fen} fen is not booked"


def settlements_are_booked_once(books: Books, order_id: str) -> Iterator[str]:
    """A settled order's rest is its merchant's sale, and so is what a voucher paid for, each once,
    unless its booking is still due.
    """
    if books.is_unknown("orders", order_id):
        return
    order = books.orders.get(order_id)
    booked = [
        (one.amount_fen, one.debit_account, one.credit_account)
        for one in books.bookings_of_order(order_id)
        if one.code in _SALES_CODES
    ]
    still_due = order is not None and not is_at_rest(order)
    if sorted(booked) != sorted(_sales(order)) and not (still_due and not booked):
        yield f"settled {_sales(order)}, booked {booked}"


def customer_funds_are_cleared(books: Books, order_id: str) -> Iterator[str]:
    """Once an order is settled or refunded and all is booked, nothing is held for its member any
    more.
    """
    order, refunds = books.orders.get(order_id), _refunds(books, order_id)
    if order is None or refunds is None or _is_due(order, refunds):
        return
    is_refunded = order.order_state is OrderState.REFUNDED and order.refunded_fen == order.paid_fen
    if order.settled_at is None and not is_refunded:
        return
    if any(any(earlier(books, order_id)) for earlier in (*_BOOKINGS, settlements_are_booked_once)):
        return
    held_fen = -balance(books.bookings_of_order(order_id), Account.CUSTOMER_FUNDS)
    if held_fen:
        yield f"{order.order_state.value}, and {held_fen} fen are held for its member"


def wechat_account_balances(books: Books, order_id: str) -> Iterator[str]:
    """Where all is booked, an order's share of the WeChat account is what it paid less what
    WeChat paid back.
    """
    order, refunds = books.orders.get(order_id), _refunds(books, order_id)
    if order is None or refunds is None or _is_due(order, refunds):
        return
    if any(any(earlier(books, order_id)) for earlier in _BOOKINGS):
        return
    expected_fen = order.paid_fen - sum(
        refund.amount_fen
        for refund in refunds
        if refund.refund_state is RefundState.SUCCEEDED and not refund.paid_by_hand
    )
    held_fen = balance(books.bookings_of_order(order_id), Account.WECHAT)
    if held_fen != expected_fen:
        yield f"{held_fen} fen on the account, {expected_fen} by its payment and refunds"


_BOOKINGS = (debits_equal_credits, payments_are_booked_once, refunds_are_booked_once)
"""What is wrong by one of these is named by it, and by none that adds up what was booked."""


def closed_days_add_up(books: Books, day: str) -> Iterator[str]:
    """What a business day was closed with is what its transfers add up to, in as many debits as
    credits.
    """
    bookings = books.bookings_by_day.get(day, [])
    sums = sums_by_account(bookings, members_together)
    yield from day_adds_up(books.days[day], len(bookings), sums)


def day_adds_up(
    closed: ClosedDay, transfer_count: int, sums: Mapping[str, Balance]
) -> Iterator[str]:
    """The same of so many transfers, added up already by the lines of the closing."""
    if not closed.is_closed:
        return
    if closed.transfer_count != transfer_count:
        yield f"closed with {closed.transfer_count} transfers of {transfer_count}"
    for line in sorted({*sums, *closed.totals}):
        if closed.totals.get(line) != sums.get(line):
            yield f"{line} was closed with {closed.totals.get(line)}, and has {sums.get(line)}"
    posted_fen = sum(balance_fen(total) for total in closed.totals.values())
    if posted_fen:
        yield f"debits and credits are {posted_fen} fen apart"


def units_add_up(books: Books, sku_id: str) -> Iterator[str]:
    """Units supplied are those left and those that orders hold; none is below zero."""
    supply, held = books.supplies.get(sku_id, Supply()), books.units_held[sku_id]
    if supply.units_left < 0 or supply.supplied != supply.units_left + held:
        yield f"{supply.supplied} supplied, {supply.units_left} left, {held} held by orders"


def balance(bookings: list[Booking], account: Account) -> int:
    """Debits less credits of one account, in fen, of what is posted."""
    return balance_fen(sums_of(bookings, account.value))


def _refunds(books: Books, order_id: str) -> list[Refund] | None:
    """The order's refunds, none for an order that does not exist; None when they are unknown."""
    if books.is_unknown("orders", order_id):
        return None
    order = books.orders.get(order_id)
    return books.refunds_of(order) if order is not None else []


def _sales(order: Order | None) -> list[tuple[int, str, str]]:
    """What an order's settlement books: nothing when it is not settled, or nothing was left. A free
    leader's that is ended instead takes the marketing back.
    """
    if order is None:
        return []
    if order.marketing_fen > 0 and order.order_state in _ENDED:
        accounts = Account.CUSTOMER_FUNDS.value, Account.MARKETING_EXPENSE.value
        return [(order.marketing_fen, *accounts)]
    if order.settled_at is None:
        return []
    price_fen = order.discount_fen - order.price_cut_fen
    by_voucher_fen = price_fen if order.voucher_id is not None else 0
    paid_from = (
        (order.settled_fen, Account.CUSTOMER_FUNDS.value),
        (by_voucher_fen, Account.MARKETING_EXPENSE.value),
    )
    sales = sales_account(order.merchant_id)
    return [(amount_fen, account, sales) for amount_fen, account in paid_from if amount_fen > 0]


def _is_due(order: Order, refunds: list[Refund]) -> bool:
    return not is_at_rest(order) or any(refund.due_at is not None for refund in refunds)


def _code(refund: Refund) -> Code:
    return Code.REFUND_BY_HAND if refund.paid_by_hand else Code.REFUND


def _paid_back_from(books: Books, order_id: str, refund: Refund) -> str:
    order = books.orders.get(order_id)
    if refund.cause is Cause.LEADER_FREE:
        return Account.MARKETING_EXPENSE.value
    if order is None or not refund.after_settlement:
        return Account.CUSTOMER_FUNDS.value
    return sales_account(order.merchant_id)
