"""The bootstrap says what is missing and how to get it."""

import shutil
import subprocess
from pathlib import Path

from infra.template import ROOT

SCRIPT = ROOT / "infra" / "bootstrap.sh"
TOOLS = ("dirname", "cat", "rm", "ps")


def checkout(directory: Path) -> Path:
    (directory / "infra").mkdir()
    shutil.copy(SCRIPT, directory / "infra")
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, directory)
    return directory / "infra" / "bootstrap.sh"


def tools(directory: Path, python: str) -> Path:
    """A PATH with the few tools the script needs, and a python3 that is this program."""
    directory.mkdir()
    for name in TOOLS:
        (directory / name).symlink_to(str(shutil.which(name)))
    (directory / "python3").write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
    (directory / "python3").chmod(0o755)
    return directory


def run(script: Path, path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", str(script)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(path)},
    )


def test_an_old_python_is_refused_with_a_remedy(tmp_path: Path) -> None:
    finished = run(checkout(tmp_path), tools(tmp_path / "bin", "exit 1"))
    assert finished.returncode == 1
    need, remedy = finished.stderr.splitlines()
    assert need == "kaituan needs Python 3.11 or later"
    assert remedy.startswith("  remedy: install it")
    assert not (tmp_path / ".venv").exists()


def test_a_missing_venv_module_is_refused_with_a_remedy(tmp_path: Path) -> None:
    python = 'case "$2" in *ensurepip*) exit 1;; esac; exit 0'
    finished = run(checkout(tmp_path), tools(tmp_path / "bin", python))
    assert finished.returncode == 1
    need, remedy = finished.stderr.splitlines()
    assert need.startswith("kaituan needs the venv module of ")
    assert "apt install python3-venv" in remedy
