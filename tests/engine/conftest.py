"""The engine as a fixture, once per worker, and the mark that keeps its tests on one worker.

Must never let a run under CI pass without the engine.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.engine.dynamodb_local import Engine, Missing, running_engine, what_is_missing
from tests.races import engine_shop
from tests.tables import create_tables, local_client

__all__ = ["engine_shop"]

HERE = Path(__file__).parent


UNDER_CI = os.environ.get("CI") == "true"
LEFT_OUT = "tests against DynamoDB's own engine are left out: {}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the engine, and shares one worker under xdist.

    Without Java or npm all of it is left out, which a run under CI does not accept.
    """
    needing = [item for item in items if item.path.is_relative_to(HERE)]
    missing = what_is_missing() if needing and not UNDER_CI else None
    for item in needing:
        item.add_marker(pytest.mark.engine)
        item.add_marker(pytest.mark.xdist_group("engine"))
        if missing:
            item.add_marker(pytest.mark.skip(LEFT_OUT.format(missing)))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """DynamoDB Local, started for this worker."""
    try:
        with running_engine() as started:
            yield started
    except Missing as missing:
        reason = LEFT_OUT.format(missing)
        if UNDER_CI:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def dynamodb_endpoint(engine: Engine) -> str:
    """The address of the engine."""
    return engine.endpoint


@pytest.fixture
def client(dynamodb_endpoint: str) -> Any:
    """A client that sends every request once."""
    return local_client(dynamodb_endpoint)


@pytest.fixture
def tables(client: Any) -> Iterator[dict[str, str]]:
    """Empty tables of this test's own; their full names, by table."""
    names = create_tables(client, f"engine-{uuid4().hex[:12]}")
    yield names
    for name in names.values():
        client.delete_table(TableName=name)
