"""SECURITY.md leaves out no function, no parameter, no table that holds something of a person, and
no throttle.
"""

import re

import pytest

from chalicelib.settings import Secrets
from infra.tables import all_tables
from infra.template import FUNCTIONS, ROOT
from infra.throttles import EVERYTHING, THROTTLES

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NOBODY_IN_THEM = frozenset({"catalog", "stock", "draws"})
"""Goods and numbers; a draw's entries are ids of orders and WeChat's numbers."""


def section(title: str) -> str:
    """The text below a heading."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(title: str) -> set[str]:
    """What the rows of a section's table are about, by the names in their first cell."""
    rows = (line.split("|")[1] for line in section(title).splitlines() if line.startswith("| "))
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_function_is_named_with_what_it_may_do() -> None:
    named = first_cells("What each function may do")
    assert named == {function.name for function in FUNCTIONS}


def test_every_parameter_is_named_with_what_it_opens() -> None:
    named = first_cells("What each credential opens, and what to do when it leaks")
    assert named >= set(Secrets.model_fields)


def test_every_table_that_holds_something_of_a_person_is_named_with_how_long() -> None:
    named = first_cells("What is stored about people, and for how long")
    assert named == {table.name for table in all_tables()} - NOBODY_IN_THEM


def test_the_bounds_are_those_of_the_gateway() -> None:
    bounds = section("What is bounded by what")
    assert f"{EVERYTHING.per_second} a second, {EVERYTHING.at_once:,} at once" in bounds
    for throttle in THROTTLES:
        assert f"{throttle.per_second} a second in all" in bounds


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)", PAGE))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
