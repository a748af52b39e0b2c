"""A fresh shop for each story, over an empty moto, whose first day is reconciled by itself."""

import pytest

from tests.flows.conftest import database, tables
from tests.flows.conftest import shop as fresh_shop
from tests.reconciliation.words import days_before_are_closed, runs
from tests.shop import Shop

__all__ = ["database", "fresh_shop", "tables"]


@pytest.fixture
def shop(fresh_shop: Shop) -> Shop:
    """It is 20:00 in China on 22 November, and the hourly function has run once before."""
    days_before_are_closed()
    assert runs(fresh_shop) == []
    return fresh_shop
