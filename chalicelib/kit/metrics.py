"""What the dashboard counts: gathered while a function runs, written at its end as one line of
CloudWatch's embedded metric format.

Nothing counted, nothing written: a metric costs only in hours that have it. Figures for the eye:
a stream record that comes twice counts twice. The books are elsewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

NAMESPACE = "kaituan"


class Metric(StrEnum):
    """Every metric, named as CloudWatch shows it."""

    ORDERS_PLACED = "OrdersPlaced"
    """Whether people buy at all."""
    ORDERS_PAID = "OrdersPaid"
    """Those that WeChat has taken money for."""
    PAID_FEN = "PaidFen"
    """How much it was."""
    GROUPS_OPENED = "GroupsOpened"
    """Groups that somebody began."""
    GROUPS_COMPLETED = "GroupsCompleted"
    """Groups whose goods go out."""
    GROUPS_FAILED = "GroupsFailed"
    """Groups that ran out of time."""
    REFUNDS_REQUESTED = "RefundsRequested"
    """Refunds on their way to WeChat, each try."""
    REFUNDS_SUCCEEDED = "RefundsSucceeded"
    """Refunds that are back."""
    REFUNDED_FEN = "RefundedFen"
    """How much of it."""
    COMMISSION_RELEASED_FEN = "CommissionReleasedFen"
    """Commission that members may withdraw from now on."""
    WITHDRAWALS_PAID = "WithdrawalsPaid"
    """Withdrawals that WeChat has paid."""
    PAID_OUT_FEN = "PaidOutFen"
    """How much of it, without fee and tax."""
    OLDEST_DUE_SECONDS = "OldestDueSeconds"
    """By how much the oldest item that a sweep found was late; a minute is usual."""
    PUT_OFF = "PutOff"
    """Items whose work could not be done just now and will be tried again."""
    REFUNDS_WAITING = "RefundsWaiting"
    """Refunds that wait for an operator, abnormal ones among them; a hundred may be more."""
    WITHDRAWALS_WAITING = "WithdrawalsWaiting"
    """Withdrawals that wait for an operator; a hundred may be more."""


_HIGHEST = frozenset(
    {Metric.OLDEST_DUE_SECONDS, Metric.REFUNDS_WAITING, Metric.WITHDRAWALS_WAITING}
)
"""Of these the highest value of an invocation counts, of others the sum."""
_gathered: dict[Metric, int] = {}

Counted = dict[Metric, int]
Emit = Callable[[Counted, str], None]


def count(metric: Metric, value: int = 1) -> None:
    """Add to what this invocation has counted. Zero counts for nothing."""
    if not value:
        return
    before = _gathered.get(metric, 0)
    _gathered[metric] = max(before, value) if metric in _HIGHEST else before + value


def write(stage: str) -> None:
    """Write what was gathered and begin anew; nothing when there is nothing."""
    if not _gathered:
        return
    gathered = dict(_gathered)
    _gathered.clear()
    _emits[-1](gathered, stage)


@contextmanager
def written_to(emit: Emit) -> Iterator[None]:
    """Give what is counted to somebody else meanwhile: for tests and plays."""
    _emits.append(emit)
    try:
        yield
    finally:
        _emits.pop()


def _emit(gathered: Counted, stage: str) -> None:
    """Imported here: most invocations have nothing to count."""
    from aws_lambda_powertools import Metrics

    metrics = Metrics(namespace=NAMESPACE, service=NAMESPACE)
    metrics.add_dimension("stage", stage)
    for metric, value in gathered.items():
        metrics.add_metric(metric.value, unit=_unit(metric), value=value)
    metrics.flush_metrics()


_emits: list[Emit] = [_emit]


def _unit(metric: Metric) -> str:
    if metric.value.endswith("Seconds"):
        return "Seconds"
    return "None" if metric.value.endswith("Fen") else "Count"
