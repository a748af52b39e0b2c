"""What a member hears when WeChat waits for them to take their money (提现待确认)."""

from datetime import datetime

from chalicelib.notifications.model import News
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import WithdrawalState


def withdrawal_to_confirm(withdrawal_id: str, now: datetime) -> News | None:
    """None unless it waits for the member. Raises NotFound."""
    withdrawal = withdrawals.get(withdrawal_id)
    waits = withdrawal.withdrawal_state is WithdrawalState.CONFIRMING
    if not waits or withdrawal.confirmed_at is not None:
        return None
    return News(
        member_id=withdrawal.member_id,
        subject_id=withdrawal_id,
        title=withdrawal.remark,
        amount_fen=withdrawal.net_fen,
        happened_at=withdrawal.submitted_at or now,
        happening="待确认",
        page_query={"withdrawal_id": withdrawal_id},
    )
