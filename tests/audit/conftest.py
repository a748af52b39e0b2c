"""The tables and fakes these tests run on, and a shop of its own for each story."""

from collections.abc import Iterator

import pytest

from chalicelib.groups import show
from tests.fakes import FakeClock
from tests.in_process import clock, database, environment, tables, wechat_api, wired
from tests.shop import Shop

__all__ = ["clock", "database", "environment", "shop", "tables", "wechat_api", "wired"]


@pytest.fixture
def shop(database: None, clock: FakeClock) -> Iterator[Shop]:
    """A shop with a hundred units of one SKU and a campaign of two on it."""
    show.forget_offers()
    shop = Shop(clock)
    shop.stocks(100)
    shop.campaign()
    yield shop
    shop.close()
