"""The tables these tests run on, and a shop of its own for each story."""

from tests.flows.conftest import database, dynamodb_endpoint, engine, engine_shop, shop, tables

__all__ = ["database", "dynamodb_endpoint", "engine", "engine_shop", "shop", "tables"]
