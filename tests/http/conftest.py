"""A fresh shop for stories that write, and one scene per module for what leaves it as it is."""

from collections.abc import Iterator

import pytest

from chalicelib.groups import show
from tests.fakes import FakeClock
from tests.flows.conftest import database, shop
from tests.http.scene import Scene
from tests.in_process import tables
from tests.shop import Shop

__all__ = ["database", "scene", "shop", "tables"]


@pytest.fixture(scope="module")
def scene(tables: None) -> Iterator[Scene]:
    """A shop in the middle of its day, shared by the tests of a module: they leave it as it is."""
    show.forget_offers()
    shop = Shop(FakeClock())
    yield Scene(shop)
    shop.close()
