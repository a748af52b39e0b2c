"""`make audit-dependencies`: asks the advisory services that pip-audit knows what is wrong with the
packages that are pinned, and says plainly when none of them answered.

Must never take silence for good news: a package that nobody could say anything about is named.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.template import ROOT

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
SERVICES = ("pypi", "osv")
NOTHING_KNOWN, ADVISORIES, NOT_ASKED = 0, 1, 2
TIMEOUT_SECONDS = "15"

Ask = Callable[[str], str]
"""From the name of a service to pip-audit's answer in JSON, or whatever it said instead."""


@dataclass(frozen=True)
class Advisories:
    """What one service said. `unknown` are the packages it knows nothing of."""

    service: str
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    advisories: tuple[str, ...]


def main() -> int:
    """Answers 0 when every package was looked up and nothing is known against it, 1 when something
    is, 2 when a package could not be looked up.
    """
    status, lines = audited(ask_pip_audit)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def audited(ask: Ask) -> tuple[int, list[str]]:
    """The exit status and what to say, from the first service that knows any of the packages."""
    said = []
    for service in SERVICES:
        answer = read_answer(service, ask(service))
        if answer is not None and answer.known:
            return _verdict(answer)
        why = "did not answer" if answer is None else "knows none of the packages"
        said.append(f"{service}: {why}")
    return NOT_ASKED, [
        f"No advisory service could be asked ({', '.join(said)}).",
        "Nothing is known about the packages, good or bad. Run this where the internet is.",
    ]


def read_answer(service: str, text: str) -> Advisories | None:
    """What pip-audit printed; None when that is no result."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return Advisories(
        service=service,
        known=tuple(one["name"] for one in dependencies if "vulns" in one),
        unknown=tuple(one["name"] for one in dependencies if "vulns" not in one),
        advisories=tuple(
            f"{one['name']} {one['version']}: {found['id']}, "
            f"fixed in {', '.join(found['fix_versions']) or 'no version yet'}"
            for one in dependencies
            for found in one.get("vulns", [])
        ),
    )


def _verdict(answer: Advisories) -> tuple[int, list[str]]:
    lines = [f"{answer.service} knows {len(answer.known)} of the pinned packages."]
    if answer.unknown:
        lines.append(f"It could say nothing about: {', '.join(sorted(answer.unknown))}.")
    if answer.advisories:
        lines += ["Known against them:", *(f"  {one}" for one in answer.advisories)]
        return ADVISORIES, lines
    lines.append("Nothing is known against them.")
    return (NOT_ASKED if answer.unknown else NOTHING_KNOWN), lines


def ask_pip_audit(service: str) -> str:
    """Runs pip-audit over what is pinned. It resolves and installs nothing."""
    files: Sequence[str] = [part for name in REQUIREMENTS for part in ("-r", str(ROOT / name))]
    command = [sys.executable, "-m", "pip_audit", *files, "--disable-pip", "--no-deps"]
    command += ["--vulnerability-service", service, "--timeout", TIMEOUT_SECONDS]
    command += ["--format", "json", "--progress-spinner", "off"]
    finished = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter, arguments made here
        command, capture_output=True, text=True, check=False
    )
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main())
