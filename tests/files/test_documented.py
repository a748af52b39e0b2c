"""docs/api.md names every column of every kind of file, and its examples can be dropped."""

import re

import pytest

from chalicelib.files.bookkeeping import COMMISSIONS, MONTHLY_STATEMENT, STATEMENT, WITHDRAWALS
from chalicelib.files.columns import COLUMNS, ORDERS_TO_SHIP
from chalicelib.files.demand import DEMAND
from chalicelib.files.entries import read_entries
from chalicelib.files.model import FileKind
from infra.template import ROOT
from tests.dropping import drops, outcomes
from tests.shop import Shop

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def section(kind: FileKind) -> str:
    """From the kind's name to the end of its example."""
    return PAGE.split(f"\n`{kind.value}….csv`:\n", 1)[1].split("\n```\n", 1)[0]


def example(kind: FileKind) -> str:
    return section(kind).split("```csv\n", 1)[1]


@pytest.mark.parametrize("kind", FileKind)
def test_every_column_is_named(kind: FileKind) -> None:
    rows = [line.split("|")[1:] for line in section(kind).splitlines() if line.startswith("| `")]
    named = {name: "required" in row[1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {column.name: column.required for column in COLUMNS[kind]}


@pytest.mark.parametrize("kind", FileKind)
def test_its_example_is_a_file_of_that_kind(kind: FileKind) -> None:
    assert [entry.wrong for entry in read_entries(kind, example(kind).encode())] == [""]


def test_the_examples_can_be_dropped(shop: Shop) -> None:
    assert outcomes(drops(shop, "in/products.csv", example(FileKind.PRODUCTS))) == ["done"] * 2
    assert outcomes(drops(shop, "in/campaigns.csv", example(FileKind.CAMPAIGNS))) == ["done"]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("orders", ORDERS_TO_SHIP),
        ("demand", DEMAND),
        ("commissions", COMMISSIONS),
        ("withdrawals", WITHDRAWALS),
        ("statements", STATEMENT),
        ("months", MONTHLY_STATEMENT),
    ],
)
def test_every_column_that_is_written_is_named(name: str, columns: tuple[str, ...]) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {name} | `")]
    assert tuple(re.findall(r"`(\w+)`", row)) == columns
