"""Every table of the system, made in this process, in DynamoDB Local or in the local stack.

What the tables are is read from infra/tables.json by infra/tables.py, which also words the
deployed template. No table is defined here.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from infra.tables import Table, all_tables, create_table_arguments

REGION = "us-east-1"
PREFIX = "kaituan-test"
"""What chalicelib takes for the table prefix when the environment names none."""

LOCAL_CREDENTIALS: Mapping[str, str] = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}


def local_client(endpoint: str, *, attempts: int = 1) -> Any:
    """A DynamoDB client for a local endpoint: by default it sends once and shows every failure."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        config=Config(
            connect_timeout=2,
            read_timeout=20,
            max_pool_connections=64,
            retries={"total_max_attempts": attempts, "mode": "standard"},
        ),
        **LOCAL_CREDENTIALS,
    )


def create_tables(
    client_or_endpoint: Any, prefix: str = PREFIX, *, with_expiry: bool = True
) -> dict[str, str]:
    """Make every table as `<prefix>-<table>`; the full names, by table.

    Takes a DynamoDB client, or the address of an endpoint. Without expiry nothing goes by itself
    where tests have a clock of their own.
    """
    is_address = isinstance(client_or_endpoint, str)
    client = local_client(client_or_endpoint) if is_address else client_or_endpoint
    return {table.name: _create(client, table, prefix, with_expiry) for table in all_tables()}


def _create(client: Any, table: Table, prefix: str, with_expiry: bool) -> str:
    arguments = create_table_arguments(table, prefix)
    client.create_table(**arguments)
    if with_expiry and table.expires_by:
        client.update_time_to_live(
            TableName=arguments["TableName"],
            TimeToLiveSpecification={"AttributeName": table.expires_by, "Enabled": True},
        )
    return str(arguments["TableName"])
