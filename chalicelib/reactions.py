"""Change -> functions: everything that follows by itself from a change in the data, in one table.

Fed by the DynamoDB streams, which deliver at least once, and by the sweeps, for what a stream
lost. Every function here is safe to run any number of times, reads the row as it is now, and ends
by taking the row off the list of what is due.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.groups.release_orders import release_orders
from chalicelib.kit import findings
from chalicelib.kit.errors import Refusal
from chalicelib.orders.book_payment import book_payment
from chalicelib.refunds.book_refund import book_refund
from chalicelib.refunds.refund_seats import refund_seats
from chalicelib.wiring import Wiring

logger = Logger()

Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's own JSON."""


class Change(StrEnum):
    """What has happened to a row."""

    ORDER_PAID = "order_paid"
    """WeChat's transaction is on the order for the first time, honoured or not."""
    GROUP_COMPLETED = "group_completed"
    """Its last seat was paid, or it was honoured short."""
    GROUP_FAILED = "group_failed"
    """Its time ran out first."""
    REFUND_REQUESTED = "refund_requested"
    """A refund waits for nobody's decision any more: new, approved or to be tried again."""
    REFUND_SUCCEEDED = "refund_succeeded"
    """WeChat, or an operator, says that the money is back."""


def _book_payment(order_id: str, wired: Wiring) -> None:
    book_payment(order_id, clock=wired.clock)


def _release_orders(group_id: str, _wired: Wiring) -> None:
    release_orders(group_id)


def _refund_every_seat(group_id: str, wired: Wiring) -> None:
    refund_seats(group_id, clock=wired.clock)


def _enqueue_refund(refund_id: str, wired: Wiring) -> None:
    wired.refund_queue.send(refund_id)


def _book_refund(refund_id: str, wired: Wiring) -> None:
    book_refund(refund_id, clock=wired.clock)


REACTIONS: dict[Change, list[Callable[[str, Wiring], None]]] = {
    Change.ORDER_PAID: [_book_payment],
    Change.GROUP_COMPLETED: [_release_orders],
    Change.GROUP_FAILED: [_refund_every_seat],
    Change.REFUND_REQUESTED: [_enqueue_refund],
    Change.REFUND_SUCCEEDED: [_book_refund],
}


def react(change: Change, subject_id: str, wired: Wiring) -> None:
    """Do everything that follows from the change."""
    for reaction in REACTIONS[change]:
        reaction(subject_id, wired)


def relay(records: Iterable[Mapping[str, Any]], wired: Wiring) -> None:
    """Follow a batch of stream records. A bad one is set aside, the rest goes on; its row is still
    due, so a sweep makes up for it.
    """
    for record in records:
        try:
            for change, subject_id in changes_in(record):
                react(change, subject_id, wired)
        except (Refusal, BotoCoreError, ClientError) as passing:
            error_name = type(passing).__name__
            logger.warning("left_to_the_sweep", event_id=record.get("eventID"), error=error_name)
        except Exception as error:
            findings.poison(str(record.get("eventID")), error, clock=wired.clock)


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
        if "transaction_id" in new and "transaction_id" not in old:
            yield Change.ORDER_PAID, _text(new, "order_id")
    elif "group_state" in new and _text(old, "group_state") != _text(new, "group_state"):
        if _text(new, "group_state") == "complete":
            yield Change.GROUP_COMPLETED, _text(new, "group_id")
        if _text(new, "group_state") == "failed":
            yield Change.GROUP_FAILED, _text(new, "group_id")


def _refund_changes(old: Item, new: Item) -> Iterator[tuple[Change, str]]:
    if _text(old, "refund_state") == _text(new, "refund_state"):
        return
    if _text(new, "refund_state") == "requested":
        yield Change.REFUND_REQUESTED, _text(new, "refund_id")
    if _text(new, "refund_state") == "succeeded":
        yield Change.REFUND_SUCCEEDED, _text(new, "refund_id")


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
