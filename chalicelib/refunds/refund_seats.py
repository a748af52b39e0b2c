"""Refund every seat of a group that failed (拼团失败退款), or whose goods its merchant does not
make: each order alone, so that one that cannot go does not strand the others.

Each order's commit moves it to `refunding`, gives back its stock and limit, and requests its
refund; one for which nothing was paid is cancelled. The group is finished once all are.
"""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.groups import crowds, ending
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState, Production, Seat, SeatState
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import Refusal, TryAgain
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import GROUP_FAILED, PRODUCTION_REJECTED, GivesBack, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund


def refund_seats(group_id: str, *, clock: Clock) -> None:
    """Safe to run any number of times. Raises TryAgain, after trying all, when some seats could not
    be refunded just now: the group stays due.
    """
    until_settled(lambda: _refund_seats(group_id, clock))


def _refund_seats(group_id: str, clock: Clock) -> None:
    group, seats, through = crowds.find_undealt(group_id)
    ending_of = _ENDINGS.get(_why(group) or Cause.ASKED)
    if group is None or ending_of is None or group.is_crowd or group.due_at is None:
        return
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    stuck = sum(not _refund(seat, ending_of, clock) for seat in taken)
    if through is not None:
        ending.note_dealt(group, through, 0, stuck=stuck > 0)
    elif stuck or group.dealt_stuck:
        ending.deal_again(group)
        raise TryAgain(f"Some seats of {group_id} could not be refunded just now.")
    else:
        _finish(group)


def _why(group: Group | None) -> Cause | None:
    """Why everyone in it is refunded; None: nobody is."""
    if group is None:
        return None
    if group.group_state is GroupState.FAILED:
        return Cause.GROUP_FAILED
    is_rejected = group.production is Production.REJECTED
    return Cause.PRODUCTION_REJECTED if is_rejected else None


@dataclass(frozen=True)
class _Ending:
    cause: Cause
    back: GivesBack


_ENDINGS = {
    Cause.GROUP_FAILED: _Ending(Cause.GROUP_FAILED, GROUP_FAILED),
    Cause.PRODUCTION_REJECTED: _Ending(Cause.PRODUCTION_REJECTED, PRODUCTION_REJECTED),
}


def _refund(seat: Seat, ending_of: _Ending, clock: Clock) -> bool:
    try:
        until_settled(lambda: _request(seat.order_id, ending_of, clock))
    except (Refusal, BotoCoreError, ClientError):
        return False
    except Exception as error:
        findings.poison(seat.order_id, error, clock=clock)
        return False
    return True


def _request(order_id: str, ending_of: _Ending, clock: Clock) -> None:
    order = orders.get(order_id)
    if order.order_state is not OrderState.PAID:
        return
    now = clock.now()
    writes = WriteSet()
    if order.paid_fen == 0:  # opened with a voucher: there is nothing to refund
        orders.mark_cancelled(writes, order, reason=ending_of.cause.value, now=now, due_at=None)
    else:
        refund = new_refund(order, ending_of.cause, now=now)
        refundable.begin_ending(writes, order, refund.refund_id, units_back_at=now)
        refunds.request(writes, refund)
    give_back(writes, order, ending_of.back, now=now)
    writes.commit()


def _finish(group: Group) -> None:
    writes = WriteSet()
    groups.finish(writes, group.group_id, group.group_state)
    try:
        writes.commit()
    except Changed:
        return
