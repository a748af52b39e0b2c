"""A fresh shop for each story, over an empty moto."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from chalicelib.groups import show
from chalicelib.kit.aws import dynamodb, forget_clients
from tests.fakes import FakeClock
from tests.shop import Shop
from tests.tables import PREFIX, REGION, create_tables


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("TABLE_PREFIX", PREFIX)
    with mock_aws():
        forget_clients()
        create_tables(dynamodb(), PREFIX)
        yield
    forget_clients()


@pytest.fixture
def shop(database: None) -> Iterator[Shop]:
    """A shop with a hundred units of one SKU and a campaign of two on it."""
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.campaign()
    yield shop
    shop.close()
