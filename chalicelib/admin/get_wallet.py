"""Command: a member's wallet, `{member_id}`, the withdrawal that is under way, and adjustments that
wait for a second operator, of the hundred oldest that do.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import adjustment_in_full, withdrawal_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.ledger import adjustments
from chalicelib.ledger import store as ledger
from chalicelib.members import store as members
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.wallet import show_wallet

_MOST_ADJUSTMENTS = 100


class Payload(Command):
    """Whose wallet."""

    member_id: Identifier


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound for a member of whom there is neither a profile nor a balance."""
    member_key = members.profile_key(payload.member_id)
    payee_key = members.payee_key(payload.member_id)
    balance_key = ledger.balance_key(payload.member_id)
    found = read(member_key, payee_key, balance_key)
    balance = found.find(balance_key)
    if balance is None and found.find(member_key) is None:
        raise NotFound(f"There is no member {payload.member_id}.")
    open_id = balance.open_withdrawal_id if balance is not None else None
    open_one = withdrawals.find(open_id) if open_id is not None else None
    waiting, _ = adjustments.waiting_page(limit=_MOST_ADJUSTMENTS, start=None)
    return {
        "member_id": payload.member_id,
        **show_wallet(payload.member_id),
        "has_payee": found.find(payee_key) is not None,
        "open_withdrawal": withdrawal_in_full(open_one) if open_one is not None else None,
        "adjustments": [
            adjustment_in_full(one) for one in waiting if one.member_id == payload.member_id
        ],
    }
