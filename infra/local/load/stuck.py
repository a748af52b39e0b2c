"""What is not over though everything had its time: orders nobody ends, items overdue, messages left
behind.

Must never put anything right; it looks, and names what it finds.
"""

from typing import Any

from infra.local.books import Books
from infra.local.stack import Stack

ENDS_BY_ITSELF = ("awaiting_payment", "paid", "refunding")
"""With every group over and every refund decided, no order stays in one of these states."""

QUEUES = {"RefundQueueUrl": "the refund queue", "DeadRefundQueueUrl": "the dead-letter queue"}
COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def overdue(stack: Stack) -> list[str]:
    """What a sweep would still have to do, and what lies in queues and among failed records."""
    due: dict[str, int] = stack.admin("sweep", dry_run=True)["due"]
    found = [f"{count} of {table} are overdue" for table, count in due.items() if count]
    for output, name in QUEUES.items():
        messages = waiting_messages(stack, stack.outputs[output])
        if messages:
            found.append(f"{messages} messages in {name}")
    records = failed_records(stack)
    return [*found, f"{records} failed records"] if records else found


def unfinished(books: Books) -> list[str]:
    """Orders that should have ended by themselves, and what was found on the way."""
    ours: dict[str, Any] = books.ours
    by_status: dict[str, int] = ours["orders_by_status"]
    found = [f"{by_status[one]} orders {one}" for one in ENDS_BY_ITSELF if by_status.get(one)]
    found += [f"{count} findings {kind}" for kind, count in ours["findings_today"].items()]
    return found


def waiting_messages(stack: Stack, queue_url: str) -> int:
    """Messages in a queue, whether they can be seen or not."""
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=list(COUNTED)
    )
    return sum(int(answer["Attributes"][name]) for name in COUNTED)


def failed_records(stack: Stack) -> int:
    """Stream records that Lambda gave up."""
    bucket = stack.outputs["FailedRecordsBucketName"]
    return int(stack.client("s3").list_objects_v2(Bucket=bucket).get("KeyCount", 0))
