"""A member's wallet (钱包): what is announced, theirs, on its way out, and the transfers behind."""

from typing import Any, Literal, cast

from chalicelib.kit.clock import shown
from chalicelib.kit.paging import PageQuery, from_cursor
from chalicelib.kit.reads import read
from chalicelib.ledger import store as ledger
from chalicelib.ledger.store import LedgerRow
from chalicelib.ledger.transfers import Phase, member_account
from chalicelib.withdrawals.schemas import TransferAnswer, TransferCode, WalletAnswer

_CURSOR = frozenset({"account_id", "entry"})
_STATES: dict[Phase, Literal["pending", "posted", "voided"]] = {
    Phase.SINGLE: "posted",
    Phase.PENDING: "pending",
    Phase.POST: "posted",
    Phase.VOID: "voided",
}


def show_wallet(member_id: str) -> WalletAnswer:
    """The balance, read consistently. What is available is never below zero; a debt is apart."""
    key = ledger.balance_key(member_id)
    row = read(key).find(key)
    balance = ledger.balance_of(row)
    return {
        "pending_fen": balance.credits_pending_fen,
        "available_fen": max(balance.available_fen, 0),
        "withdrawing_fen": balance.debits_pending_fen,
        "withdrawn_fen": int(row.withdrawn_fen or 0) if row is not None else 0,
        "debt_fen": max(-balance.available_fen, 0),
    }


def list_transfers(
    member_id: str, query: PageQuery
) -> tuple[list[TransferAnswer], dict[str, Any] | None]:
    """A page of transfers, newest first, and where the next begins. Raises InvalidRequest on a
    cursor that is not this member's.
    """
    fixed, begins = {"account_id": member_account(member_id)}, {"entry": ledger.TRANSFER}
    start = from_cursor(query.cursor, names=_CURSOR, fixed=fixed, begins=begins)
    rows, following = ledger.transfers_of_member(member_id, limit=query.limit, start=start)
    return [_transfer(row, member_account(member_id)) for row in rows], following


def _transfer(row: LedgerRow, account: str) -> TransferAnswer:
    return {
        "transfer_id": row.transfer_id,
        "code": cast(TransferCode, row.code),
        "amount_fen": int(row.amount_fen),
        "direction": "in" if row.credit_account == account else "out",
        "state": _STATES[Phase(row.phase)],
        "at": shown(row.posted_at),
        "about": row.about,
    }
