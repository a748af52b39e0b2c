"""Bring a guide's figures to what one order amounts to now: paid and not refunded, while the sale
stands. Safe to run any number of times, whatever came first.
"""

from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import store as orders
from chalicelib.referrals import store as referrals


def count_guide_sale(order_id: str) -> None:
    """Nothing happens unless the buyer came through a guide. Raises NotFound, TryAgain."""
    until_settled(lambda: _attempt(order_id))


def _attempt(order_id: str) -> None:
    order = orders.get(order_id)
    counted_fen = order.guide_counted_fen or 0
    if order.guide_share_code is None or order.sold_fen == counted_fen:
        return
    is_first = order.guide_counted_fen is None
    writes = WriteSet()
    # guard: state, refunds and what is counted are as read -> read again
    orders.count_for_guide(writes, order, order.sold_fen)
    referrals.count_sale(
        writes,
        order.guide_share_code,
        orders=1 if is_first else 0,
        change_fen=order.sold_fen - counted_fen,
    )
    writes.commit()
