"""The invariants of members' accounts, in the way of checks.py: what they have earned, what
is on its way to them, and what their balance says of it.
"""

from collections import Counter
from collections.abc import Iterator

from chalicelib.audit.bookings import Booking, sums_of
from chalicelib.audit.books import Books
from chalicelib.ledger.transfers import Balance, Code, Phase, member_account

_SETTLES = frozenset({Phase.POST.value, Phase.VOID.value})
"""Phases that take from a pending transfer."""


def member_balances_add_up(books: Books, member_id: str) -> Iterator[str]:
    """A balance is what the member's transfers add up to; available is what was credited less what
    was debited or is on its way out, withdrawn what was paid out.
    """
    bookings, wallet = books.bookings_of_member(member_id), books.wallets.get(member_id)
    if bookings is None:
        return
    sums = sums_of(bookings, member_account(member_id))
    kept = wallet.sums if wallet is not None else Balance()
    if kept != sums:
        yield f"kept as {_figures(kept)}, its transfers {_figures(sums)}"
    if wallet is None:
        return
    available_fen = kept.credits_posted_fen - kept.debits_posted_fen - kept.debits_pending_fen
    if wallet.available_fen != available_fen:
        yield f"{wallet.available_fen} fen available, by its sums {available_fen}"
    withdrawn_fen = sum(one.amount_fen for one in bookings if _is_paid_out(one))
    if wallet.withdrawn_fen != withdrawn_fen:
        yield f"{wallet.withdrawn_fen} fen withdrawn, by its transfers {withdrawn_fen}"


def pending_transfers_are_not_overdrawn(books: Books, member_id: str) -> Iterator[str]:
    """What posts or voids a pending transfer finds it there, moves between its accounts, and
    together takes no more than it announced; no transfer is there twice.
    """
    bookings = books.bookings_of_member(member_id) or []
    for name, count in Counter(one.transfer_id for one in bookings).items():
        if count > 1:
            yield f"transfer {name} is there {count} times"
    pending = {one.transfer_id: one for one in bookings if one.phase == Phase.PENDING.value}
    taken_fen: Counter[str] = Counter()
    for booking in bookings:
        announced = pending.get(booking.pending_id)
        if (booking.phase in _SETTLES) != bool(booking.pending_id):
            yield f"transfer {booking.transfer_id} is {booking.phase} of {booking.pending_id!r}"
        elif booking.phase in _SETTLES and (
            announced is None or _moves(announced) != _moves(booking)
        ):
            yield f"transfer {booking.transfer_id} settles {booking.pending_id}, not there so"
        elif announced is not None:
            taken_fen[booking.pending_id] += booking.amount_fen
    for name, fen in taken_fen.items():
        if fen > pending[name].amount_fen:
            yield f"{fen} fen of transfer {name} settled, {pending[name].amount_fen} announced"


def _moves(booking: Booking) -> tuple[str, str, str, str]:
    """What a pending transfer and whatever settles it have in common."""
    return booking.code, booking.about, booking.debit_account, booking.credit_account


def _is_paid_out(booking: Booking) -> bool:
    return booking.code == Code.WITHDRAWAL.value and booking.phase == Phase.POST.value


def _figures(sums: Balance) -> str:
    return (
        f"debits {sums.debits_pending_fen} pending {sums.debits_posted_fen} posted, "
        f"credits {sums.credits_pending_fen} pending {sums.credits_posted_fen} posted"
    )
