"""The tables these tests run on, and a shop of its own for each story."""

from tests.flows.conftest import database, shop, tables

__all__ = ["database", "shop", "tables"]
