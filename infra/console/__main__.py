"""Writes what the console is made comfortable with: a template for CloudFormation, and every event
as a file, for where saved events cannot be had.

`python -m infra.console --stage prod` writes build/<stage>/console.json and build/<stage>/events/.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from infra.console.examples import EVENTS, MONEY_EVENTS
from infra.console.template import console_template
from infra.package import BUILD
from infra.template import ROOT, STAGES, stage_settings


def write(stage_name: str, directory: Path, *, with_events: bool = True) -> list[Path]:
    """The files that were written."""
    stage = stage_settings(stage_name)
    template = directory / "console.json"
    _write(template, console_template(stage, with_events=with_events))
    written = [template]
    for function, events in (("admin", EVENTS), ("admin_money", MONEY_EVENTS)):
        for name, event in events.items():
            path = directory / "events" / function / f"{name}.json"
            _write(path, dict(event))
            written.append(path)
    return written


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """The command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.console", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument(
        "--without-events",
        action="store_true",
        help="for a partition without EventBridge's schema registry (aws-cn)",
    )
    arguments = parser.parse_args()
    directory = BUILD / arguments.stage
    written = write(arguments.stage, directory, with_events=not arguments.without_events)
    sys.stdout.write(
        f"{written[0].relative_to(ROOT)}: deploy it as a stack of its own\n"
        f"{(directory / 'events').relative_to(ROOT)}: {len(written) - 1} events to paste\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
