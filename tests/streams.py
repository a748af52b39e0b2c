"""Reads the DynamoDB streams of the test tables from now on, in order, each record once."""

from typing import Any, Protocol

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.tables import PREFIX, REGION

STREAMED = ("orders", "groups", "refunds", "commissions", "withdrawals")


class StreamsToTake(Protocol):
    """New records, each once."""

    def take(self) -> dict[str, list[dict[str, Any]]]: ...

    def take_of(self, table: str) -> list[dict[str, Any]]: ...


class Streams:
    """Remembers how far each stream has been read; what happened before it was made is past.

    Asks for a place in the stream every time: moto replaces a stream's object when a transaction is
    cancelled, and a place kept from before would never see anything new.
    """

    def __init__(self, database: Any) -> None:
        endpoint = database.meta.endpoint_url
        is_local = "localhost" in endpoint or "127.0.0.1" in endpoint
        self._is_moto = not is_local
        self._client = boto3.client(
            "dynamodbstreams",
            region_name=REGION,
            endpoint_url=endpoint if is_local else None,
        )
        self._shards = {table: self._shard(database, table) for table in STREAMED}
        self._last: dict[str, str] = {}
        while self.take():
            continue

    def take(self) -> dict[str, list[dict[str, Any]]]:
        """New records by table; empty when there are none."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in self._shards:
            records = self.take_of(table)
            if records:
                found[table] = records
        return found

    def take_of(self, table: str) -> list[dict[str, Any]]:
        """New records of one table."""
        if self._is_moto and not self._is_anything_new(table):
            return []
        place = self._place(table, self._shards[table])
        records = self._client.get_records(ShardIterator=place)["Records"]
        if records:
            self._last[table] = records[-1]["dynamodb"]["SequenceNumber"]
        return [dict(record) for record in records]

    def _is_anything_new(self, table: str) -> bool:
        """Whether moto has more records than were read: most of the time it has none, and asking
        takes two calls.
        """
        kept = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[f"{PREFIX}-{table}"]
        records = kept.stream_shard.items if kept.stream_shard is not None else []
        newest = records[-1].record["dynamodb"]["SequenceNumber"] if records else None
        return newest != self._last.get(table)

    def _place(self, table: str, shard: dict[str, str]) -> str:
        after = {"ShardIteratorType": "TRIM_HORIZON"}
        if table in self._last:
            after = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": self._last[table],
            }
        return str(self._client.get_shard_iterator(**shard, **after)["ShardIterator"])

    def _shard(self, database: Any, table: str) -> dict[str, str]:
        described = database.describe_table(TableName=f"{PREFIX}-{table}")
        arn = described["Table"]["LatestStreamArn"]
        shards = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        return {"StreamArn": arn, "ShardId": shards[-1]["ShardId"]}
