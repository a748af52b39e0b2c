"""The AWS clients of this process, each made once, on first use, with short timeouts.

Made with botocore alone: importing boto3 on top costs a cold start 50 to 90 ms and gives nothing
that is used here.
"""

from functools import cache
from typing import Any

_given: dict[str, Any] = {}


def client(service: str) -> Any:
    """The client of one AWS service."""
    return _given[service] if service in _given else _made(service)


@cache
def _made(service: str) -> Any:
    """WeChat waits five seconds for an answer, so nothing here waits longer."""
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


def use_client(service: str, given: Any) -> None:
    """Talk to a service through this client, until clients are forgotten."""
    _given[service] = given


def forget_clients() -> None:
    """Make new clients from here on: for tests that change where AWS is."""
    _given.clear()
    _made.cache_clear()
    _session.cache_clear()


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()
