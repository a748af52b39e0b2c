"""What a stream record adds to the figures on the dashboard.

Reads the record and its changes, and counts; decides nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.changes import Change, Item, text
from chalicelib.commissions.model import CommissionState
from chalicelib.kit.metrics import Metric, count

_COUNTED: Mapping[Change, Metric] = {
    Change.ORDER_PAID: Metric.ORDERS_PAID,
    Change.GROUP_COMPLETED: Metric.GROUPS_COMPLETED,
    Change.GROUP_FAILED: Metric.GROUPS_FAILED,
    Change.REFUND_REQUESTED: Metric.REFUNDS_REQUESTED,
    Change.REFUND_SUCCEEDED: Metric.REFUNDS_SUCCEEDED,
    Change.WITHDRAWAL_PAID: Metric.WITHDRAWALS_PAID,
}
_AMOUNTS: Mapping[Change, tuple[Metric, str]] = {
    Change.ORDER_PAID: (Metric.PAID_FEN, "amount_fen"),
    Change.REFUND_SUCCEEDED: (Metric.REFUNDED_FEN, "amount_fen"),
    Change.WITHDRAWAL_PAID: (Metric.PAID_OUT_FEN, "net_fen"),
}


def count_record(record: Mapping[str, Any], changes: Iterable[Change]) -> None:
    """Count what a record says: what is new, what has changed, and how much money it is about."""
    images = record["dynamodb"]
    old: Item = images.get("OldImage") or {}
    new: Item = images.get("NewImage") or {}
    if record["eventName"] == "INSERT":
        _count_new(new)
    for change in changes:
        if change in _COUNTED:
            count(_COUNTED[change])
        if change in _AMOUNTS:
            metric, name = _AMOUNTS[change]
            count(metric, _number(new, name))
        if change is Change.COMMISSION_CHANGED and _is_released(new) and not _is_released(old):
            count(Metric.COMMISSION_RELEASED_FEN, _released_fen(new))


def _count_new(new: Item) -> None:
    if "order_state" in new:
        count(Metric.ORDERS_PLACED)
    elif text(new, "kind") == "group":
        count(Metric.GROUPS_OPENED)


def _is_released(item: Item) -> bool:
    return text(item, "commission_state") == CommissionState.RELEASED


def _released_fen(item: Item) -> int:
    return _number(item, "amount_fen") - _number(item, "reversed_fen")


def _number(item: Item, name: str) -> int:
    return int(item.get(name, {}).get("N", 0))
