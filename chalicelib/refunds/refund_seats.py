"""Refund every seat of a failed group (拼团失败退款): each order alone, so that one that cannot go
does not strand the others.

Each order's commit moves it to `refunding`, gives back its stock and limit, and requests its
refund; one for which nothing was paid is cancelled. The group is finished once all are.
"""

from chalicelib.groups import store as groups
from chalicelib.groups.model import GroupState, Seat, SeatState
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import Refusal, TryAgain
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import GROUP_FAILED, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund


def refund_seats(group_id: str, *, clock: Clock) -> None:
    """Safe to run any number of times. Raises TryAgain, after trying all, when some seats could not
    be refunded just now: the group stays due.
    """
    group, seats = groups.find_with_seats(group_id)
    if group is None or group.group_state is not GroupState.FAILED:
        return
    stuck = sum(not _refund(seat, clock) for seat in seats if seat.seat_state is SeatState.PAID)
    if stuck:
        raise TryAgain(f"{stuck} seats of {group_id} could not be refunded just now.")
    _finish(group_id)


def _refund(seat: Seat, clock: Clock) -> bool:
    try:
        until_settled(lambda: _request(seat.order_id, clock))
    except Refusal:
        return False
    except Exception as error:
        findings.poison(seat.order_id, error, clock=clock)
        return False
    return True


def _request(order_id: str, clock: Clock) -> None:
    order = orders.get(order_id)
    if order.order_state is not OrderState.PAID:
        return
    now = clock.now()
    writes = WriteSet()
    if order.paid_fen == 0:  # opened with a voucher: there is nothing to refund
        orders.mark_cancelled(writes, order, reason="group_failed", now=now, due_at=None)
    else:
        refund = new_refund(order, Cause.GROUP_FAILED, now=now)
        refundable.begin_ending(writes, order, refund.refund_id, gives_back_stock=True)
        refunds.request(writes, refund)
    give_back(writes, order, GROUP_FAILED, now=now)
    writes.commit()


def _finish(group_id: str) -> None:
    writes = WriteSet()
    groups.finish(writes, group_id, GroupState.FAILED)
    try:
        writes.commit()
    except Changed:
        return
