"""The engine that the other tests of this folder run against: where it listens, how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.engine.dynamodb_local import CHECKOUT, Engine
from tests.tables import local_client

START_ONE_AND_WAIT = """
import time
from tests.engine.dynamodb_local import running_engine
with running_engine() as engine:
    print(engine.pid, flush=True)
    time.sleep(60)
"""


def test_it_listens_on_one_loopback_address_only(engine: Engine) -> None:
    address = urlsplit(engine.endpoint)

    assert address.hostname == "127.0.0.1"
    # Another address of the same interface: a server that listens everywhere would answer there.
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.2", address.port or 0), timeout=1)


def test_every_table_of_the_system_can_be_made_in_it(
    tables: dict[str, str], engine: Engine
) -> None:
    client = local_client(engine.endpoint)

    described = client.describe_table(TableName=tables["orders"])["Table"]

    assert described["TableStatus"] == "ACTIVE"
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert {index["IndexName"] for index in described["GlobalSecondaryIndexes"]} == {
        "by_member",
        "due",
    }


def test_it_ends_when_the_process_that_started_it_is_killed(engine: Engine) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_ONE_AND_WAIT],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert _is_running(pid)
        owner.send_signal(signal.SIGKILL)

    assert _ends_within(pid, seconds=10)


def _ends_within(pid: int, seconds: int) -> bool:
    give_up_at = time.monotonic() + seconds
    while _is_running(pid) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return not _is_running(pid)


def _is_running(pid: int) -> bool:
    """Whether the process is there and not a zombie that nobody has collected yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "\nState:\tZ" in status.read_text(encoding="utf-8"))
