"""What each schedule runs: everything whose due time has come, oldest first, bounded in number and
time.

Reads only the sparse due indexes. An item that cannot be worked on now is put off; a bad one is
set aside for a person and put off for longer; neither stops the rest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.audit.check_slice import check_slice
from chalicelib.changes import Change
from chalicelib.commissions import store as commissions
from chalicelib.draws import store as draws
from chalicelib.draws.follow_up import follow_up as follow_up_draw
from chalicelib.files import export
from chalicelib.groups import store as groups
from chalicelib.groups.model import GroupState
from chalicelib.groups.settle import settle
from chalicelib.groups.settle_crowd import settle_crowd
from chalicelib.kit import findings, metrics
from chalicelib.kit.clock import after, from_stored
from chalicelib.kit.due import DueRow, due_items, put_off
from chalicelib.kit.errors import Refusal
from chalicelib.kit.metrics import Metric
from chalicelib.kit.tables import Key, key_names
from chalicelib.ledger.close_day import close_days
from chalicelib.orders import store as orders
from chalicelib.orders.follow_up import follow_up as follow_up_order
from chalicelib.reactions import outstanding, outstanding_of_withdrawal, react
from chalicelib.reconciliation.catch_up import catch_up, tell_if_late
from chalicelib.refunds import store as refunds
from chalicelib.refunds.follow_up import follow_up as follow_up_refund
from chalicelib.refunds.model import RefundState
from chalicelib.stock import store as stock
from chalicelib.stock.return_units import return_units
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.follow_up import follow_up as follow_up_withdrawal

LIMIT_PER_SHARD = 25
MOST_ROUNDS = 40
PUT_OFF_SECONDS = 60
SET_ASIDE_SECONDS = 3600
_RESERVED_MILLISECONDS = 10_000

logger = Logger()


@dataclass(frozen=True)
class Swept:
    """How many items were brought on, put off until later, and set aside as bad."""

    done: int = 0
    put_off: int = 0
    set_aside: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            self.done + other.done,
            self.put_off + other.put_off,
            self.set_aside + other.set_aside,
        )


TimeLeft = Callable[[], bool]


def always() -> bool:
    """There is time: for callers without a deadline."""
    return True


def sweep_orders(wired: Wiring, *, time_left: TimeLeft = always) -> Swept:
    """Pay deadlines, closing again at WeChat, postings a stream lost."""
    return _sweep(orders.order_key, _work_on_order, wired, time_left)


def sweep_groups(wired: Wiring, *, time_left: TimeLeft = always) -> Swept:
    """Group deadlines, what follows from a group's end where a stream lost it, the draws of
    campaigns, and allotments that are over. The deadlines first: a draw waits for the last group.
    """
    swept = _sweep(groups.group_key, _work_on_group, wired, time_left)
    work_on_draw = partial(_work_on_draw, time_left=time_left)
    swept += _sweep(draws.draw_key, work_on_draw, wired, time_left)
    return swept + _sweep(stock.key_of, _work_on_allotment, wired, time_left)


def sweep_refunds(wired: Wiring, *, time_left: TimeLeft = always) -> Swept:
    """Refunds that nobody has brought on: queued again, asked after, booked."""
    swept = _sweep(refunds.refund_key, _work_on_refund, wired, time_left)
    metrics.count(Metric.REFUNDS_WAITING, refunds.count_waiting())
    return swept


def sweep_commissions(wired: Wiring, *, time_left: TimeLeft = always) -> Swept:
    """Commissions that the figures do not know of yet, where a stream lost it."""
    return _sweep(commissions.commission_key, _work_on_commission, wired, time_left)


def sweep_withdrawals(wired: Wiring, *, time_left: TimeLeft = always) -> Swept:
    """Withdrawals to be submitted, asked after or taken back; debts and decisions of those that
    wait for an operator.
    """
    swept = _sweep(withdrawals.withdrawal_key, _work_on_withdrawal, wired, time_left)
    metrics.count(Metric.WITHDRAWALS_WAITING, withdrawals.count_waiting())
    return swept


def reconcile_days(wired: Wiring, *, time_left: TimeLeft = always) -> dict[str, list[str]]:
    """Which business days were closed, and which days were compared with WeChat's bills; the
    first must not wait for the second. That a day is late is told before anything can fail.
    """
    tell_if_late(clock=wired.clock)
    closed = close_days(clock=wired.clock)
    reconciled: list[str] = []
    try:
        wechat_pay = wired.open_for_payment()
        reconciled = catch_up(clock=wired.clock, wechat_pay=wechat_pay, time_left=time_left)
    except (Refusal, BotoCoreError, ClientError) as passing:
        name = type(passing).__name__
        logger.warning("reconciliation_put_off", error=name, detail=str(passing))
    return {"closed": closed, "reconciled": reconciled}


def audit_slice(wired: Wiring, *, time_left: TimeLeft = always) -> None:
    """Not what is due, but the next of all there is: whether it is as it must be."""
    check_slice(clock=wired.clock, time_left=time_left)


def export_days(wired: Wiring, *, time_left: TimeLeft = always) -> list[str]:
    """Which closed business days were written into the bucket of files."""
    return export.export_days(clock=wired.clock, files=wired.files, time_left=time_left)


def _work_on_order(order_id: str, wired: Wiring) -> None:
    order = follow_up_order(order_id, clock=wired.clock, wechat_pay=wired.wechat_pay)
    if order.due_at is None:
        return
    for change in outstanding(order):
        react(change, order_id, wired)
    orders.rest_until(order, order.next_due_at)


def _work_on_group(group_id: str, wired: Wiring) -> None:
    group = groups.get(group_id)
    if group.group_state is GroupState.COMPLETE:
        react(Change.GROUP_COMPLETED, group_id, wired)
    elif group.group_state is GroupState.FAILED:
        react(Change.GROUP_FAILED, group_id, wired)
    elif group.is_crowd:
        settle_crowd(group_id, clock=wired.clock, wechat_pay=wired.wechat_pay)
    else:
        settle(group_id, clock=wired.clock, wechat_pay=wired.wechat_pay)


def _work_on_allotment(stock_id: str, wired: Wiring) -> None:
    return_units(stock_id, clock=wired.clock)


def _work_on_draw(draw_id: str, wired: Wiring, *, time_left: TimeLeft) -> None:
    follow_up_draw(draw_id, clock=wired.clock, seeds=wired.seeds, time_left=time_left)


def _work_on_refund(refund_id: str, wired: Wiring) -> None:
    refund = follow_up_refund(
        refund_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        refund_queue=wired.refund_queue,
    )
    if refund.refund_state is RefundState.SUCCEEDED and refund.due_at is not None:
        react(Change.REFUND_SUCCEEDED, refund_id, wired)


def _work_on_commission(commission_id: str, wired: Wiring) -> None:
    react(Change.COMMISSION_CHANGED, commission_id, wired)


def _work_on_withdrawal(withdrawal_id: str, wired: Wiring) -> None:
    withdrawal = follow_up_withdrawal(
        withdrawal_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        notify_url=wired.transfer_notify_url,
        payee_keys=wired.secrets.payee_keys,
    )
    for change in outstanding_of_withdrawal(withdrawal):
        react(change, withdrawal_id, wired)
    withdrawals.rest(withdrawal)


def _sweep(
    key_of: Callable[[str], Key[DueRow]],
    work: Callable[[str, Wiring], None],
    wired: Wiring,
    time_left: TimeLeft,
) -> Swept:
    """Rounds over what is due until nothing is, or time or the bound runs out. Each item is tried
    once a run.
    """
    row: type[DueRow] = key_of("").row
    total = Swept()
    tried: set[str] = set()
    began = wired.clock.now()
    for _ in range(MOST_ROUNDS):
        due = list(due_items(row, began, limit_per_shard=LIMIT_PER_SHARD))
        _count_late(due, began)
        fresh = _not_tried(due, key_names(row)[0], tried)
        if not fresh:
            break
        for item_id in fresh:
            if not time_left():
                logger.warning("sweep_unfinished", table=row.table_name())
                return total
            done = _one(key_of(item_id), work, wired)
            metrics.count(Metric.PUT_OFF, done.put_off)
            total += done
    logger.info("swept", table=row.table_name(), done=total.done, put_off=total.put_off)
    return total


def _count_late(due: Iterable[dict[str, Any]], now: datetime) -> None:
    oldest = min((from_stored(item["due_at"]["S"]) for item in due), default=now)
    metrics.count(Metric.OLDEST_DUE_SECONDS, int((now - oldest).total_seconds()))


def _not_tried(due: Iterable[dict[str, Any]], id_name: str, tried: set[str]) -> list[str]:
    ids = dict.fromkeys(str(item[id_name]["S"]) for item in due)
    fresh = [item_id for item_id in ids if item_id not in tried]
    tried.update(fresh)
    return fresh


def _one(key: Key[DueRow], work: Callable[[str, Wiring], None], wired: Wiring) -> Swept:
    item_id = key.hash_value
    try:
        work(item_id, wired)
    except (Refusal, BotoCoreError, ClientError) as passing:
        name = type(passing).__name__
        logger.warning("put_off", item_id=item_id, error=name, detail=str(passing))
        seconds = getattr(passing, "retry_after_seconds", None) or 0
        _put_off(key, max(seconds, PUT_OFF_SECONDS), wired)
        return Swept(put_off=1)
    except Exception as error:
        findings.poison(item_id, error, clock=wired.clock)
        _put_off(key, SET_ASIDE_SECONDS, wired)
        return Swept(set_aside=1)
    return Swept(done=1)


def _put_off(key: Key[DueRow], seconds: int, wired: Wiring) -> None:
    now = wired.clock.now()
    try:
        put_off(key, after(now, seconds), now=now)
    except (BotoCoreError, ClientError, Refusal):
        logger.exception("not_put_off", item_id=key.hash_value)


def until_almost_out(context: Any) -> TimeLeft:
    """There is time while the Lambda has more than ten seconds left."""
    return lambda: context.get_remaining_time_in_millis() > _RESERVED_MILLISECONDS
