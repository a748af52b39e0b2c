"""The tables as they are deployed and the rows as the code has them: the same keys, the same
types, and every index made of attributes that some row has.
"""

import importlib
import re
from pathlib import Path

import pytest

from chalicelib.kit.tables import Row
from infra.tables import Table, all_tables

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^class \w+\(\w*Row\)", re.MULTILINE)
TABLES = {table.name: table for table in all_tables()}


def rows_of(table: str) -> list[type[Row]]:
    return [row for row in _every_row() if row.Meta.table == table]  # type: ignore[attr-defined]


def _every_row() -> list[type[Row]]:
    """Wherever one is defined."""
    for path in (ROOT / "chalicelib").rglob("*.py"):
        if _ROW.search(path.read_text(encoding="utf-8")):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found, waiting = [], [Row]
    while waiting:
        for row in waiting.pop().__subclasses__():
            waiting.append(row)
            if hasattr(row.Meta, "table"):
                found.append(row)
    return [row for row in found if row.__module__.startswith("chalicelib.")]


def types_of(row: type[Row]) -> dict[str, str]:
    return {each.attr_name: each.attr_type for each in row.get_attributes().values()}


def keys_of(row: type[Row]) -> list[tuple[str, str]]:
    keys = [each for each in row.get_attributes().values() if each.is_hash_key or each.is_range_key]
    keys.sort(key=lambda each: each.is_range_key)
    return [(each.attr_name, each.attr_type) for each in keys]


def test_every_row_has_a_table_and_every_table_a_row() -> None:
    assert {row.Meta.table for row in _every_row()} == set(TABLES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_rows_of_a_table_have_its_key(table: Table) -> None:
    deployed = [(key.name, key.type) for key in table.key]
    assert [keys_of(row) for row in rows_of(table.name)] == [deployed] * len(rows_of(table.name))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_an_index_is_made_of_attributes_that_a_row_has(table: Table) -> None:
    known: dict[str, set[str]] = {}
    for row in rows_of(table.name):
        for name, type_ in types_of(row).items():
            known.setdefault(name, set()).add(type_)
    indexed = {key.name: {key.type} for keys in table.indexes.values() for key in keys}
    assert {name: known.get(name) for name in indexed} == indexed


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_what_an_index_projects_and_what_expires_are_attributes_too(table: Table) -> None:
    known = {name for row in rows_of(table.name) for name in types_of(row)}
    named = {name for names in table.projected.values() for name in names}
    assert named | ({table.expires_by} if table.expires_by else set()) <= known


def test_what_follows_by_itself_is_told_whose_request_it_was() -> None:
    """The rows of tables with a stream carry it, and no others; a decision is written by hand."""
    carrying = {
        row.Meta.table  # type: ignore[attr-defined]
        for row in _every_row()
        if "correlation_id" in types_of(row)
    }
    assert carrying == {table.name for table in TABLES.values() if table.has_stream}
