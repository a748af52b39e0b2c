"""The tables and fakes these tests run on."""

from tests.in_process import clock, database, environment, wechat_api, wired

__all__ = ["clock", "database", "environment", "wechat_api", "wired"]
