"""Starts the WeChat sandbox as a process of the stack and learns where it listens.

Must never talk to it beyond that: the app and the tests do.
"""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.emulator import LOOPBACK, minimal_environment
from infra.local.processes import ProcessGroup
from infra.local.wechat.credentials import Credentials

PORT_VARIABLE = "KAITUAN_SANDBOX_PORT"
START_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class SandboxProcess:
    """A running sandbox: its loopback address, and what both sides of WeChat know."""

    url: str
    port: int
    credentials: Credentials = field(repr=False)


def start_sandbox(processes: ProcessGroup, credentials: Path, *, host: str) -> SandboxProcess:
    """Starts it on the port the environment names, else on a free one; keeps its credentials."""
    ready = processes.temporary / "sandbox.json"
    arguments = ["--host", host, "--port", os.environ.get(PORT_VARIABLE, "0")]
    arguments += ["--credentials", str(credentials), "--ready-file", str(ready)]
    environment = minimal_environment(processes.temporary)
    process = processes.start("wechat", "infra.local.wechat", arguments, environment)
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready.exists():
        process.require_alive()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the WeChat sandbox did not start within {START_SECONDS_MAX} s")
        time.sleep(POLL_SECONDS)
    port = json.loads(ready.read_text(encoding="utf-8"))["port"]
    return SandboxProcess(f"http://{LOOPBACK}:{port}", port, Credentials.load(credentials))
