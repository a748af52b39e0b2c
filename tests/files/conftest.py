"""A fresh shop for each test, over tables in this process."""

from tests.flows.conftest import shop
from tests.in_process import database, tables

__all__ = ["database", "shop", "tables"]
