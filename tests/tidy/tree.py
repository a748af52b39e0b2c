"""What the tidy rules look at: the repository's files, as git sees them, and how findings are told.

A rule is a function from a source to findings. It never reads files itself, so that a test can
hand it a planted violation.
"""

import ast
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Excuses = Mapping[tuple[str, str], str]
"""Why a finding stands: by path and the function it is in ("" at module level), a reason."""


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root of the repository, with slashes, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module; only for Python files."""
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_deployed(self) -> bool:
        """Whether it runs on AWS."""
        return self.path == "app.py" or self.path.startswith("chalicelib/")


@dataclass(frozen=True)
class Finding:
    """One thing that breaks a rule. `where` is the function it is in, "" at module level."""

    path: str
    line: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def judged(findings: Iterable[Finding], excuses: Excuses) -> list[str]:
    """What is to be changed: findings without an excuse, and excuses that nothing needs."""
    found = list(findings)
    excused = {(finding.path, finding.where) for finding in found}
    complaints = [str(one) for one in found if (one.path, one.where) not in excuses]
    unneeded = [key for key in excuses if key not in excused]
    return complaints + [f"{path}: no excuse needed any more for '{at}'" for path, at in unneeded]


def assert_none(complaints: Iterable[object]) -> None:
    """Fail with every complaint on a line of its own."""
    lines = [str(complaint) for complaint in complaints]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


@cache
def sources() -> tuple[Source, ...]:
    """Every text file of the repository: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = sorted(set(listed.stdout.decode().split("\0")) - {""})
    return tuple(_read(path) for path in paths if _is_text(ROOT / path))


def python_sources() -> tuple[Source, ...]:
    """The Python files among them."""
    return tuple(source for source in sources() if source.is_python)


def deployed_sources() -> tuple[Source, ...]:
    """The Python files that run on AWS."""
    return tuple(source for source in python_sources() if source.is_deployed)


def placed(tree: ast.AST, where: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Every node below, with the dotted name of the function or class it is in."""
    for child in ast.iter_child_nodes(tree):
        yield child, where
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = f"{where}.{child.name}" if where else child.name
            yield from placed(child, inner)
        else:
            yield from placed(child, where)


def line_of(node: ast.AST) -> int:
    """The line a node begins on; 1 for what has none."""
    return int(getattr(node, "lineno", 1))


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute chain on a name, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """What each name that an import binds stands for: `{"now": "datetime.datetime.now"}`."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                bound[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return bound


def resolved(node: ast.AST, bound: Mapping[str, str]) -> str:
    """The full dotted name behind a name or an attribute chain; "" when it is neither."""
    first, dot, rest = dotted(node).partition(".")
    return bound.get(first, first) + dot + rest


def _is_text(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def _read(path: str) -> Source:
    return Source(path, (ROOT / path).read_text(encoding="utf-8"))
