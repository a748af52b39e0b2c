"""`python -m tests.simulation`: many runs with progress and figures, or one of them again.

Starts itself over with a fixed hash seed, so that a run is the same wherever it is repeated.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.simulation import records
from tests.simulation.disturbances import INTERLEAVED, Disturbance
from tests.simulation.ground import KINDS
from tests.simulation.records import how_to_repeat
from tests.simulation.run import Outcome, Plan, play, simulated_database
from tests.simulation.search import in_parallel, shortest
from tests.simulation.themes import THEMES

SHRINKING_SECONDS = 120
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """0 when every run ended with everything right."""
    arguments = _arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        command = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606
    console = Console()
    if arguments.find:
        seeds = range(arguments.first, arguments.first + arguments.runs)
        return _find([Plan(seed, arguments.kind, arguments.theme) for seed in seeds])
    if arguments.replay is not None:
        return _replay(records.read(Path(arguments.replay)), console)
    if arguments.seed is not None:
        return _replay(Plan(arguments.seed, arguments.kind, arguments.theme), console)
    return _many(arguments, console)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many (RUNS=…)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (FIRST=…)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="play this one again, with its trace (SEED=…)")
    parser.add_argument("--kind", choices=sorted(KINDS), help="of group (KIND=…)")
    parser.add_argument("--theme", choices=sorted(THEMES), help="of the run (THEME=…)")
    parser.add_argument("--find", action="store_true", help="say only which seed fails, as JSON")
    parser.add_argument("--replay", help="play the run of this file again (REPLAY=…)")
    return parser.parse_args()


def _many(arguments: argparse.Namespace, console: Console) -> int:
    seeds = range(arguments.first, arguments.first + arguments.runs)
    figures: Counter[str] = Counter()
    disturbances: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    failed: Outcome | None = None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("runs", total=len(seeds))
        plans = [Plan(seed, arguments.kind, arguments.theme) for seed in seeds]
        for outcome in in_parallel(plans, arguments.workers):
            progress.advance(task)
            figures.update(outcome.figures)
            figures["runs"] += 1
            kinds[outcome.kind] += 1
            disturbances.update(name.partition("@")[0] for name in outcome.disturbances)
            if outcome.violations:
                failed = outcome
                break
    if failed is not None:
        return _explain(failed, console)
    _print_figures(figures, disturbances, kinds, console)
    return 0


def _find(plans: list[Plan]) -> int:
    """In this process, without looking for anything shorter."""
    with simulated_database() as database:
        for plan in plans:
            outcome = play(plan, database)
            if outcome.violations:
                found = {"seed": plan.seed, "violations": outcome.violations}
                sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
                return 1
    return 0


def _print_figures(
    figures: Counter[str], disturbances: Counter[str], kinds: Counter[str], console: Console
) -> None:
    table = Table(title="Nothing was lost")
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_row("runs", f"{figures['runs']:,}")
    table.add_row("calls to DynamoDB", f"{figures['calls']:,}")
    table.add_row("records, messages and notifications delivered", f"{figures['deliveries']:,}")
    wrong = sum(disturbances[kind.value] for kind in Disturbance if kind not in INTERLEAVED)
    quicker = sum(disturbances[kind.value] for kind in INTERLEAVED)
    table.add_row("others were quicker", f"{quicker:,}")
    table.add_row("things that went wrong", f"{wrong:,}", end_section=True)
    for kind in Disturbance:
        if kind not in INTERLEAVED:
            table.add_row(f"  {kind.value}", f"{disturbances[kind.value]:,}")
    table.add_section()
    table.add_row("kinds of group played", f"{len(kinds):,}")
    table.add_row("violations", "0")
    console.print(table)


def _explain(failed: Outcome, console: Console) -> int:
    console.print(f"[red]Seed {failed.plan.seed} is not right.[/] Looking for the shortest run …")
    with simulated_database() as database:
        short = shortest(failed, database, seconds=SHRINKING_SECONDS)
    _print_outcome(short, console)
    path = ROOT / "build" / "simulation" / f"seed-{failed.plan.seed}.json"
    records.write(path, short)
    console.print(f"\nAgain:          make simulate REPLAY={path.relative_to(ROOT)}")
    console.print(f"All of the run: {how_to_repeat(failed.plan)}")
    return 1


def _replay(plan: Plan, console: Console) -> int:
    with simulated_database() as database:
        outcome = play(plan, database)
    _print_outcome(outcome, console)
    return 1 if outcome.violations else 0


def _print_outcome(outcome: Outcome, console: Console) -> None:
    for line in outcome.trace:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"\nkind {outcome.kind}, theme {outcome.theme}, {len(outcome.wishes)} wishes, "
        f"{len(outcome.disturbances)} things went wrong: {', '.join(outcome.disturbances)}",
        markup=False,
        soft_wrap=True,
    )
    if not outcome.violations:
        console.print("[green]Everything is right.[/]")
    for violation in outcome.violations:
        console.print(f"NOT RIGHT: {violation}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
