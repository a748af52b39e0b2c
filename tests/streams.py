"""Reads the DynamoDB streams of the test tables, in order, each record once."""

from typing import Any

import boto3

from tests.tables import PREFIX, REGION

STREAMED = ("orders", "groups", "refunds")


class Streams:
    """Remembers how far each stream has been read."""

    def __init__(self, database: Any) -> None:
        endpoint = database.meta.endpoint_url
        is_local = "localhost" in endpoint or "127.0.0.1" in endpoint
        self._client = boto3.client(
            "dynamodbstreams",
            region_name=REGION,
            endpoint_url=endpoint if is_local else None,
        )
        self._database = database
        self._iterators: dict[str, str] = {}

    def take(self) -> dict[str, list[dict[str, Any]]]:
        """New records by table; empty when there are none."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in STREAMED:
            records = self._take(table)
            if records:
                found[table] = records
        return found

    def _take(self, table: str) -> list[dict[str, Any]]:
        iterator = self._iterators.get(table) or self._first(table)
        answer = self._client.get_records(ShardIterator=iterator)
        self._iterators[table] = answer["NextShardIterator"]
        return [dict(record) for record in answer["Records"]]

    def _first(self, table: str) -> str:
        described = self._database.describe_table(TableName=f"{PREFIX}-{table}")
        arn = described["Table"]["LatestStreamArn"]
        shards = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = self._client.get_shard_iterator(
            StreamArn=arn, ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        return str(iterator["ShardIterator"])
