"""How fields say their unit, and enum members why they exist.

Only what can be told from a class body without running it: annotated fields and assigned members.
"""

import ast
import re
from collections.abc import Iterator

from tests.tidy.tree import Finding, Source, dotted, line_of, placed

MONEY_WORDS = frozenset({"amount", "price", "fee", "balance", "discount", "freight"})
MONEY_UNITS = ("_fen", "_bp")
INT_TYPES = re.compile(r"\b(?:int|AmountFen|PriceFen)\b")
TIME_TYPES = re.compile(r"\bdatetime\b")
TIME_ENDINGS = ("_at", "_by", "_until", "deadline", "now")
ENUMS = frozenset({"Enum", "Flag", "IntEnum", "IntFlag", "StrEnum"})


def fields_without_unit(source: Source) -> Iterator[Finding]:
    """A field of money, duration or time whose name does not end in its unit."""
    for node, where in placed(source.tree):
        if isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    name, kind = field.target.id, ast.unparse(field.annotation)
                    what = _missing_unit(name, kind)
                    if what:
                        place = f"{where}.{node.name}" if where else node.name
                        yield Finding(source.path, line_of(field), f"{place}.{name}", what)


def _missing_unit(name: str, kind: str) -> str:
    words = name.split("_")
    is_plain_int = bool(INT_TYPES.search(kind)) and "Callable" not in kind
    if is_plain_int and MONEY_WORDS & set(words) and not name.endswith((*MONEY_UNITS, "_count")):
        return f"{name} holds money and does not end in _fen"
    if "seconds" in words[:-1]:
        return f"{name} does not end in its unit, seconds"
    if TIME_TYPES.search(kind) and "Callable" not in kind and not name.endswith(TIME_ENDINGS):
        return f"{name} is a moment and does not end in _at"
    return ""


def members_without_reason(source: Source) -> Iterator[Finding]:
    """An enum member that is not followed by a docstring saying why it exists."""
    for node, where in placed(source.tree):
        if isinstance(node, ast.ClassDef) and _is_enum(node):
            for member, following in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(member, ast.Assign) and not _is_docstring(following):
                    name = dotted(member.targets[0])
                    what = f"{node.name}.{name} does not say why it exists"
                    yield Finding(source.path, line_of(member), f"{where}{node.name}.{name}", what)


def _is_enum(node: ast.ClassDef) -> bool:
    return any(dotted(base).rpartition(".")[2] in ENUMS for base in node.bases)


def _is_docstring(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
