"""Prints what a soak measured and what the books say. Must never decide whether it went well."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from infra.local.books import closing_table, ledger_table, verdict
from infra.local.load.measures import Measures, Operation, total
from infra.local.load.soak import Outcome

PERCENTILES = (50, 95, 99)
SHOWN_PROBLEMS = 40


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Operations, books, and every problem on a line of its own."""
    console.print()
    console.print(operations_table(outcome.measures, outcome.seconds))
    console.print(refusals(outcome.measures), soft_wrap=True)
    console.print()
    console.print(closing_table(outcome.books))
    console.print(ledger_table(outcome.books))
    console.print(verdict(outcome.books), soft_wrap=True)
    for problem in outcome.problems[:SHOWN_PROBLEMS]:
        console.print(f"✗ {problem}", style="red", soft_wrap=True, markup=False)
    if outcome.problems:
        console.print(f"[red]{len(outcome.problems)} problems[/]")
    else:
        console.print("[green]every answer as it should be, the books agree, nothing is stuck[/]")


def operations_table(measures: Measures, seconds: float) -> Table:
    """Each operation with its count, rate and latencies, how many were refused, and faults."""
    table = Table(title="Requests", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    latencies = (f"p{one} ms" for one in PERCENTILES)
    for column in ("count", "a second", *latencies, "refused", "faults"):
        table.add_column(column, justify="right", no_wrap=True)
    operations = dict(sorted(measures.operations.items()))
    for name, operation in operations.items():
        table.add_row(name, *_figures(operation, seconds))
    table.add_section()
    table.add_row("all together", *_figures(total(list(operations.values())), seconds))
    return table


def refusals(measures: Measures) -> str:
    """What members were rightly told, by code."""
    together = total(list(measures.operations.values()))
    said = (f"{code} {times}" for code, times in together.refusals.most_common())
    return f"refused: {', '.join(said) or 'nothing'}"


def _figures(operation: Operation, seconds: float) -> tuple[str, ...]:
    count = len(operation.seconds)
    return (
        str(count),
        f"{count / seconds:.1f}",
        *(f"{operation.percentile_seconds(one) * 1000:.0f}" for one in PERCENTILES),
        str(operation.refusals.total()),
        str(operation.faults.total()),
    )
