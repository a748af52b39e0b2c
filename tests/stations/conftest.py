"""A fresh shop for each test, over an empty moto; or over DynamoDB's own engine, for races."""

from tests.engine.conftest import dynamodb_endpoint, engine
from tests.flows.conftest import shop
from tests.in_process import database, tables
from tests.races import engine_shop

__all__ = ["database", "dynamodb_endpoint", "engine", "engine_shop", "shop", "tables"]
