"""Is anything left lying: messages, failed stream records, rows whose time came long ago."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.kit.clock import stored
from chalicelib.kit.due import DUE_SHARDS
from infra.doctor.check import Verdict, bad, good
from infra.tables import all_tables

LOOKS, PAUSE_SECONDS = 3, 2.0
OVERDUE_SECONDS = 300


def queue_is_empty(queues: Any, url: str, sleep: Callable[[float], None]) -> Verdict:
    """The worker keeps up: at one look of three, nothing waits."""
    waiting = 0
    for look in range(LOOKS):
        if look:
            sleep(PAUSE_SECONDS)
        waiting = _waiting(queues, url)
        if waiting == 0:
            return good("empty")
    return bad(
        f"{waiting} refunds wait to be sent",
        "wait a minute; if it stays so, look at the logs of execute_refunds",
    )


def dead_letters_are_none(queues: Any, url: str) -> Verdict:
    """No refund failed time after time."""
    waiting = _waiting(queues, url)
    if waiting:
        return bad(
            f"{waiting} messages that failed time after time in {url.rpartition('/')[2]}",
            "the refunds stay due and are tried again; find out why in docs/runbook.md, then "
            f"aws sqs purge-queue --queue-url {url}",
        )
    return good("empty")


def bucket_is_empty(storage: Any, bucket: str) -> Verdict:
    """Lambda gave up on no stream record."""
    listed = storage.list_objects_v2(Bucket=bucket, MaxKeys=10)
    found = [one["Key"] for one in listed.get("Contents", [])]
    if found:
        more = " and more" if listed.get("IsTruncated") else ""
        return bad(
            f"{len(found)}{more} failed stream records, the first {found[0]}",
            f"read them in s3://{bucket}, see docs/runbook.md; then delete them there",
        )
    return good("empty")


def nothing_is_overdue(tables: Any, prefix: str, now: datetime) -> Verdict:
    """The sweeps keep up: nothing has been due for more than five minutes."""
    latest = stored(now - timedelta(seconds=OVERDUE_SECONDS))
    oldest: dict[str, str] = {}
    due = [table.name for table in all_tables() if "due" in table.indexes]
    for name in due:
        for shard in range(DUE_SHARDS):
            answer = tables.query(
                TableName=f"{prefix}-{name}",
                IndexName="due",
                KeyConditionExpression="due_shard = :shard AND due_at <= :latest",
                ExpressionAttributeValues={":shard": {"N": str(shard)}, ":latest": {"S": latest}},
                Limit=1,
            )
            for item in answer["Items"]:
                due_at = item["due_at"]["S"]
                oldest[name] = min(oldest.get(name, due_at), due_at)
    if oldest:
        said = ", ".join(f"{name} since {due_at}" for name, due_at in sorted(oldest.items()))
        return bad(f"overdue: {said}", "look at the logs of the sweep of that table")
    return good(f"nothing of {len(due)} tables is")


def _waiting(queues: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])
