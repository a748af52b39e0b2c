"""Runs that are kept: a plan as a file, to be played again."""

import json
from pathlib import Path

from tests.simulation.run import Outcome, Plan


def write(path: Path, outcome: Outcome) -> None:
    """What the run was made of, and what was wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "seed": outcome.plan.seed,
        "kind": outcome.kind,
        "theme": outcome.theme,
        "wishes": sorted(outcome.wishes),
        "disturbances": sorted(outcome.disturbances),
        "violations": list(outcome.violations),
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Plan:
    """The plan that lies there."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Plan(
        seed=content["seed"],
        kind=content["kind"],
        theme=content["theme"],
        wishes=frozenset(content["wishes"]),
        disturbances=frozenset(content["disturbances"]),
    )


def how_to_repeat(plan: Plan) -> str:
    """The command that plays all of this run again."""
    kind = f" KIND={plan.kind}" if plan.kind else ""
    theme = f" THEME={plan.theme}" if plan.theme else ""
    return f"make simulate SEED={plan.seed}{kind}{theme}"
