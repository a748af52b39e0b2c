"""End a withdrawal without paying it: the money is the member's again, in the same commit.

What failed or was cancelled gives the day's limits back; what was rejected does not.
"""

from typing import Any

from chalicelib.kit.clock import Clock
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState


def end_unpaid(
    withdrawal: Withdrawal, becomes: WithdrawalState, *, clock: Clock, **facts: Any
) -> Withdrawal:
    """The withdrawal as it is afterwards. Raises Changed when it is not as read."""
    now = clock.now()
    writes = WriteSet()
    withdrawals.move(writes, withdrawal, becomes, due_at=None, settled_at=now, **facts)
    void = recipes.withdrawal_ended(
        withdrawal.member_id, withdrawal.withdrawal_id, withdrawal.gross_fen, paid=False, now=now
    )
    ledger.end_withdrawal(writes, withdrawal.member_id, void, withdrawal.withdrawal_id, paid_fen=0)
    if becomes is not WithdrawalState.REJECTED:
        withdrawals.give_day_back(writes, withdrawal)
    writes.commit()
    return withdrawals.get(withdrawal.withdrawal_id)
