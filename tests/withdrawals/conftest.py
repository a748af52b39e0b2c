"""The tables and fakes these tests run on, and a shop of its own for each story."""

from tests.flows.conftest import database, dynamodb_endpoint, engine, engine_shop, shop, tables
from tests.in_process import clock, environment, wechat_api, wired

__all__ = [
    "clock",
    "database",
    "dynamodb_endpoint",
    "engine",
    "engine_shop",
    "environment",
    "shop",
    "tables",
    "wechat_api",
    "wired",
]
