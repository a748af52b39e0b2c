"""Sizes, file names, and what a module opens with."""

import ast
from collections.abc import Iterator

from tests.tidy.tree import Finding, Source, placed

MODULE_LINES_MAX = 400
TEST_MODULE_LINES_MAX = 600
APP_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
LINE_CHARACTERS_MAX = 100

NAMES_THAT_SAY_NOTHING = frozenset(
    f"{name}.py"
    for word in ("service", "util", "helper", "common", "misc", "manager")
    for name in (word, f"{word}s")
)


def lines_allowed(path: str) -> int:
    """How long this Python file may be."""
    if path == "app.py":
        return APP_LINES_MAX
    return TEST_MODULE_LINES_MAX if path.startswith("tests/") else MODULE_LINES_MAX


def long_modules(source: Source) -> Iterator[Finding]:
    """A module longer than a reader keeps in mind."""
    lines, most = len(source.text.splitlines()), lines_allowed(source.path)
    if lines > most:
        yield Finding(source.path, most, "", f"{lines} lines, of {most} allowed")


def long_functions(source: Source) -> Iterator[Finding]:
    """A function longer than a screen, its docstring included."""
    for node, where in placed(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                what = f"{node.name} has {lines} lines, of {FUNCTION_LINES_MAX} allowed"
                yield Finding(source.path, node.lineno, where, what)


def long_lines(source: Source) -> Iterator[Finding]:
    """A line that does not fit beside another."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if len(line) > LINE_CHARACTERS_MAX:
            what = f"{len(line)} characters, of {LINE_CHARACTERS_MAX} allowed"
            yield Finding(source.path, number, "", what)


def names_that_say_nothing(source: Source) -> Iterator[Finding]:
    """A file named for not belonging anywhere, where everything ends up."""
    if source.name in NAMES_THAT_SAY_NOTHING:
        yield Finding(source.path, 1, "", f"{source.name} says nothing about what is in it")


def missing_docstrings(source: Source) -> Iterator[Finding]:
    """A module that does not say what it owns. Empty ones and test modules need not."""
    if source.name.startswith("test_") or not source.text.strip():
        return
    if not ast.get_docstring(source.tree):
        yield Finding(source.path, 1, "", "the module opens without a docstring")
