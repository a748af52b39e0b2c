"""The invariants of the ledger and of stock, in the way of audit_checks.py.

The ledger is believed in nothing: what it should hold follows from orders and refunds.
"""

from collections.abc import Iterator

from chalicelib.admin.audit_books import Booking, Books, Supply
from chalicelib.ledger.transfers import Account, Code, transfer_id_for
from chalicelib.orders.model import Order
from chalicelib.refunds.model import Refund, RefundState

_REFUND_CODES = frozenset({Code.REFUND.value, Code.REFUND_BY_HAND.value})
_ACCOUNTS = frozenset(account.value for account in Account)


def debits_equal_credits(books: Books, order_id: str) -> Iterator[str]:
    """Each transfer moves at least one fen between two accounts that exist."""
    for booking in books.bookings.get(order_id, []):
        accounts = {booking.debit_account, booking.credit_account}
        if booking.amount_fen < 1 or len(accounts) < 2 or not accounts <= _ACCOUNTS:
            yield (
                f"transfer {booking.transfer_id}: {booking.amount_fen} fen "
                f"from {booking.credit_account!r} to {booking.debit_account!r}"
            )


def payments_are_booked_once(books: Books, order_id: str) -> Iterator[str]:
    """One payment per paid order, of what was paid, unless its booking is still due."""
    if books.is_unknown("orders", order_id):
        return
    order = books.orders.get(order_id)
    bookings = books.bookings.get(order_id, [])
    booked = [one.amount_fen for one in bookings if one.code == Code.PAYMENT.value]
    paid = [order.paid_fen] if order is not None and order.paid_fen > 0 else []
    still_due = order is not None and order.due_at is not None
    if booked != paid and not (still_due and not booked):
        yield f"paid {paid} fen, booked {booked}"


def refunds_are_booked_once(books: Books, order_id: str) -> Iterator[str]:
    """One transfer per refund that succeeded, of its amount, unless its booking is still due."""
    refunds = _refunds(books, order_id)
    if refunds is None:
        return
    succeeded = {
        transfer_id_for(_code(refund), refund.refund_id): refund
        for refund in refunds
        if refund.refund_state is RefundState.SUCCEEDED
    }
    booked = [b for b in books.bookings.get(order_id, []) if b.code in _REFUND_CODES]
    for booking in booked:
        refund = succeeded.get(booking.transfer_id)
        if refund is None or refund.amount_fen != booking.amount_fen:
            yield f"transfer {booking.transfer_id} of {booking.amount_fen} fen: no such refund"
    booked_ids = {booking.transfer_id for booking in booked}
    for transfer_id, refund in succeeded.items():
        if transfer_id not in booked_ids and refund.due_at is None:
            yield f"refund {refund.refund_id} of {refund.amount_fen} fen is not booked"


def wechat_account_balances(books: Books, order_id: str) -> Iterator[str]:
    """Where all is booked, an order's share of the WeChat account is what it paid less what
    WeChat paid back.
    """
    order, refunds = books.orders.get(order_id), _refunds(books, order_id)
    if order is None or refunds is None or _is_due(order, refunds):
        return
    for earlier in (debits_equal_credits, payments_are_booked_once, refunds_are_booked_once):
        if any(earlier(books, order_id)):
            return
    expected_fen = order.paid_fen - sum(
        refund.amount_fen
        for refund in refunds
        if refund.refund_state is RefundState.SUCCEEDED and not refund.paid_by_hand
    )
    balance_fen = balance(books.bookings.get(order_id, []), Account.WECHAT)
    if balance_fen != expected_fen:
        yield f"{balance_fen} fen on the account, {expected_fen} by its payment and refunds"


def units_add_up(books: Books, sku_id: str) -> Iterator[str]:
    """Units supplied are those left and those that orders hold; none is below zero."""
    supply, held = books.supplies.get(sku_id, Supply()), books.units_held[sku_id]
    if supply.units_left < 0 or supply.supplied != supply.units_left + held:
        yield f"{supply.supplied} supplied, {supply.units_left} left, {held} held by orders"


def balance(bookings: list[Booking], account: Account) -> int:
    """Debits less credits of one account, in fen."""
    debits_fen = sum(one.amount_fen for one in bookings if one.debit_account == account.value)
    credits_fen = sum(one.amount_fen for one in bookings if one.credit_account == account.value)
    return debits_fen - credits_fen


def _refunds(books: Books, order_id: str) -> list[Refund] | None:
    """The order's refunds, none for an order that does not exist; None when they are unknown."""
    if books.is_unknown("orders", order_id):
        return None
    order = books.orders.get(order_id)
    return books.refunds_of(order) if order is not None else []


def _is_due(order: Order, refunds: list[Refund]) -> bool:
    return order.due_at is not None or any(refund.due_at is not None for refund in refunds)


def _code(refund: Refund) -> Code:
    return Code.REFUND_BY_HAND if refund.paid_by_hand else Code.REFUND
