"""What each queue runs: each message alone, failed ones reported so that only they come again.

Powertools tells SQS which messages failed; after a few tries they go to the dead-letter queue, and
the sweep looks after what they were about.
"""

from typing import Any

from chalicelib.gateways.refund_queue import read_message
from chalicelib.kit import correlation
from chalicelib.refunds.execute import execute
from chalicelib.wiring import Wiring


def execute_refunds(event: dict[str, Any], context: Any, wired: Wiring) -> dict[str, Any]:
    """Send each refund of the batch to WeChat. The partial-batch answer:
    `{"batchItemFailures"}`.
    """
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        process_partial_response,
    )

    def handle(record: Any) -> None:
        refund_id, caused_by = read_message(record.body)
        with correlation.belongs_to(caused_by):
            execute(
                refund_id,
                clock=wired.clock,
                wechat_pay=wired.wechat_pay,
                notify_url=wired.refund_notify_url,
            )

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(
        process_partial_response(
            event=event, record_handler=handle, processor=processor, context=context
        )
    )
