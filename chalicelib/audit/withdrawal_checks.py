"""The invariants of withdrawals, in the way of checks.py: what was set aside for each, what
became of it, and that a member has one under way at most.

Looks at withdrawals, those that only the ledger knows included, and at members.
"""

from collections import Counter
from collections.abc import Iterator

from chalicelib.audit.bookings import Booking
from chalicelib.audit.books import WITHDRAWAL, Books
from chalicelib.audit.checks import nothing_is_overdue
from chalicelib.ledger.recipes import withdrawal_id_of
from chalicelib.ledger.transfers import Account, Code, Phase, member_account
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState

_SPLIT_INTO = {
    Code.WITHDRAWAL_PAID.value: Account.WECHAT.value,
    Code.WITHDRAWAL_FEE.value: Account.FEE_INCOME.value,
    Code.WITHDRAWAL_TAX.value: Account.TAX_PAYABLE.value,
}

# Of a withdrawal


def withdrawals_are_booked(books: Books, withdrawal_id: str) -> Iterator[str]:
    """Its gross is set aside, and once it has ended posted or voided, the same amount. Paid, it is
    split into net, fee and tax; otherwise nothing is.
    """
    if books.is_unknown("withdrawals", withdrawal_id):
        return
    withdrawal = books.withdrawals.get(withdrawal_id)
    if withdrawal is None:
        yield "split in the ledger, and does not exist"
        return
    parts_fen = withdrawal.net_fen + withdrawal.fee_fen + withdrawal.tax_fen
    if withdrawal.gross_fen != parts_fen:
        yield f"{withdrawal.gross_fen} fen gross, {parts_fen} in parts"
    own = books.bookings_of_member(withdrawal.member_id, withdrawal_id)
    if own is None:
        return
    moved, expected = _moved(withdrawal, own), _to_be_moved(withdrawal)
    if moved != expected:
        yield f"booked {dict(moved)}, by its row {expected}"
    split = [
        (one.code, one.debit_account, one.credit_account, one.amount_fen)
        for one in books.bookings.get(WITHDRAWAL + withdrawal_id, [])
    ]
    if sorted(split) != sorted(_to_be_split(withdrawal)):
        yield f"{withdrawal.withdrawal_state.value}, split into {split}"


def _moved(withdrawal: Withdrawal, own: list[Booking]) -> Counter[str]:
    """What the member's transfers set aside, posted and voided for it, in fen by phase."""
    pending_id = withdrawal_id_of(withdrawal.withdrawal_id)
    accounts = member_account(withdrawal.member_id), Account.PAYOUTS.value
    moved: Counter[str] = Counter()
    for one in own:
        named = one.pending_id or one.transfer_id
        if named == pending_id and (one.debit_account, one.credit_account) == accounts:
            moved[one.phase] += one.amount_fen
    return moved


def _to_be_moved(withdrawal: Withdrawal) -> dict[str, int]:
    moved = {Phase.PENDING.value: withdrawal.gross_fen}
    if withdrawal.withdrawal_state is WithdrawalState.PAID:
        moved[Phase.POST.value] = withdrawal.gross_fen
    elif not withdrawal.is_open:
        moved[Phase.VOID.value] = withdrawal.gross_fen
    return moved


def _to_be_split(withdrawal: Withdrawal) -> list[tuple[str, str, str, int]]:
    """By code: the parts there are, out of the payouts, of one that was paid."""
    if withdrawal.withdrawal_state is not WithdrawalState.PAID:
        return []
    amounts = (withdrawal.net_fen, withdrawal.fee_fen, withdrawal.tax_fen)
    return [
        (code, Account.PAYOUTS.value, account, amount_fen)
        for (code, account), amount_fen in zip(_SPLIT_INTO.items(), amounts, strict=True)
        if amount_fen > 0
    ]


def open_withdrawals_are_marked(books: Books, withdrawal_id: str) -> Iterator[str]:
    """While a withdrawal is under way, its member's balance names it, and so no other can be."""
    withdrawal = books.withdrawals.get(withdrawal_id)
    if withdrawal is None or not withdrawal.is_open:
        return
    if books.bookings_of_member(withdrawal.member_id) is None:
        return
    wallet = books.wallets.get(withdrawal.member_id)
    if wallet is None or wallet.open_withdrawal_id != withdrawal_id:
        named = wallet.open_withdrawal_id if wallet is not None else ""
        yield f"{withdrawal.withdrawal_state.value}, and the balance names {named!r}"


# Of a member


def marked_withdrawals_are_open(books: Books, member_id: str) -> Iterator[str]:
    """What a balance names as under way is a withdrawal of that member that has not ended."""
    wallet = books.wallets.get(member_id)
    if wallet is None or not wallet.open_withdrawal_id:
        return
    if books.is_unknown("withdrawals", wallet.open_withdrawal_id):
        return
    withdrawal = books.withdrawals.get(wallet.open_withdrawal_id)
    if withdrawal is None or withdrawal.member_id != member_id or not withdrawal.is_open:
        yield f"names withdrawal {wallet.open_withdrawal_id}, which is not under way"


def withdrawal_transfers_have_a_withdrawal(books: Books, member_id: str) -> Iterator[str]:
    """Each transfer about a withdrawal is about one that is there, and is the member's."""
    for booking in books.bookings_of_member(member_id) or []:
        if booking.code != Code.WITHDRAWAL.value or books.is_unknown("withdrawals", booking.about):
            continue
        withdrawal = books.withdrawals.get(booking.about)
        named = booking.pending_id or booking.transfer_id
        if (
            withdrawal is None
            or withdrawal.member_id != member_id
            or named != withdrawal_id_of(booking.about)
        ):
            yield f"transfer {booking.transfer_id} about {booking.about}: no such withdrawal"


# What is due


def withdrawal_is_not_overdue(books: Books, withdrawal_id: str) -> Iterator[str]:
    withdrawal = books.withdrawals.get(withdrawal_id)
    yield from nothing_is_overdue(books, withdrawal.due_at if withdrawal is not None else None)


def withdrawal_waits_on_a_clock(books: Books, withdrawal_id: str) -> Iterator[str]:
    """A withdrawal under way has a time when a sweep looks at it, even while an operator is to
    decide: a debt may come up meanwhile.
    """
    withdrawal = books.withdrawals.get(withdrawal_id)
    if withdrawal is not None and withdrawal.is_open and withdrawal.due_at is None:
        yield f"{withdrawal.withdrawal_state.value}, and no sweep will ever look"
