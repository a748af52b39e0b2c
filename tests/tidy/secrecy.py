"""How deployed code compares what proves something: signatures, tokens, digests.

`==` stops at the first byte that differs, and the time it takes tells how far a guess was right.
"""

import ast
from collections.abc import Iterator

from tests.tidy.tree import Finding, Source, dotted, line_of, placed

PROOFS = frozenset(
    {"digest", "hmac", "mac", "password", "secret", "secrets", "signature", "token", "tokens"}
)
DIGESTS = frozenset({"digest", "hexdigest"})


def quick_comparisons(source: Source) -> Iterator[Finding]:
    """`==`, `!=`, `in` or a match on something whose name says that it proves who somebody is."""
    for node, where in placed(source.tree):
        for compared in _compared(node):
            name = _proof(compared)
            if name:
                what = f"{name} is compared byte by byte: use hmac.compare_digest"
                yield Finding(source.path, line_of(node), where, what)


def _compared(node: ast.AST) -> Iterator[ast.AST]:
    """What a node compares for equality; with nothing, so that only its presence is asked for, it
    is no comparison.
    """
    if isinstance(node, ast.Match):
        yield node.subject
    if not isinstance(node, ast.Compare):
        return
    operands = [node.left, *node.comparators]
    if any(isinstance(one, ast.Constant) and one.value in ("", None) for one in operands):
        return
    for operation, left, right in zip(node.ops, operands, operands[1:], strict=False):
        if isinstance(operation, (ast.Eq, ast.NotEq)):
            yield from (left, right)
        elif isinstance(operation, (ast.In, ast.NotIn)):
            yield left


def _proof(node: ast.AST) -> str:
    """The name of a proof, or of what makes a digest; "" for anything else."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
        return called if called in DIGESTS else ""
    if isinstance(node, ast.Subscript):
        key = node.slice
        return str(key.value) if isinstance(key, ast.Constant) and _says_so(str(key.value)) else ""
    name = dotted(node).rpartition(".")[2]
    return name if _says_so(name) else ""


def _says_so(name: str) -> bool:
    return bool(PROOFS & set(name.lower().strip("_").split("_")))
