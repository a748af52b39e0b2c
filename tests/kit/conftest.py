"""The tables these tests run on."""

from tests.in_process import database, tables

__all__ = ["database", "tables"]
