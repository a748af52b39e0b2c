"""What an upline hears when a commission is theirs (佣金到账), and a leader of their bonus. Nothing
of who bought what.
"""

from datetime import datetime

from chalicelib.commissions import store as commissions
from chalicelib.notifications.model import News


def earned_commission(commission_id: str, _now: datetime) -> News | None:
    """None unless it is released and something is left of it. Raises NotFound."""
    commission = commissions.get(commission_id)
    if commission.released_at is None or commission.released_fen < 1:
        return None
    return News(
        member_id=commission.beneficiary_id,
        subject_id=commission_id,
        title="团长奖励" if commission.is_bonus else "推广佣金",
        amount_fen=commission.released_fen,
        happened_at=commission.released_at,
        happening="已到账",
        page_query={"commission_id": commission_id},
    )
