"""The queue between a refund that is due and the worker that asks WeChat for it.

Carries ids only; the refund's row is the truth. At-least-once, any order.
"""

import json
from typing import Protocol

from chalicelib.kit import correlation
from chalicelib.kit.aws import client

_LONGEST_DELAY_SECONDS = 900


class RefundQueue(Protocol):
    """Where refund ids wait for the worker."""

    def send(self, refund_id: str, *, delay_seconds: int = 0) -> None: ...


class SqsRefundQueue:
    """The real queue, on SQS."""

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url

    def send(self, refund_id: str, *, delay_seconds: int = 0) -> None:
        client("sqs").send_message(
            QueueUrl=self._queue_url,
            MessageBody=message_about(refund_id),
            DelaySeconds=min(delay_seconds, _LONGEST_DELAY_SECONDS),
        )


def message_about(refund_id: str) -> str:
    """The body of a message: the refund, and the request it belongs to."""
    caused = correlation.current()
    return json.dumps({"refund_id": refund_id} | ({"correlation_id": caused} if caused else {}))


def read_message(body: str) -> tuple[str, str | None]:
    """The refund id of a message and the request it belongs to, if it says so. Raises ValueError
    when it is not one of ours.
    """
    message = json.loads(body)
    if not isinstance(message, dict) or not isinstance(message.get("refund_id"), str):
        raise ValueError("not a refund message")
    caused = message.get("correlation_id")
    return str(message["refund_id"]), caused if isinstance(caused, str) else None
