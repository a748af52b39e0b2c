"""A fresh shop for each test, over an empty moto; or over DynamoDB's own engine, for races."""

from collections.abc import Iterator

import pytest

from tests.engine.conftest import dynamodb_endpoint, engine
from tests.fakes import FakeClock
from tests.in_process import database, tables
from tests.races import engine_shop
from tests.shop import Shop

__all__ = ["database", "dynamodb_endpoint", "engine", "engine_shop", "tables"]


@pytest.fixture
def shop(database: None) -> Iterator[Shop]:
    """A shop with a hundred units of one SKU at 20 yuan."""
    shop = Shop(FakeClock())
    shop.stocks(100)
    yield shop
    shop.close()
