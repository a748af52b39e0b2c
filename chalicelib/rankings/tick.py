"""Add a paid withdrawal to the public ticker (提现播报), masked. Again, it is the same line."""

from datetime import timedelta

from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.rankings import store as rankings
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import WithdrawalState

_LINES_KEPT = timedelta(days=30)
_MASK = "**"


def tick(withdrawal_id: str) -> None:
    """Does nothing for a withdrawal that is not paid. Raises NotFound."""
    withdrawal = withdrawals.get(withdrawal_id)
    paid_at = withdrawal.settled_at
    if withdrawal.withdrawal_state is not WithdrawalState.PAID or paid_at is None:
        return
    member = members.find(withdrawal.member_id)
    writes = WriteSet()
    rankings.put_line(
        writes,
        withdrawal_id,
        masked(member.nickname if member is not None else None),
        withdrawal.gross_fen,
        happened_at=paid_at,
        expires_at=paid_at + _LINES_KEPT,
    )
    writes.commit()


def masked(nickname: str | None) -> str:
    """The first sign and two stars; nobody is known by it."""
    return (nickname or "")[:1] + _MASK
