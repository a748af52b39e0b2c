"""Requests of every kind against the deployed stack, made by schemathesis from what the OpenAPI
document says, by two members who own things; each answer is held against the document.

The document is the served one, taken strictly. Must never send anything to another address.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from infra.fuzz.checks import operations_in, settings_of
from infra.fuzz.document import strict, with_examples, with_ids, with_links
from infra.fuzz.scene import Scene
from infra.local.stack import Stack
from infra.template import ROOT

PATIENCE_SECONDS = 60
MODULE = "schemathesis.cli"


@dataclass(frozen=True)
class Fuzzed:
    """What came of it. `report` is what schemathesis says, with a command for each failure."""

    cases: int
    operations: int
    failures: int
    seed: int
    seconds: float
    is_complete: bool
    report: str


def fuzz(
    stack: Stack,
    scene: Scene,
    *,
    cases: int,
    directory: Path,
    phases: str = "examples,coverage,fuzzing,stateful",
    seed: int | None = None,
    shows: bool = False,
    change: Callable[[Any], Any] | None = None,
) -> Fuzzed:
    """At most so many cases of each operation, in each phase that draws them. `shows`: on this
    terminal, as it goes. `change`: what is made of the document first, to see that it is noticed.
    """
    url = stack.endpoints.api_url
    answer = requests.get(f"{url}/v1/openapi.json", timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    served = answer.json() if change is None else change(answer.json())
    document = with_ids(strict(served), scene.ids)
    document = with_examples(with_links(document), scene.bodies)
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "openapi.json", document)
    _write(directory / "auth.json", _members(scene))
    configuration = {
        "base-url": url,
        "hooks": "infra.fuzz.hooks",
        "continue-on-failure": True,
        "request-timeout": PATIENCE_SECONDS,
        "generation": {"max-examples": cases, "database": "none"},
        "cache": {"enabled": False},
        "auth": {"wfc": {"path": str(directory / "auth.json"), "peers": [*scene.tokens]}},
        "operations": [
            {"include-operation-id": operation["operationId"], "checks": settings_of(operation)}
            for operation in operations_in(document)
        ],
    }
    (directory / "schemathesis.toml").write_text(_toml(configuration), encoding="utf-8")
    command = [
        *(sys.executable, "-m", MODULE, "--config-file", str(directory / "schemathesis.toml")),
        *("run", str(directory / "openapi.json"), "--phases", phases),
        *("--report-json-path", str(directory / "report.json")),
        *(("--seed", str(seed)) if seed is not None else ()),
    ]
    # All of the command is ours.
    done = subprocess.run(  # noqa: S603  # nosec B603
        command, cwd=ROOT, check=False, text=True, capture_output=not shows
    )
    return _outcome(directory / "report.json", f"{done.stdout or ''}{done.stderr or ''}")


def _outcome(path: Path, report: str) -> Fuzzed:
    if not path.exists():
        raise RuntimeError(f"schemathesis has not said what came of it:\n{report}")
    said = json.loads(path.read_text(encoding="utf-8"))
    return Fuzzed(
        cases=said["test_cases"]["generated"],
        operations=said["operations"]["tested"],
        failures=said["test_cases"]["unique_failures"] + len(said["errors"]),
        seed=said["seed"],
        seconds=said["running_time"],
        is_complete=said["complete"] and not said["operations"]["skipped"],
        report=report,
    )


def _members(scene: Scene) -> dict[str, Any]:
    return {
        "auth": [
            {
                "name": name,
                "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}],
            }
            for name, token in scene.tokens.items()
        ]
    }


def _toml(configuration: dict[str, Any]) -> str:
    """As inline tables: all that is needed of the format."""
    return "".join(f"{name} = {_inline(value)}\n" for name, value in configuration.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_inline(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(each) for each in value) + "]"
    return json.dumps(value)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
