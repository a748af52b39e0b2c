"""What a member hears when their group is complete (拼团成功): that their own order may ship."""

from datetime import datetime

from chalicelib.notifications.model import News
from chalicelib.orders import store as orders
from chalicelib.orders.model import OrderState


def complete_group(order_id: str, now: datetime) -> News | None:
    """None for an order without a group, or one that has moved on since. Raises NotFound."""
    order = orders.get(order_id)
    if order.group_id is None or order.order_state is not OrderState.TO_SHIP:
        return None
    return News(
        member_id=order.member_id,
        subject_id=order_id,
        title=order.title,
        amount_fen=order.paid_fen,
        happened_at=now,
        happening="拼团成功",
        page_query={"order_id": order_id, "group_id": order.group_id},
    )
