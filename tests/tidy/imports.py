"""Who imports whom inside chalicelib: what an import line names, and whether the table allows it.

The table itself stands in test_imports.py. Nothing is imported here to find out; lines are read.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.tidy.tree import Finding, Source, line_of

MayImport = Mapping[str, frozenset[str]]

MODELS = frozenset({"model", "catalog/settings", "ledger/transfers", "ledger/recipes"})
"""The pure files of a slice. Some are named for what they hold."""

PURE = frozenset({"rules"})
"""Slices that are a model altogether."""

STORES = frozenset(
    {
        "store",
        "groups/crowds",
        "groups/ending",
        "groups/productions",
        "ledger/adjustments",
        "members/standing",
        "members/unpaid",
    }
)
"""A slice's table: its attributes, reads and guarded writes. One of them is more than one file."""

NOT_VERBS = frozenset({"errors", "routes", "schemas"})

AROUND = frozenset({"changes", "figures", "reactions", "sweeps", "queues", "uploads"})
"""What brings events to the slices."""

NOT_SLICES = frozenset({"app", "kit", "gateways", "settings", "wiring"}) | AROUND
NOT_IN_A_MODEL = frozenset({"boto3", "botocore", "chalice", "pynamodb", "requests"})


@dataclass(frozen=True)
class Place:
    """Where a module stands: `orders`, `place` for chalicelib/orders/place.py.

    Modules directly in chalicelib, and app.py, are a part of their own.
    """

    part: str
    kind: str

    @property
    def is_in_slice(self) -> bool:
        return self.part not in NOT_SLICES

    @property
    def is_model(self) -> bool:
        is_one = bool({self.kind, f"{self.part}/{self.kind}"} & MODELS)
        return self.part in PURE or (self.is_in_slice and is_one)

    @property
    def is_model_or_errors(self) -> bool:
        return self.is_model or (self.is_in_slice and self.kind == "errors")

    @property
    def is_store(self) -> bool:
        return self.is_in_slice and bool({self.kind, f"{self.part}/{self.kind}"} & STORES)

    @property
    def is_foundation(self) -> bool:
        """Whether any verb of any slice may use it."""
        return self.is_model_or_errors or self.is_store

    @property
    def is_verb(self) -> bool:
        is_other = self.is_in_slice and self.kind not in NOT_VERBS
        return is_other and not self.is_model and not self.is_store


def forbidden_imports(source: Source, may_import: MayImport) -> Iterator[Finding]:
    """Imports that the table does not allow, relative ones, and a model's ties to the outside."""
    importer = _place_of_path(source.path)
    for line, module in _imported_modules(source.tree):
        if module.startswith("."):
            yield Finding(source.path, line, "", "a relative import hides what it reaches for")
        elif module.partition(".")[0] == "chalicelib":
            target = _place_of_module(module)
            if not _is_allowed(importer, target, may_import):
                yield Finding(source.path, line, "", f"{_named(importer)} imports {module}")
        elif importer.is_model and module.partition(".")[0] in NOT_IN_A_MODEL:
            yield Finding(source.path, line, "", f"a model imports {module}")


def _is_allowed(importer: Place, target: Place, may_import: MayImport) -> bool:
    if importer.part == "app" and target.is_in_slice and target.part != "admin":
        return target.kind == "routes"
    if importer.is_store and target.is_store:
        return importer.part == target.part
    if importer.is_foundation:
        return target.part == "kit" or target.is_model_or_errors
    if importer.part == target.part:
        return True
    if importer.is_verb and target.is_foundation:
        return True
    if importer.kind == "schemas" and target.is_model_or_errors:
        return True
    if importer.kind == "routes" and (target.part == "wiring" or target.kind == "errors"):
        return True
    return target.part in may_import.get(importer.part, frozenset())


def _imported_modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, wherever the line stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((line_of(node), alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((line_of(node), f"{module}.{alias.name}") for alias in node.names)


def _place_of_path(path: str) -> Place:
    parts = path.removeprefix("chalicelib/").removesuffix(".py").split("/")
    return Place(parts[0], parts[1] if len(parts) > 1 else "")


def _place_of_module(module: str) -> Place:
    _, part, kind, *_ = [*module.split("."), "", ""]
    return Place(part, kind)


def _named(place: Place) -> str:
    return f"{place.part}/{place.kind}" if place.kind else place.part
