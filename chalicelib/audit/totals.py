"""The figures of an audit: sums over everything it has read, to hold against WeChat's own totals.

Figures only: whether they are right is for the checks to say. Taken row by row while others write,
so that two figures may be a moment apart.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.audit.bookings import (
    MEMBERS,
    SALES,
    Wallet,
    balance_fen,
    members_and_sales_together,
    sums_by_account,
)
from chalicelib.audit.books import Books
from chalicelib.ledger.transfers import Account, Balance
from chalicelib.refunds.model import RefundState
from chalicelib.withdrawals.model import WithdrawalState

MOST_WALLETS = 20


def totals_of(books: Books) -> dict[str, Any]:
    """Payments, refunds and transfers as WeChat counts them; refunds paid by hand apart; balances
    in fen.
    """
    paid = [order for order in books.orders.values() if order.paid_fen > 0]
    succeeded = [r for r in books.refunds.values() if r.refund_state is RefundState.SUCCEEDED]
    by_wechat = [refund for refund in succeeded if not refund.paid_by_hand]
    by_hand = [refund for refund in succeeded if refund.paid_by_hand]
    paid_out = [
        withdrawal
        for withdrawal in books.withdrawals.values()
        if withdrawal.withdrawal_state is WithdrawalState.PAID
    ]
    accounts = _accounts(books)
    groups = [group for group in books.groups.values() if group.crowd_id is None]
    return {
        "orders": len(books.orders),
        "orders_by_status": _counted(o.order_state.value for o in books.orders.values()),
        "groups": len(groups),
        "groups_by_status": _counted(group.group_state.value for group in groups),
        "payments": len(paid),
        "paid_fen": sum(order.paid_fen for order in paid),
        "refunds": len(by_wechat),
        "refunds_by_status": _counted(r.refund_state.value for r in books.refunds.values()),
        "refunded_fen": sum(refund.amount_fen for refund in by_wechat),
        "refunds_by_hand": len(by_hand),
        "refunded_by_hand_fen": sum(refund.amount_fen for refund in by_hand),
        "transfers": len(paid_out),
        "transferred_fen": sum(withdrawal.net_fen for withdrawal in paid_out),
        "withdrawals_by_status": _counted(
            w.withdrawal_state.value for w in books.withdrawals.values()
        ),
        "commissions_by_status": _counted(
            c.commission_state.value for c in books.commissions.values()
        ),
        "bookings": sum(len(account) for account in books.bookings.values()),
        "balances_fen": {name: balance_fen(sums) for name, sums in accounts.items()},
        "accounts": {name: _account(sums) for name, sums in accounts.items()},
        "members": _members(books),
        "wallets": _wallets(books),
        "due": {
            "orders": _due(books.now, (order.due_at for order in books.orders.values())),
            "groups": _due(books.now, (group.due_at for group in books.groups.values())),
            "refunds": _due(books.now, (refund.due_at for refund in books.refunds.values())),
            "commissions": _due(books.now, (one.due_at for one in books.commissions.values())),
            "withdrawals": _due(books.now, (one.due_at for one in books.withdrawals.values())),
        },
    }


def _accounts(books: Books) -> dict[str, Balance]:
    """Every account of the shop's own, all merchants' sales and all members as one each."""
    bookings = (booking for account in books.bookings.values() for booking in account)
    sums = sums_by_account(bookings, members_and_sales_together)
    names = [*(account.value for account in Account), SALES, MEMBERS]
    return {name: sums.get(name, Balance()) for name in names}


def _account(sums: Balance) -> dict[str, int]:
    return {**asdict(sums), "balance_fen": balance_fen(sums)}


def _members(books: Books) -> dict[str, int]:
    """What all members' balances say together."""
    wallets = [_wallet(member_id, books.wallets[member_id]) for member_id in books.wallets]
    names = ("available_fen", "pending_fen", "on_its_way_fen", "withdrawn_fen", "debt_fen")
    return {name: sum(wallet[name] for wallet in wallets) for name in names}


def _wallets(books: Books) -> list[dict[str, Any]]:
    """The members' balances with most in them, announced, available, out or owed."""
    wallets = [_wallet(member_id, wallet) for member_id, wallet in books.wallets.items()]
    return sorted(wallets, key=_weight)[:MOST_WALLETS]


def _weight(wallet: dict[str, Any]) -> tuple[int, str]:
    """The heaviest first; among the same, by id."""
    amounts = (value for name, value in wallet.items() if name != "member_id")
    return -sum(amounts), wallet["member_id"]


def _wallet(member_id: str, wallet: Wallet) -> dict[str, Any]:
    return {
        "member_id": member_id,
        "available_fen": max(wallet.available_fen, 0),
        "pending_fen": wallet.sums.credits_pending_fen,
        "on_its_way_fen": wallet.sums.debits_pending_fen,
        "withdrawn_fen": wallet.withdrawn_fen,
        "debt_fen": max(-wallet.available_fen, 0),
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _due(now: datetime, due_times: Iterable[datetime | None]) -> dict[str, int | None]:
    """How many wait for a sweep now or later, and for how long the oldest has been due."""
    waiting = [due_at for due_at in due_times if due_at is not None]
    overdue = [due_at for due_at in waiting if due_at <= now]
    oldest_seconds = (now - min(overdue)) // timedelta(seconds=1) if overdue else None
    return {"waiting": len(waiting), "due": len(overdue), "oldest_seconds": oldest_seconds}
