"""What work in progress leaves behind, and what only makes sense on one person's machine."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.tidy.tree import Finding, Source, imported_names, line_of, placed, resolved

NOTE_TO_SELF = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|HA[C]K)\b")
UNFINISHED = frozenset({"NotImplemented", "NotImplementedError"})
LEFT_OUT = frozenset(
    {"skip", "skipif", "xfail", "importorskip", "skipTest", "skipIf", "skipUnless"}
)
PATCHERS = (
    "mock.patch",
    "mocker.patch",
    "monkeypatch.setattr",
    "unittest.mock.patch",
)

MACHINE_PATH = re.compile(
    r"(?<![\w./:~*-])(?:/(?:home|Users|root|work|mnt|private)/[\w.-]+|[A-Za-z]:\\+Users\b)"
)
PACKAGE_INDEX = re.compile(
    r"pypi\.(?:org|python\.org)|pythonhosted\.org|registry\.(?:npmjs|yarnpkg|npmmirror)\.\w+"
    r"|proxy\.golang\.org|deb\.debian\.org|index[-_]url|find[-_]links",
    re.IGNORECASE,
)


def notes_to_self(source: Source) -> Iterator[Finding]:
    """A note that something is still to be done: in Python in a comment, elsewhere anywhere."""
    said = _comments(source.text) if source.is_python else _lines(source.text)
    for line, text in said:
        if NOTE_TO_SELF.search(text):
            yield Finding(source.path, line, "", "a note to oneself: do it, or file it")


def unfinished(source: Source) -> Iterator[Finding]:
    """A function that only says that it is not there."""
    for node, where in placed(source.tree):
        if isinstance(node, ast.Name) and node.id in UNFINISHED:
            yield Finding(
                source.path, line_of(node), where, f"{node.id}: finish it or leave it out"
            )


def tests_left_out(source: Source) -> Iterator[Finding]:
    """A test that does not run, or whose failing is expected."""
    bound = imported_names(source.tree)
    for node, where in placed(source.tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            name = resolved(node, bound)
            first, last = name.partition(".")[0], name.rpartition(".")[2]
            if first in {"pytest", "unittest", "self"} and last in LEFT_OUT:
                yield Finding(source.path, line_of(node), where, f"{name}: a test runs, or goes")


def patches(source: Source) -> Iterator[Finding]:
    """Replacing what code looks up, instead of handing it what it needs through wiring."""
    bound = imported_names(source.tree)
    for node, where in placed(source.tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            name = resolved(node, bound)
            if name in PATCHERS or name.endswith(".setattr"):
                what = f"{name}: hand over a fake through wiring"
                yield Finding(source.path, line_of(node), where, what)


def machine_paths(source: Source) -> Iterator[Finding]:
    """A path that exists on one machine only."""
    for line, text in _lines(source.text):
        found = MACHINE_PATH.search(text)
        if found:
            yield Finding(source.path, line, "", f"{found[0]} is a place on one machine")


def package_indexes(source: Source) -> Iterator[Finding]:
    """The address of a package index: which one is used is for each machine to say."""
    for line, text in _lines(source.text):
        found = PACKAGE_INDEX.search(text)
        if found:
            yield Finding(source.path, line, "", f"{found[0]} names a package index")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines(), start=1)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
