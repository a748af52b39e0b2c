"""Let the figures know of a commission: what the invitee brought the upline, and the leaderboards
of the week and month it was released in.

A leader's bonus is in none of these figures; it is only noted as counted.

Brings what is counted to what the commission is now, in one commit that also notes how much that
was: told twice, it finds nothing to add.
"""

from datetime import datetime, timedelta

from chalicelib.commissions import store as commissions
from chalicelib.commissions.model import Commission
from chalicelib.kit.days import month_of, week_of
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.rankings import store as rankings

_BOARDS_KEPT = timedelta(days=100)


def count_commission(commission_id: str) -> None:
    """Raises NotFound, TryAgain."""
    until_settled(lambda: _count(commission_id))


def _count(commission_id: str) -> None:
    commission = commissions.get(commission_id)
    earned_more_fen = commission.earned_fen - (commission.counted_fen or 0)
    released_more_fen = commission.released_fen - commission.ranked_fen
    if not earned_more_fen and not released_more_fen and commission.due_at is None:
        return
    writes = WriteSet()
    commissions.mark_counted(writes, commission)
    if commission.is_bonus:
        earned_more_fen = released_more_fen = 0
    if earned_more_fen and members.find(commission.beneficiary_id) is not None:
        members.count_invitee(
            writes,
            commission.beneficiary_id,
            commission.buyer_id,
            orders_count=1 if commission.counted_fen is None else 0,
            commission_fen=earned_more_fen,
        )
    if released_more_fen and commission.released_at is not None:
        _rank(writes, commission, released_more_fen, commission.released_at)
    writes.commit()


def _rank(
    writes: WriteSet, commission: Commission, released_more_fen: int, released_at: datetime
) -> None:
    """A clawback counts against the week and month in which it had been earned."""
    for board in (f"week#{week_of(released_at)}", f"month#{month_of(released_at)}"):
        rankings.add_earned(
            writes,
            board,
            commission.beneficiary_id,
            released_more_fen,
            expires_at=released_at + _BOARDS_KEPT,
        )
