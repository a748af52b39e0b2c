"""What deployed code must not do: reckon in floats, ask for the time, draw lots, hide errors.

Each rule reads one module. Where a finding is right after all, the test names the function and why.
"""

import ast
from collections.abc import Iterator

from tests.tidy.tree import Finding, Source, dotted, imported_names, line_of, placed, resolved

PRESENT_AND_CHANCE = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "random.",
    "secrets.",
    "time.monotonic",
    "time.perf_counter",
    "time.time",
    "uuid.getnode",
    "uuid.uuid",
)
NOT_CHANCE = frozenset({"secrets.compare_digest"})

HOMES_OF_PRESENT_AND_CHANCE = frozenset(
    {"chalicelib/kit/clock.py", "chalicelib/kit/ids.py", "chalicelib/wiring.py"}
)
BLANKET = frozenset({"Exception", "BaseException"})


def floats(source: Source) -> Iterator[Finding]:
    """Anything that makes a float: the word, a literal, true division."""
    for node, where in placed(source.tree):
        what = _float_in(node)
        if what:
            yield Finding(source.path, line_of(node), where, what)


def _float_in(node: ast.AST) -> str:
    if isinstance(node, ast.Name) and node.id == "float":
        return "float: money is whole fen, rates are basis points"
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the float {node.value}: count in smaller whole units"
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
        return "true division makes a float: use // and say where the remainder goes"
    return ""


def present_and_chance(source: Source) -> Iterator[Finding]:
    """Asking the machine for the time or for a random value, outside the few places that may.

    A gateway may name the real one as the default of a parameter.
    """
    if source.path in HOMES_OF_PRESENT_AND_CHANCE:
        return
    bound = imported_names(source.tree)
    exempt = (
        set(_defaults(source.tree)) if source.path.startswith("chalicelib/gateways/") else set()
    )
    for node, where in placed(source.tree):
        is_imported = dotted(node).partition(".")[0] in bound and node not in exempt
        name = resolved(node, bound) if is_imported else ""
        if name.startswith(PRESENT_AND_CHANCE) and name not in NOT_CHANCE:
            what = f"{name}: take a clock or ids as a parameter"
            yield Finding(source.path, line_of(node), where, what)


def _defaults(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node of a parameter's default value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            for default in [*node.defaults, *node.kw_defaults]:
                if default is not None:
                    yield from ast.walk(default)


def prints(source: Source) -> Iterator[Finding]:
    """print(): nobody reads it, and no alarm can count it."""
    for node, where in placed(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "print":
            yield Finding(source.path, line_of(node), where, "print(): log it or return it")


def blanket_excepts(source: Source) -> Iterator[Finding]:
    """Catching everything, which also catches our own mistakes."""
    for node, where in placed(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(one is None or dotted(one) in BLANKET for one in caught):
                what = "catches everything: name what can be handled here"
                yield Finding(source.path, line_of(node), where, what)
