"""Plants a bug in a copy of the tree, and lets the simulation look for it there.

Never touches this tree.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.planted import Planted

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("app.py", "chalicelib", "infra", "tests", ".chalice")
FIRST_SEED = 1


@dataclass(frozen=True)
class Found:
    """After how many runs, and what was wrong. `runs` 0: not found."""

    runs: int
    violations: tuple[str, ...]
    seed: int = 0


def find(bug: Planted, folder: Path) -> Found:
    """Look for it within its number of runs. Raises ValueError when it cannot be planted."""
    for name in COPIED:
        _copy(ROOT / name, folder / name)
    _plant(bug, folder)
    command = [sys.executable, "-m", "tests.simulation", "--find"]
    kind = ["--kind", bug.kind] if bug.kind else []
    theme = ["--theme", bug.theme] if bug.theme else []
    run = subprocess.run(
        [*command, *kind, *theme, "--first", str(FIRST_SEED), "--runs", str(bug.runs)],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0:
        return Found(0, ())
    try:
        said = json.loads(run.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise RuntimeError(run.stdout + run.stderr) from None
    seed = said["seed"]
    return Found(seed - FIRST_SEED + 1, tuple(said["violations"]), seed)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, ignore=ignored)
    else:
        shutil.copy(source, target)


def _plant(bug: Planted, folder: Path) -> None:
    path = folder / bug.path
    content = path.read_text(encoding="utf-8")
    if content.count(bug.before) != 1:
        raise ValueError(f"{bug.path} has it {content.count(bug.before)} times: {bug.before!r}")
    path.write_text(content.replace(bug.before, bug.after), encoding="utf-8")
