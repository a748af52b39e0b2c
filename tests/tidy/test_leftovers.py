"""Nothing is left half done, no test is left out, and nothing points at one person's machine."""

import pytest

from tests.tidy import leftovers
from tests.tidy.tree import Excuses, Source, assert_none, judged, python_sources, sources

TEST = "tests/groups/test_join.py"

TESTS_THAT_MAY_BE_LEFT_OUT: Excuses = {
    ("tests/engine/conftest.py", "pytest_collection_modifyitems"): "without Java, not under CI",
    ("tests/engine/conftest.py", "engine"): "when npm cannot fetch the engine, not under CI",
    (
        "tests/infra/test_package.py",
        "test_the_package_imports_with_nothing_else_installed",
    ): "where the host cannot run the wheels that Lambda runs",
}

# Spelled in parts, so that this file does not hold what it looks for.
TO_DO = "TO" + "DO"
HOME = "/" + "home/lin/kaituan"
INDEX = "https://" + "pypi." + "org/simple"


@pytest.mark.parametrize("word", [TO_DO, "FIX" + "ME", "X" * 3, "HA" + "CK"])
def test_a_note_to_oneself_is_refused(word: str) -> None:
    assert list(leftovers.notes_to_self(Source("chalicelib/a.py", f"x = 1  # {word}: price")))
    assert list(leftovers.notes_to_self(Source("docs/a.md", f"{word} write this")))
    assert not list(leftovers.notes_to_self(Source("chalicelib/a.py", f"x = '{word}'")))


def test_a_function_that_only_says_that_it_is_not_there_is_refused() -> None:
    text = "def draw():\n    raise NotImplementedError('draw')"
    assert list(leftovers.unfinished(Source("chalicelib/a.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\npytest.skip('later')",
        "import pytest\n@pytest.mark.xfail\ndef test_a(): ...",
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_a(): ...",
        "from pytest import importorskip\nimportorskip('rich')",
        "import unittest\n@unittest.skip('later')\ndef test_a(): ...",
    ],
)
def test_a_test_that_does_not_run_is_refused(text: str) -> None:
    assert list(leftovers.tests_left_out(Source(TEST, text)))


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock\nmock.patch('chalicelib.wiring.clock')",
        "from unittest.mock import patch\n@patch('chalicelib.wiring.clock')\ndef test_a(): ...",
        "import unittest.mock\nunittest.mock.patch.object(wiring, 'clock')",
        "def test_a(monkeypatch):\n    monkeypatch.setattr(wiring, 'clock', fake)",
        "def hurry(patch):\n    patch.setattr(Table, 'copy', quickly)",
        "def test_a(mocker):\n    mocker.patch('chalicelib.wiring.clock')",
    ],
)
def test_replacing_what_code_looks_up_is_refused(text: str) -> None:
    assert list(leftovers.patches(Source(TEST, text)))


def test_setting_the_environment_for_a_test_is_fine() -> None:
    text = "def test_a(monkeypatch):\n    monkeypatch.setenv('STAGE', 'test')"
    assert not list(leftovers.patches(Source(TEST, text)))


@pytest.mark.parametrize("path", [HOME, "/" + "Users/lin", "/" + "root/.venv", "C:\\" + "Users"])
def test_a_path_on_one_machine_is_refused(path: str) -> None:
    assert list(leftovers.machine_paths(Source("docs/a.md", f"run it in `{path}`")))


def test_a_route_and_a_relative_path_are_not_on_one_machine() -> None:
    text = "GET /v1/orders, see infra/local/home/README.md and https://example.com/home/page"
    assert not list(leftovers.machine_paths(Source("docs/a.md", text)))


@pytest.mark.parametrize("address", [INDEX, "--extra-index" + "-url https://example.com"])
def test_the_address_of_a_package_index_is_refused(address: str) -> None:
    assert list(leftovers.package_indexes(Source("requirements.txt", address)))


def test_no_note_to_oneself_is_left() -> None:
    found = (one for source in sources() for one in leftovers.notes_to_self(source))
    assert_none(judged(found, {}))


def test_nothing_is_unfinished() -> None:
    found = (one for source in python_sources() for one in leftovers.unfinished(source))
    assert_none(judged(found, {}))


def test_every_test_runs() -> None:
    found = (one for source in python_sources() for one in leftovers.tests_left_out(source))
    assert_none(judged(found, TESTS_THAT_MAY_BE_LEFT_OUT))


def test_no_test_patches() -> None:
    found = (one for source in python_sources() for one in leftovers.patches(source))
    assert_none(judged(found, {}))


def test_nothing_points_at_one_machine() -> None:
    found = (one for source in sources() for one in leftovers.machine_paths(source))
    assert_none(judged(found, {}))


def test_nothing_names_a_package_index() -> None:
    found = (one for source in sources() for one in leftovers.package_indexes(source))
    assert_none(judged(found, {}))
