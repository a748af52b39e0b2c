"""The AWS clients of this process, each made once, on first use, with short timeouts.

Made with botocore alone: importing boto3 on top costs a cold start 50 to 90 ms and gives nothing
that is used here.
"""

from functools import cache
from typing import Any


@cache
def client(service: str) -> Any:
    """The client of one AWS service. WeChat waits five seconds for an answer, so nothing here
    waits longer.
    """
    from botocore.config import Config

    patience = Config(
        connect_timeout=1,
        read_timeout=2,
        max_pool_connections=64,
        retries={"total_max_attempts": 3, "mode": "standard"},
        parameter_validation=False,
    )
    return _session().create_client(service, config=patience)


def dynamodb() -> Any:
    """The DynamoDB client."""
    return client("dynamodb")


def forget_clients() -> None:
    """Make new clients from here on: for tests that change where AWS is."""
    client.cache_clear()
    _session.cache_clear()


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()
