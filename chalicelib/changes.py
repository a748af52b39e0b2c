"""What has happened: a stream record read as changes of orders, groups, refunds, commissions and
withdrawals.

Reads the two images of a record and nothing else; what follows from a change is in reactions.py.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from chalicelib.orders.model import OrderState, Upload
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import WithdrawalState

Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's own JSON."""


class Change(StrEnum):
    """What has happened to a row."""

    ORDER_PAID = "order_paid"
    """WeChat's transaction is on the order for the first time, honoured or not."""
    ORDER_TO_SHIP = "order_to_ship"
    """The sale stands: it was paid alone, or its group is complete."""
    ORDER_SHIPS_LATE = "order_ships_late"
    """It is made to order, and ships later than WeChat allows unless it is told."""
    ORDER_SHIPPED = "order_shipped"
    """Its goods are on their way, or their carrier or number was corrected."""
    ORDER_SETTLED = "order_settled"
    """The time to send it back is over."""
    GROUP_COMPLETED = "group_completed"
    """Its last seat was paid, or it was honoured short."""
    GROUP_DRAWN = "group_drawn"
    """Its campaign's draw was held."""
    GROUP_DEALT_IN_PART = "group_dealt_in_part"
    """So many more of the orders of a crowd's shard are dealt with: the next follow."""
    PRODUCTION_DECIDED = "production_decided"
    """The merchant makes its goods, or does not."""
    GROUP_FAILED = "group_failed"
    """Its time ran out first."""
    REFUND_REQUESTED = "refund_requested"
    """A refund waits for nobody's decision any more: new, approved or to be tried again."""
    REFUND_SUCCEEDED = "refund_succeeded"
    """WeChat, or an operator, says that the money is back."""
    REFUND_DROPPED = "refund_dropped"
    """An operator said no, or the member took the request back."""
    COMMISSION_CHANGED = "commission_changed"
    """It was announced, taken back in part or whole, or released."""

    WITHDRAWAL_APPROVED = "withdrawal_approved"
    """It may go out: by itself, or by an operator's word."""
    WITHDRAWAL_CONFIRMING = "withdrawal_confirming"
    """WeChat has taken it, and its member is to confirm it."""
    WITHDRAWAL_CANCEL_ASKED = "withdrawal_cancel_asked"
    """Its member wants it back, which WeChat has to be asked for."""
    WITHDRAWAL_DECIDED = "withdrawal_decided"
    """An operator has written a decision beside it."""
    WITHDRAWAL_PAID = "withdrawal_paid"
    """The member has the money."""


def changes_in(record: Mapping[str, Any]) -> Iterator[tuple[Change, str]]:
    """What a stream record says has happened, and to which order, group or refund."""
    if record["eventName"] == "REMOVE":
        return
    images = record["dynamodb"]
    old: Item = images.get("OldImage") or {}
    new: Item = images["NewImage"]
    if "refund_state" in new:
        yield from _refund_changes(old, new)
    elif "order_state" in new:
        yield from _order_changes(old, new)
    elif "withdrawal_id" in new:
        yield from _withdrawal_changes(old, new)
    elif "commission_state" in new:
        yield from _commission_changes(old, new)
    elif "group_state" in new:
        yield from _group_changes(old, new)


def _group_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    group_id = text(new, "group_id")
    if "drawn_at" in new and "drawn_at" not in old:
        yield Change.GROUP_DRAWN, group_id
    if "dealt_through" in new and old.get("dealt_through") != new["dealt_through"]:
        yield Change.GROUP_DEALT_IN_PART, group_id
    if text(old, "production") != text(new, "production") in ("accepted", "rejected"):
        yield Change.PRODUCTION_DECIDED, group_id
    if text(old, "group_state") != text(new, "group_state"):
        if text(new, "group_state") == "complete":
            yield Change.GROUP_COMPLETED, group_id
        if text(new, "group_state") == "failed":
            yield Change.GROUP_FAILED, group_id


def _order_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    order_id = text(new, "order_id")
    if text(old, "order_state") != text(new, "order_state") and "due_at" in old:
        yield from ((change, order_id) for change in _UNFINISHED.get(text(old, "order_state"), ()))
    if "transaction_id" in new and "transaction_id" not in old:
        yield Change.ORDER_PAID, order_id
    if text(new, "shipment_upload") == Upload.DUE and old.get("shipment") != new.get("shipment"):
        yield Change.ORDER_SHIPPED, order_id
    if text(old, "order_state") == text(new, "order_state"):
        return
    became = _BECAME.get(text(new, "order_state"))
    if became is not None:
        yield became, order_id
    if text(old, "presale_report") != text(new, "presale_report") == Upload.DUE:
        yield Change.ORDER_SHIPS_LATE, order_id


_BECAME = {
    OrderState.TO_SHIP.value: Change.ORDER_TO_SHIP,
    OrderState.SETTLED.value: Change.ORDER_SETTLED,
}
"""What an order's new state says has happened to it."""

_UNFINISHED = {
    OrderState.PAID.value: (Change.ORDER_PAID,),
    OrderState.TO_SHIP.value: (Change.ORDER_PAID, Change.ORDER_TO_SHIP),
}
"""What may not be done yet of an order that was still due when it left this state: moving it on has
given it another due time, or none, so that nobody would look at it for the sake of that.
"""


def _refund_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    if text(old, "refund_state") == text(new, "refund_state"):
        return
    if text(new, "refund_state") == "requested":
        yield Change.REFUND_REQUESTED, text(new, "refund_id")
    if text(new, "refund_state") == "succeeded":
        yield Change.REFUND_SUCCEEDED, text(new, "refund_id")
    if text(new, "refund_state") in ("rejected", "withdrawn"):
        yield Change.REFUND_DROPPED, text(new, "refund_id")


def _commission_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    """Its amounts or its state; not what the figures know of it."""
    moved = ("reversed_fen", "commission_state")
    if any(old.get(name) != new.get(name) for name in moved):
        yield Change.COMMISSION_CHANGED, text(new, "commission_id")


def _withdrawal_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    """Of a withdrawal, or of the decision that lies beside it; not what is written back on it."""
    withdrawal_id = text(new, "withdrawal_id")
    if text(new, "kind") == withdrawals.DECISION:
        if any(old.get(name) != new.get(name) for name in ("decision", "operator", "reason")):
            yield Change.WITHDRAWAL_DECIDED, withdrawal_id
        return
    if "cancel_requested_at" in new and "cancel_requested_at" not in old:
        yield Change.WITHDRAWAL_CANCEL_ASKED, withdrawal_id
    if text(old, "withdrawal_state") != text(new, "withdrawal_state"):
        became = _WITHDRAWAL_BECAME.get(text(new, "withdrawal_state"))
        if became is not None:
            yield became, withdrawal_id


_WITHDRAWAL_BECAME = {
    WithdrawalState.APPROVED.value: Change.WITHDRAWAL_APPROVED,
    WithdrawalState.CONFIRMING.value: Change.WITHDRAWAL_CONFIRMING,
    WithdrawalState.PAID.value: Change.WITHDRAWAL_PAID,
}


def text(item: Item, name: str) -> str:
    """An attribute of an image; empty when it is not there."""
    return str(item.get(name, {}).get("S", ""))
