"""Cancel a group, by an operator: its deadline is now, and it is refunded; a pending one is
abandoned.

Nobody can join once its time is called; then it is settled like any group whose time has run out.
"""

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups import crowds, ending
from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupOver
from chalicelib.groups.model import Group, GroupState
from chalicelib.groups.settle import settle
from chalicelib.groups.settle_crowd import settle_crowd
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound, TryAgain
from chalicelib.kit.repeat import until_settled
from chalicelib.orders.close_unpaid import close_unpaid

_ENDED_ALREADY = frozenset({GroupState.FAILED, GroupState.ABANDONED})


def cancel(group_id: str, *, clock: Clock, wechat_pay: WechatPay) -> Group:
    """The group as it is afterwards: failed or abandoned. Raises GroupOver when it is complete,
    WechatUnavailable while a held seat cannot be resolved, TryAgain while a crowd holds more than
    are resolved at once (the sweep goes on with either), NotFound.
    """
    group = groups.get(group_id)
    if group.crowd_id is not None:
        raise NotFound(f"There is no group {group_id}.")
    if group.group_state in _ENDED_ALREADY:
        return group
    if group.group_state is GroupState.PENDING:
        _, seats = groups.find_with_seats(group_id)
        for seat in seats:
            close_unpaid(seat.order_id, "group_cancelled", clock=clock, wechat_pay=wechat_pay)
        group = groups.get(group_id)
    if group.group_state is GroupState.FORMING:
        group = _call_off(group, clock=clock, wechat_pay=wechat_pay)
    if group.group_state is GroupState.COMPLETE:
        raise GroupOver("The group is complete; refund its orders one by one if need be.")
    return group


def _call_off(group: Group, *, clock: Clock, wechat_pay: WechatPay) -> Group:
    if group.is_crowd:
        _call_time_of_crowd(group.group_id, clock)
        return settle_crowd(group.group_id, clock=clock, wechat_pay=wechat_pay)
    ending.call_time(group, now=clock.now(), refusal=lambda _row: TryAgain())
    return settle(group.group_id, clock=clock, wechat_pay=wechat_pay)


def _call_time_of_crowd(group_id: str, clock: Clock) -> None:
    """Not if it was settled meanwhile."""

    def attempt() -> None:
        crowd = groups.get(group_id)
        if crowd.group_state is GroupState.FORMING:
            crowds.call_time(crowd, now=clock.now())  # guard: still forming -> Changed

    until_settled(attempt)
