"""Runs one command and ends it, with all it started, when the guard's standard input closes.

The stack holds the other end: when it stops or is killed, however hard, the pipe closes. Must
never read that input for anything else, nor import anything beyond the standard library.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time

# Nothing that the stack runs has anything to save.
GRACE_SECONDS = 1.0
LOOK_SECONDS = 0.2
POLL_SECONDS = 0.02


def main() -> int:
    """`python -m infra.local.guard TEMPORARY COMMAND...`, leading a process group of its own.

    The directory TEMPORARY is removed when the input closes.
    """
    temporary, *command = sys.argv[1:]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # nosec B603 # that is its job
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while child.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1):
            _end(child)
            shutil.rmtree(temporary, ignore_errors=True)
            # The guard leads the group, so this ends the guard as well; that is the purpose.
            _signal_group(signal.SIGKILL)
    _signal_group(signal.SIGTERM)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _end(child: "subprocess.Popen[bytes]") -> None:
    _signal_group(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _signal_group(number: signal.Signals) -> None:
    """Only ever its own group, and only when it leads that group."""
    if os.getpgrp() == os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(os.getpgrp(), number)


if __name__ == "__main__":
    sys.exit(main())
