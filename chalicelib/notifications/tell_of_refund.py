"""What a member hears of a refund: that their group failed, or its goods are not made, and the
money is on its way (拼团失败); and that money has arrived (退款到账).
"""

from datetime import datetime

from chalicelib.notifications.model import News
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, Refund, RefundState

_FAILINGS = {Cause.GROUP_FAILED: "拼团失败", Cause.PRODUCTION_REJECTED: "未能定制"}
"""How it is said that everyone is refunded."""


def failed_group(refund_id: str, _now: datetime) -> News | None:
    """None for a refund with another cause. Raises NotFound."""
    refund = refunds.get(refund_id)
    happening = _FAILINGS.get(refund.cause)
    if happening is None:
        return None
    return _news(refund, happened_at=refund.requested_at, happening=happening)


def paid_refund(refund_id: str, _now: datetime) -> News | None:
    """None unless the refund has succeeded. Raises NotFound."""
    refund = refunds.get(refund_id)
    if refund.refund_state is not RefundState.SUCCEEDED or refund.settled_at is None:
        return None
    return _news(refund, happened_at=refund.settled_at, happening="已退款")


def _news(refund: Refund, *, happened_at: datetime, happening: str) -> News:
    return News(
        member_id=refund.member_id,
        subject_id=refund.refund_id,
        title=orders.get(refund.order_id).title,
        amount_fen=refund.amount_fen,
        happened_at=happened_at,
        happening=happening,
        page_query={"order_id": refund.order_id},
    )
