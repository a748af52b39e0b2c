"""What checkov says and we accept: each once, each with a reason beside it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "infra" / "checkov.yaml").read_text(encoding="utf-8").splitlines()


def test_each_accepted_finding_has_its_reason() -> None:
    accepted = [number for number, line in enumerate(LINES) if line.strip().startswith("- CKV_")]
    for number in accepted:
        assert re.match(r"  # \w.{30,}\.$", LINES[number - 1]), LINES[number]
    names = [LINES[number].strip() for number in accepted]
    assert len(names) == len(set(names)) > 10


def test_it_is_installed_apart_and_pinned() -> None:
    pinned = (ROOT / "requirements-checkov.txt").read_text(encoding="utf-8")
    assert re.fullmatch(r"checkov==\d+\.\d+\.\d+\n", pinned)
    assert "checkov" not in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
