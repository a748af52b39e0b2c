"""The figures of an audit: sums over everything it has read, to hold against WeChat's own totals.

Figures only: whether they are right is for the checks to say. Taken row by row while others write,
so that two figures may be a moment apart.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.admin.audit_books import Books
from chalicelib.admin.audit_ledger_checks import balance
from chalicelib.ledger.transfers import Account
from chalicelib.refunds.model import RefundState


def totals_of(books: Books) -> dict[str, Any]:
    """Payments and refunds as WeChat counts them; refunds paid by hand apart; balances in fen."""
    paid = [order for order in books.orders.values() if order.paid_fen > 0]
    succeeded = [r for r in books.refunds.values() if r.refund_state is RefundState.SUCCEEDED]
    by_wechat = [refund for refund in succeeded if not refund.paid_by_hand]
    by_hand = [refund for refund in succeeded if refund.paid_by_hand]
    bookings = [booking for account in books.bookings.values() for booking in account]
    return {
        "orders": len(books.orders),
        "orders_by_status": _counted(o.order_state.value for o in books.orders.values()),
        "groups": len(books.groups),
        "groups_by_status": _counted(g.group_state.value for g in books.groups.values()),
        "payments": len(paid),
        "paid_fen": sum(order.paid_fen for order in paid),
        "refunds": len(by_wechat),
        "refunds_by_status": _counted(r.refund_state.value for r in books.refunds.values()),
        "refunded_fen": sum(refund.amount_fen for refund in by_wechat),
        "refunds_by_hand": len(by_hand),
        "refunded_by_hand_fen": sum(refund.amount_fen for refund in by_hand),
        "transfers": len(bookings),
        "balances_fen": {account.value: balance(bookings, account) for account in Account},
        "due": {
            "orders": _due(books.now, (order.due_at for order in books.orders.values())),
            "groups": _due(books.now, (group.due_at for group in books.groups.values())),
            "refunds": _due(books.now, (refund.due_at for refund in books.refunds.values())),
        },
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _due(now: datetime, due_times: Iterable[datetime | None]) -> dict[str, int | None]:
    """How many wait for a sweep now or later, and for how long the oldest has been due."""
    waiting = [due_at for due_at in due_times if due_at is not None]
    overdue = [due_at for due_at in waiting if due_at <= now]
    oldest_seconds = (now - min(overdue)) // timedelta(seconds=1) if overdue else None
    return {"waiting": len(waiting), "due": len(overdue), "oldest_seconds": oldest_seconds}
