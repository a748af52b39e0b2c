"""Reads the DynamoDB streams of the test tables from now on, in order, each record once."""

from collections import defaultdict
from typing import Any, Protocol

import boto3

from tests import dynamodb_here
from tests.tables import PREFIX, REGION

STREAMED = ("orders", "groups", "refunds", "commissions", "withdrawals")


class StreamsToTake(Protocol):
    """New records, each once."""

    def take(self) -> dict[str, list[dict[str, Any]]]: ...

    def take_of(self, table: str) -> list[dict[str, Any]]: ...


def follow(database: Any) -> StreamsToTake:
    """The streams of wherever this client's database is."""
    is_here = isinstance(database, dynamodb_here.Client)
    return StreamsHere() if is_here else ServedStreams(database)


class StreamsHere:
    """Of the database in this process; what happened before this was made is past."""

    def __init__(self) -> None:
        self.take()

    def take(self) -> dict[str, list[dict[str, Any]]]:
        """New records by table; empty when there are none."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for table, record in dynamodb_here.take_records():
            found[table.removeprefix(f"{PREFIX}-")].append(record)
        return dict(found)

    def take_of(self, table: str) -> list[dict[str, Any]]:
        """New records of one table."""
        return [record for _, record in dynamodb_here.take_records(f"{PREFIX}-{table}")]


class ServedStreams:
    """Of a server; remembers how far each stream has been read."""

    def __init__(self, database: Any) -> None:
        endpoint = database.meta.endpoint_url
        self._client = boto3.client("dynamodbstreams", region_name=REGION, endpoint_url=endpoint)
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
        place = self._place(table, self._shards[table])
        records = self._client.get_records(ShardIterator=place)["Records"]
        if records:
            self._last[table] = records[-1]["dynamodb"]["SequenceNumber"]
        return [dict(record) for record in records]

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
