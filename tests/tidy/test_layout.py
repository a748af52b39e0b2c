"""Files are short, named for what is in them, and say what they own."""

import pytest

from tests.tidy import layout
from tests.tidy.tree import Source, assert_none, judged, python_sources

FUNCTION_OF_71_LINES = "def long():\n" + "    pass\n" * 70
FUNCTION_OF_70_LINES = "def fits():\n" + "    pass\n" * 69


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("chalicelib/groups/join.py", 400),
        ("infra/local/stack.py", 400),
        ("tests/groups/test_join.py", 600),
        ("app.py", 200),
    ],
)
def test_a_module_may_have_so_many_lines_and_not_one_more(path: str, most: int) -> None:
    assert not list(layout.long_modules(Source(path, "pass\n" * most)))
    assert list(layout.long_modules(Source(path, "pass\n" * (most + 1))))


def test_a_function_over_70_lines_is_refused() -> None:
    assert not list(layout.long_functions(Source("chalicelib/a.py", FUNCTION_OF_70_LINES)))
    assert list(layout.long_functions(Source("chalicelib/a.py", FUNCTION_OF_71_LINES)))


def test_a_line_over_100_characters_is_refused() -> None:
    assert not list(layout.long_lines(Source("chalicelib/a.py", "x" * 100)))
    assert list(layout.long_lines(Source("chalicelib/a.py", "x" * 101)))


@pytest.mark.parametrize("name", ["service", "utils", "helpers", "common", "misc"])
def test_a_file_name_that_says_nothing_is_refused(name: str) -> None:
    assert list(layout.names_that_say_nothing(Source(f"chalicelib/orders/{name}.py", "")))
    assert not list(layout.names_that_say_nothing(Source("chalicelib/orders/place.py", "")))


def test_a_module_without_a_docstring_is_refused_unless_it_is_empty() -> None:
    path = "chalicelib/orders/place.py"

    assert list(layout.missing_docstrings(Source(path, "import json\n")))
    assert not list(layout.missing_docstrings(Source(path, '"""Place an order."""\n')))
    assert not list(layout.missing_docstrings(Source("chalicelib/orders/__init__.py", "")))


def test_no_module_is_too_long() -> None:
    found = (one for source in python_sources() for one in layout.long_modules(source))
    assert_none(judged(found, {}))


def test_no_function_is_too_long() -> None:
    found = (one for source in python_sources() for one in layout.long_functions(source))
    assert_none(judged(found, {}))


def test_no_line_is_too_long() -> None:
    found = (one for source in python_sources() for one in layout.long_lines(source))
    assert_none(judged(found, {}))


def test_every_file_is_named_for_what_is_in_it() -> None:
    found = (one for source in python_sources() for one in layout.names_that_say_nothing(source))
    assert_none(judged(found, {}))


def test_every_module_opens_with_what_it_owns() -> None:
    found = (one for source in python_sources() for one in layout.missing_docstrings(source))
    assert_none(judged(found, {}))
