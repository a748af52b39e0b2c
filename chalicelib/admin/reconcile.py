"""Command: compare a day's bills of WeChat's with our books again, `{day}`, also one before the
first that was compared by itself. Send it again until it is finished.

The schedule does the same for the days whose turn it is. Nothing but the comparison is written.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.get_reconciliation import BillDay, run_in_full
from chalicelib.gateways.wechat_bills import available_at, bill_day, day_before
from chalicelib.gateways.wechat_pay import RefusedByWechat
from chalicelib.kit.clock import Clock, after, shown
from chalicelib.kit.days import end_of_day
from chalicelib.kit.errors import NotAllowed, WechatUnavailable
from chalicelib.ledger.close_day import IS_OVER_FOR
from chalicelib.reconciliation import store
from chalicelib.reconciliation.catch_up import close_if_open
from chalicelib.reconciliation.model import MOST_DAYS_BACK
from chalicelib.reconciliation.reconcile import reconcile
from chalicelib.wiring import Wiring

SECONDS_FOR_ALL = 40
"""Well within the function's minute, so that an operator gets an answer."""


class Payload(Command):
    """Which day."""

    day: BillDay


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """A day that is finished is begun anew, any other gone on with. Raises NotAllowed while there
    are no bills of it, or no more, WechatUnavailable.
    """
    day, clock = payload.day.isoformat(), wiring.clock
    _refuse_without_bills(day, clock)
    if payload.dry_run:
        known = store.find_run(day)
        return {"day": day, "status": known.day_state.value if known else None, "dry_run": True}
    wechat_pay = wiring.open_for_payment()
    close_if_open(day, clock)
    ends_at = after(clock.now(), SECONDS_FOR_ALL)
    try:
        compared = reconcile(
            day,
            clock=clock,
            wechat_pay=wechat_pay,
            time_left=lambda: clock.now() < ends_at,
            anew=True,
        )
    except RefusedByWechat as refused:
        raise WechatUnavailable(f"WeChat refuses: {refused.code}.") from refused
    return {**run_in_full(compared), "complete": compared.is_finished, "dry_run": False}


def _refuse_without_bills(day: str, clock: Clock) -> None:
    now = clock.now()
    ready_at = max(available_at(day), end_of_day(day) + IS_OVER_FOR)
    if now < ready_at:
        raise NotAllowed(f"The day's bills are there from {shown(ready_at)} on.")
    oldest = day_before(bill_day(now), MOST_DAYS_BACK)
    if day < oldest:
        raise NotAllowed(f"WeChat keeps bills for three months: {oldest} is the oldest day.")
