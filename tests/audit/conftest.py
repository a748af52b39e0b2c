"""The tables and fakes these tests run on, and a shop of its own for each story."""

from collections.abc import Iterator

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from chalicelib.groups import show
from tests.fakes import FakeClock
from tests.in_process import clock, database, environment, tables, wechat_api, wired
from tests.shop import Shop
from tests.tables import REGION

__all__ = ["clock", "database", "environment", "shop", "tables", "wechat_api", "wired"]


@pytest.fixture
def shop(database: None, clock: FakeClock) -> Iterator[Shop]:
    """A shop with a hundred units of one SKU and a campaign of two on it."""
    show.forget_offers()
    _empty_the_streams()
    shop = Shop(clock)
    shop.stocks(100)
    shop.campaign()
    yield shop
    shop.close()


def _empty_the_streams() -> None:
    """What the tests before wrote into the same tables is not to be followed up here."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        if table.stream_shard is not None:
            table.stream_shard.items.clear()
