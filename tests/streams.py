"""Reads the DynamoDB streams of the test tables from now on, in order, each record once."""

from typing import Any

import boto3

from tests.tables import PREFIX, REGION

STREAMED = ("orders", "groups", "refunds")


class Streams:
    """Remembers how far each stream has been read; what happened before it was made is past."""

    def __init__(self, database: Any) -> None:
        endpoint = database.meta.endpoint_url
        is_local = "localhost" in endpoint or "127.0.0.1" in endpoint
        self._client = boto3.client(
            "dynamodbstreams",
            region_name=REGION,
            endpoint_url=endpoint if is_local else None,
        )
        self._iterators = {table: self._latest(database, table) for table in STREAMED}

    def take(self) -> dict[str, list[dict[str, Any]]]:
        """New records by table; empty when there are none."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in STREAMED:
            answer = self._client.get_records(ShardIterator=self._iterators[table])
            self._iterators[table] = answer["NextShardIterator"]
            if answer["Records"]:
                found[table] = [dict(record) for record in answer["Records"]]
        return found

    def _latest(self, database: Any, table: str) -> str:
        described = database.describe_table(TableName=f"{PREFIX}-{table}")
        arn = described["Table"]["LatestStreamArn"]
        shards = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = self._client.get_shard_iterator(
            StreamArn=arn, ShardId=shards[-1]["ShardId"], ShardIteratorType="LATEST"
        )
        return str(iterator["ShardIterator"])
