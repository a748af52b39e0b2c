"""Reconcile the days whose turn it is: from the oldest that is not done, each once its bills can be
asked for.

Run every hour, since a bill may be late and WeChat away. The first day is that of the first run
ever; what is older than WeChat keeps bills, or cannot be had for a week, is passed over, and a
person told.
"""

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_bills import (
    MOST_BILL_BYTES,
    BillTooBig,
    available_at,
    bill_day,
    day_before,
)
from chalicelib.gateways.wechat_pay import BillNotReady, RefusedByWechat, WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.days import end_of_day
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed
from chalicelib.ledger.close_day import IS_OVER_FOR, close_day, closing_key
from chalicelib.reconciliation import store
from chalicelib.reconciliation.model import MOST_DAYS_A_RUN, MOST_DAYS_BACK
from chalicelib.reconciliation.reconcile import TimeLeft, reconcile

LATE_AFTER_SECONDS = 24 * 3600
"""From when on a day that is not done is a person's affair, whatever the reason."""

PASSED_OVER_AFTER_SECONDS = 7 * LATE_AFTER_SECONDS
"""From when on later days no longer wait for one that WeChat gives no usable answers for."""

logger = Logger()


def tell_if_late(*, clock: Clock) -> None:
    """Record that the next day is late, whatever has kept it back. To be called before anything
    that may fail. A shop that has never reconciled is late with nothing.
    """
    through = store.find_through_day()
    if through is None:
        return
    day = day_before(through, -1)
    if clock.now() >= after(available_at(day), LATE_AFTER_SECONDS):
        findings.record("bills_missing", day, {"reason": "late"}, clock=clock)


def catch_up(*, clock: Clock, wechat_pay: WechatPay, time_left: TimeLeft) -> list[str]:
    """The days that were finished. Never raises for WeChat's sake: the next run goes on."""
    finished: list[str] = []
    try:
        through = _through_day(clock)
        for _ in range(MOST_DAYS_A_RUN):
            day = day_before(through, -1)
            if not time_left() or not _is_ready(day, clock):
                break
            try:
                run = reconcile(day, clock=clock, wechat_pay=wechat_pay, time_left=time_left)
            except (RefusedByWechat, WechatUnavailable) as error:
                _tell(day, error, clock)
                if not _is_passed_over(day, error, clock):
                    break
            else:
                if not run.is_finished:
                    break
                finished.append(day)
            store.set_through_day(day, before=through)
            through = day
    except Changed:
        logger.info("reconciliation_overtaken")
    return finished


def _through_day(clock: Clock) -> str:
    """The day up to which all are done, brought up to what WeChat still has bills of."""
    today = bill_day(clock.now())
    through = store.find_through_day()
    if through is None:
        through = day_before(today)
        store.set_through_day(through, before=None)
    oldest = day_before(today, MOST_DAYS_BACK)
    if day_before(through, -1) >= oldest:
        return through
    facts = {"from_day": day_before(through, -1), "to_day": day_before(oldest)}
    findings.record("bills_out_of_reach", oldest, facts, clock=clock, must=True)
    store.set_through_day(day_before(oldest), before=through)
    return day_before(oldest)


def _is_ready(day: str, clock: Clock) -> bool:
    """Whether the day's bills can be asked for, and the ledger's day of that name is over; it is
    closed now if nobody has closed it.
    """
    now = clock.now()
    if now < available_at(day) or now < end_of_day(day) + IS_OVER_FOR:
        return False
    close_if_open(day, clock)
    return True


def close_if_open(day: str, clock: Clock) -> None:
    """Close a day that is over in the ledger, unless it is."""
    key = closing_key(day)
    if read(key).find(key) is None:
        close_day(day, now=clock.now())


def _tell(day: str, error: RefusedByWechat | WechatUnavailable, clock: Clock) -> None:
    """The next run tries it again. A definite no is a person's affair at once; anything else is
    when the day is late.
    """
    reason = type(error).__name__
    logger.warning("reconciliation_put_off", bill_day=day, error=reason, detail=str(error))
    if isinstance(error, BillTooBig):
        facts: dict[str, object] = {"most_bytes": MOST_BILL_BYTES}
        findings.record("bill_too_big", day, facts, clock=clock)
    elif isinstance(error, RefusedByWechat) and not isinstance(error, BillNotReady):
        facts = {"code": error.code, "status": error.status}
        findings.record("bill_refused", day, facts, clock=clock)


def _is_passed_over(day: str, error: Exception, clock: Clock) -> bool:
    """Whether it has kept later days waiting for long enough; a person is told first."""
    if clock.now() < after(available_at(day), PASSED_OVER_AFTER_SECONDS):
        return False
    facts = {"reason": type(error).__name__}
    findings.record("bills_passed_over", day, facts, clock=clock, must=True)
    return True
