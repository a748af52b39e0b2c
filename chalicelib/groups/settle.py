"""Settle a group whose time has run out (成团 / 拼团失败): resolve every held seat, then honour it
or let it fail.

Run by the sweep at the deadline, and again until it is done. What follows (shipping, refunds)
hangs on the change of state. A crowd is the business of settle_crowd.py.
"""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups import ending
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState, Seat, SeatState, Settlement, settlement
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import Refusal
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders.close_unpaid import close_unpaid
from chalicelib.orders.model import REACTION_SECONDS

BECOMES = {
    Settlement.COMPLETE: GroupState.COMPLETE,
    Settlement.FAIL: GroupState.FAILED,
}


def settle(group_id: str, *, clock: Clock, wechat_pay: WechatPay) -> Group:
    """The group as it is afterwards. Raises WechatUnavailable while a held seat cannot be
    resolved, NotFound.
    """
    return until_settled(lambda: _settle(group_id, clock, wechat_pay))


def _settle(group_id: str, clock: Clock, wechat_pay: WechatPay) -> Group:
    group = groups.get(group_id)
    if group.group_state is not GroupState.FORMING or not group.is_over(clock.now()):
        return group
    if group.held_count > 0:
        _resolve_held_seats(group_id, clock, wechat_pay)
        group = groups.get(group_id)
        if group.group_state is not GroupState.FORMING:
            return group
    _commit(group, clock.now())
    return groups.get(group_id)


def _resolve_held_seats(group_id: str, clock: Clock, wechat_pay: WechatPay) -> None:
    """Paid after all, or closed at WeChat and freed: each of them, before the first that could not
    be is told of.
    """
    _, seats = groups.find_with_seats(group_id)
    held = [seat for seat in seats if seat.seat_state is SeatState.HELD]
    resolve(held, clock=clock, wechat_pay=wechat_pay)


def resolve(held: Sequence[Seat], *, clock: Clock, wechat_pay: WechatPay) -> None:
    """The same for these seats. Raises WechatUnavailable."""
    stuck: Refusal | None = None
    for seat in held:
        try:
            close_unpaid(seat.order_id, "group_over", clock=clock, wechat_pay=wechat_pay)
        except Refusal as refusal:
            stuck = stuck or refusal
    if stuck is not None:
        raise stuck


def _commit(group: Group, now: datetime) -> None:
    becomes = BECOMES[settlement(group)]
    due_at = after(now, REACTION_SECONDS)
    writes = WriteSet()
    ending.settle(
        writes, group, becomes, now=now, due_at=due_at
    )  # guards: no seat held, as paid as read
    writes.commit()
