"""The tables these tests run on."""

from tests.in_process import clock, database, environment, tables, wechat_api, wired

__all__ = ["clock", "database", "environment", "tables", "wechat_api", "wired"]
