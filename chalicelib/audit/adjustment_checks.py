"""The invariants of adjustments, in the way of checks.py: what two operators have put right in a
member's balance, and nothing else, is booked as a correction.
"""

from collections.abc import Iterator

from chalicelib.audit.bookings import Booking
from chalicelib.audit.books import ADJUSTMENT, Books
from chalicelib.ledger.model import Adjustment, AdjustmentState
from chalicelib.ledger.recipes import correction
from chalicelib.ledger.transfers import Code


def corrections_are_booked(books: Books, adjustment_id: str) -> Iterator[str]:
    """One that is confirmed was so by another operator than who asked for it, and is booked once,
    in full; any other is not booked.
    """
    adjustment = books.adjustments[adjustment_id]
    is_confirmed = adjustment.adjustment_state is AdjustmentState.CONFIRMED
    if is_confirmed and adjustment.is_asked_by(adjustment.decided_by or adjustment.asked_by):
        yield f"asked for by {adjustment.asked_by!r}, and confirmed by {adjustment.decided_by!r}"
    own = books.bookings_of_member(adjustment.member_id, adjustment_id)
    if own is None:
        return
    booked = [_moved(booking) for booking in own]
    expected = [_to_be_moved(adjustment)] if is_confirmed else []
    if booked != expected:
        yield f"{adjustment.adjustment_state.value}, booked {booked}, by its row {expected}"


def corrections_have_an_adjustment(books: Books, member_id: str) -> Iterator[str]:
    """Each correction is about an adjustment that is there, is the member's and is confirmed."""
    for booking in books.bookings_of_member(member_id) or []:
        if booking.code != Code.CORRECTION.value:
            continue
        if ("ledger", ADJUSTMENT + booking.about) in books.unreadable:
            continue
        adjustment = books.adjustments.get(booking.about)
        if (
            adjustment is None
            or adjustment.member_id != member_id
            or adjustment.adjustment_state is not AdjustmentState.CONFIRMED
        ):
            yield f"transfer {booking.transfer_id} about {booking.about}: no such adjustment"


def _moved(booking: Booking) -> tuple[str, str, str, str, int]:
    accounts = booking.debit_account, booking.credit_account
    return booking.transfer_id, booking.code, *accounts, booking.amount_fen


def _to_be_moved(adjustment: Adjustment) -> tuple[str, str, str, str, int]:
    booked = correction(
        adjustment.member_id,
        adjustment.adjustment_id,
        adjustment.amount_fen,
        now=adjustment.requested_at,
    )
    accounts = str(booked.debit_account), str(booked.credit_account)
    return booked.transfer_id, booked.code.value, *accounts, booked.amount_fen
