"""Where a local stack listens, and the file that tells it to the commands beside the stack.

Must never be written before the stack answers, nor be left behind when it stops.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.template import ROOT

LOCAL_DIRECTORY = ROOT / ".local"
FILE_NAME = "endpoints.json"


class NoStack(Exception):
    """No local stack runs in this directory; the message says how to start one."""


@dataclass(frozen=True)
class Endpoints:
    """Addresses without a slash at the end, and the names one needs to talk to the stack."""

    api_url: str
    sandbox_url: str
    aws_endpoint_url: str
    region: str
    stack_name: str
    admin_function: str


def write_endpoints(directory: Path, endpoints: Endpoints) -> None:
    """Writes the file in one move, so that a reader finds all of it or nothing."""
    path = directory / FILE_NAME
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(asdict(endpoints), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def read_endpoints(directory: Path = LOCAL_DIRECTORY) -> Endpoints:
    """The running stack's endpoints; raises `NoStack`."""
    try:
        content = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoStack("no local stack is running here: start one with `make run`") from None
    return Endpoints(**content)


def remove_endpoints(directory: Path) -> None:
    """Removes the file, if it is there."""
    (directory / FILE_NAME).unlink(missing_ok=True)
