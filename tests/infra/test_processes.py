"""The stack's processes never outlive it, and nobody else's are touched."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.emulator import minimal_environment
from infra.local.processes import (
    STATE_FILE,
    AlreadyRunning,
    ProcessEnded,
    ProcessGroup,
    clear_leftovers,
    end_marked,
    started_at,
)
from infra.template import ROOT

WAIT_SECONDS = 15.0
# http.server stands in for any module that runs until it is stopped.
ENDLESS = ("http.server", ["--bind", "127.0.0.1", "0"])
OWNER = """
import os, sys, time
from pathlib import Path
from infra.local.emulator import minimal_environment
from infra.local.processes import ProcessGroup
group = ProcessGroup(Path(sys.argv[1]))
environment = minimal_environment(group.temporary)
group.start("server", "http.server", ["--bind", "127.0.0.1", "0"], environment)
print(group.mark, flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def running_with(mark: str) -> list[str]:
    lines = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in lines if mark in line]


@pytest.fixture
def group(tmp_path: Path) -> Iterator[ProcessGroup]:
    group = ProcessGroup(tmp_path)
    yield group
    group.stop()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a stack of its own, in `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with process:
        yield process
        process.kill()


def test_stopping_ends_everything_and_leaves_no_file(tmp_path: Path) -> None:
    group = ProcessGroup(tmp_path)
    module, arguments = ENDLESS
    group.start("server", module, arguments, minimal_environment(group.temporary))
    assert until(lambda: len(running_with(group.mark)) == 2)

    group.stop()

    assert running_with(group.mark) == []
    assert not group.temporary.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_process_that_ends_by_itself_is_reported_with_its_last_words(group: ProcessGroup) -> None:
    environment = minimal_environment(group.temporary)
    process = group.start("server", "http.server", ["--no-such-option"], environment)
    process.guard.wait(timeout=WAIT_SECONDS)
    with pytest.raises(ProcessEnded, match="no-such-option"):
        process.require_alive()


def test_a_killed_owner_takes_its_processes_with_it(owner: "subprocess.Popen[str]") -> None:
    assert owner.stdout
    mark = owner.stdout.readline().strip()
    assert until(lambda: len(running_with(mark)) == 2)

    owner.send_signal(signal.SIGKILL)

    assert until(lambda: running_with(mark) == [])


def test_a_second_stack_in_the_same_directory_is_refused(
    owner: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert owner.stdout
    mark = owner.stdout.readline().strip()

    with pytest.raises(AlreadyRunning, match=f"kill {owner.pid}"):
        clear_leftovers(tmp_path)

    assert until(lambda: len(running_with(mark)) == 2)


def test_what_a_killed_run_left_is_ended_and_said(tmp_path: Path) -> None:
    mark = "kaituan-stack-left-by-a-test"
    with subprocess.Popen([sys.executable, "-X", mark, "-c", "import time; time.sleep(600)"]):
        state = {"mark": mark, "owner_id": 2**22 - 1, "owner_started": "long ago"}
        state |= {"temporary": str(tmp_path / mark)}
        (tmp_path / STATE_FILE).write_text(json.dumps(state), encoding="utf-8")

        sentence = clear_leftovers(tmp_path)

    assert sentence is not None
    assert "ended 1 processes" in sentence
    assert running_with(mark) == []
    assert not (tmp_path / STATE_FILE).exists()


def test_a_new_process_with_an_old_number_is_not_taken_for_the_owner(tmp_path: Path) -> None:
    state = {"mark": "kaituan-stack-of-nobody", "owner_id": os.getpid()}
    state |= {"owner_started": "Thu Jan  1 00:00:00 1970", "temporary": "/nonexistent"}
    (tmp_path / STATE_FILE).write_text(json.dumps(state), encoding="utf-8")

    assert clear_leftovers(tmp_path) == (
        f"an earlier run (process {os.getpid()}) did not stop in order"
    )


def test_without_an_earlier_run_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert clear_leftovers(tmp_path) is None


def test_a_process_without_the_mark_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander:
        assert end_marked("kaituan-stack-that-nobody-carries") == 0
        assert bystander.poll() is None
        bystander.kill()


def test_the_start_of_a_process_is_known_while_it_lives() -> None:
    assert started_at(os.getpid())
    assert started_at(2**22 - 1) is None
