"""The queue between a refund that is due and the worker that asks WeChat for it.

Carries ids only; the refund's row is the truth. At-least-once, any order.
"""

import json
from typing import Protocol

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
            MessageBody=json.dumps({"refund_id": refund_id}),
            DelaySeconds=min(delay_seconds, _LONGEST_DELAY_SECONDS),
        )


def refund_id_in(body: str) -> str:
    """The refund id of a message. Raises ValueError when it is not one of ours."""
    message = json.loads(body)
    if not isinstance(message, dict) or not isinstance(message.get("refund_id"), str):
        raise ValueError("not a refund message")
    return str(message["refund_id"])
