"""The invariant of vouchers, in the way of checks.py.

Looks from an order to the voucher that it was placed with. A voucher that stands for an order which
does not exist is not seen: the members' table is not walked.
"""

from collections.abc import Iterator

from chalicelib.audit.books import Books
from chalicelib.orders.model import OrderState


def vouchers_are_used_once(books: Books, order_id: str) -> Iterator[str]:
    """Where there is a voucher nothing is paid; it stands for that order, or is back once that is
    cancelled. Who has left has taken theirs along.
    """
    order = books.orders[order_id]
    if order.voucher_id is None:
        return
    if order.amount_fen or order.paid_fen:
        yield f"placed with a voucher, {order.amount_fen} fen due and {order.paid_fen} paid"
    if order_id not in books.vouchers:
        return
    voucher = books.vouchers[order_id]
    if voucher is None:
        if order.is_open:
            yield "its voucher is not there"
    elif order.order_state is OrderState.CANCELLED:
        if voucher.used_by == order_id:
            yield "cancelled, and its voucher still stands for it"
    elif voucher.used_by != order_id:
        yield f"its voucher stands for {voucher.used_by}"
