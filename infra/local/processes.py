"""The stack's processes: starts them under a guard, knows its own by a mark in their command
line, and finds what a run that was killed left behind.

Must never signal a process that does not carry the mark of a stack of this directory.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.template import ROOT

STATE_FILE = "stack.json"
GRACE_SECONDS = 8.0
POLL_SECONDS = 0.05
MARK_BYTES = 8


class AlreadyRunning(Exception):
    """Another stack uses this directory; the message says which process and how to stop it."""


class ProcessEnded(Exception):
    """A process of the stack ended by itself; the message shows the end of its log."""


@dataclass(frozen=True)
class RunningProcess:
    """A command under its guard. `log` is where its output goes."""

    name: str
    log: Path
    guard: "subprocess.Popen[bytes]"

    def require_alive(self) -> None:
        """Raises `ProcessEnded` when it is no longer there."""
        if self.guard.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            status = self.guard.returncode
            raise ProcessEnded(f"{self.name} ended with status {status}:\n{tail}")


@dataclass
class ProcessGroup:
    """Everything one stack starts, and the directory for its temporary files.

    `mark` is in the command line of each of its processes and in the path of that directory.
    """

    directory: Path
    mark: str = field(default_factory=lambda: f"kaituan-stack-{secrets.token_hex(MARK_BYTES)}")
    temporary: Path = field(init=False)
    running: list[RunningProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.temporary = Path(tempfile.gettempdir()).resolve() / self.mark
        self.temporary.mkdir(mode=0o700)
        state = StackState(
            mark=self.mark,
            owner_id=os.getpid(),
            owner_started=started_at(os.getpid()) or "",
            temporary=str(self.temporary),
        )
        (self.directory / STATE_FILE).write_text(json.dumps(asdict(state)), encoding="utf-8")

    def start(
        self, name: str, module: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> RunningProcess:
        """Starts `python -m module arguments`; its output goes to logs/<name>.log."""
        log = self.directory / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        interpreter = [sys.executable, "-X", self.mark]
        guarded = [*interpreter, "-m", module, *arguments]
        command = [*interpreter, "-m", "infra.local.guard", str(self.temporary), *guarded]
        with log.open("wb") as output:
            guard = subprocess.Popen(  # nosec B603 # our own modules, in our own interpreter
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=ROOT,
                start_new_session=True,
            )
        process = RunningProcess(name, log, guard)
        self.running.append(process)
        return process

    def stop(self) -> None:
        """Ends every process, the newest first, and removes the temporary files."""
        for process in reversed(self.running):
            if process.guard.stdin:
                process.guard.stdin.close()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in reversed(self.running):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.guard.wait(timeout=max(0.1, deadline - time.monotonic()))
        end_marked(self.mark)
        for process in self.running:
            process.guard.wait()
        shutil.rmtree(self.temporary, ignore_errors=True)
        (self.directory / STATE_FILE).unlink(missing_ok=True)


@dataclass(frozen=True)
class StackState:
    """What a stack notes about itself, so that the next one can tell whether it still runs."""

    mark: str
    owner_id: int
    owner_started: str
    temporary: str


def clear_leftovers(directory: Path) -> str | None:
    """Ends what a killed run left behind; answers a sentence about it, None if there was nothing.

    Raises `AlreadyRunning` when the stack noted in `directory` is alive.
    """
    try:
        noted = json.loads((directory / STATE_FILE).read_text(encoding="utf-8"))
        state = StackState(**noted)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        (directory / STATE_FILE).unlink()
        return None
    if state.owner_started and started_at(state.owner_id) == state.owner_started:
        raise AlreadyRunning(
            f"a local stack is running already (process {state.owner_id}, since "
            f"{state.owner_started}). Press Ctrl-C where it runs, or: kill {state.owner_id}"
        )
    ended = end_marked(state.mark)
    temporary = Path(state.temporary)
    if temporary.name == state.mark:
        shutil.rmtree(temporary, ignore_errors=True)
    (directory / STATE_FILE).unlink()
    leftovers = f", ended {ended} processes it had left" if ended else ""
    return f"an earlier run (process {state.owner_id}) did not stop in order{leftovers}"


def end_marked(mark: str) -> int:
    """Ends the processes whose command line carries the mark; answers how many there were."""
    found = _marked(mark)
    for number, grace_seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        deadline = time.monotonic() + grace_seconds
        for process_id in _marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, number)
        while _marked(mark) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    return len(found)


def started_at(process_id: int) -> str | None:
    """When a process started, in the words of `ps`; None when it is not there."""
    lines = _ps("-p", str(process_id), "-o", "lstart=")
    return lines[0].strip() if lines else None


def _marked(mark: str) -> list[int]:
    me = os.getpid()
    lines = (line.split(maxsplit=1) for line in _ps("-A", "-ww", "-o", "pid=,command="))
    found = (int(line[0]) for line in lines if len(line) == 2 and mark in line[1])
    return [process_id for process_id in found if process_id != me]


def _ps(*arguments: str) -> list[str]:
    finished = subprocess.run(  # nosec B603 B607 # wherever this system has its ps
        ["ps", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    return [line for line in finished.stdout.splitlines() if line.strip()]
