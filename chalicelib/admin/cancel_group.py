"""Command: cancel a group, `{group_id}`: its time is over now and everyone who paid is refunded.

A group whose leader has not paid is abandoned. Moves money; twice is once.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import group_in_brief
from chalicelib.catalog.model import Identifier
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.cancel import cancel
from chalicelib.groups.errors import GroupOver
from chalicelib.groups.model import Group, GroupState, Seat, SeatState
from chalicelib.kit.errors import NotFound
from chalicelib.orders import store as orders
from chalicelib.wiring import Wiring

_BECOMES = {GroupState.PENDING: GroupState.ABANDONED, GroupState.FORMING: GroupState.FAILED}


class Payload(MoneyCommand):
    """Which group."""

    group_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The group as it is afterwards (in a dry run: as it is), and what becomes of its seats.

    Raises GroupOver when it is complete, WechatUnavailable while a held seat cannot be resolved
    (the sweep goes on), NotFound.
    """
    found, seats = groups.find_with_seats(payload.group_id)
    if found is None:
        raise NotFound(f"There is no group {payload.group_id}.")
    (before,) = crowds.counted([found])
    if before.group_state is GroupState.COMPLETE:
        raise GroupOver("The group is complete; refund its orders one by one if need be.")
    group = before
    if not payload.dry_run:
        group = cancel(payload.group_id, clock=wiring.clock, wechat_pay=wiring.wechat_pay)
    return {
        **group_in_brief(group, now=wiring.clock.now()),
        "outcome": _BECOMES.get(before.group_state, before.group_state).value,
        **_seats(before, seats),
        "dry_run": payload.dry_run,
    }


def _seats(before: Group, seats: Sequence[Seat]) -> dict[str, Any]:
    """How many orders are refunded and how many cancelled, as the group was before: what a voucher
    paid for has nothing to be refunded.
    """
    if before.group_state not in _BECOMES:
        return {"refunded_count": 0, "cancelled_count": 0}
    if before.is_crowd:
        return {"refunded_count": before.paid_count, "cancelled_count": before.held_count}
    paid = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    of_leader = orders.read_all([seat.order_id for seat in paid if seat.is_leader])
    refunded = len(paid) - sum(order.voucher_id is not None for order in of_leader)
    return {"refunded_count": refunded, "cancelled_count": len(seats) - refunded}
