"""The local AWS: starts ministack on loopback and makes boto3 clients for it.

Must never reach a real account: credentials and addresses are this emulator's, always.
"""

import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.processes import ProcessEnded, ProcessGroup, RunningProcess

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
ACCESS_KEY = "test"
PORT_VARIABLE = "KAITUAN_AWS_PORT"
START_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
PORT_ATTEMPTS = 3
# Without a Docker socket to find, ministack leaves the containers of this machine alone.
NO_DOCKER = "unix:///nonexistent/docker.sock"


@dataclass(frozen=True)
class Emulator:
    """A running ministack and its address, without a slash at the end."""

    process: RunningProcess
    url: str


def client(service: str, url: str, **settings: Any) -> Any:
    """A boto3 client of the local AWS at `url`; `settings` are botocore's."""
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION
    )
    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=120,
        max_pool_connections=32,
        proxies={},
        s3={"addressing_style": "path"},
        **settings,
    )
    return session.client(service, endpoint_url=url, config=config)


def start_emulator(processes: ProcessGroup) -> Emulator:
    """Starts ministack on the port the environment names, else on a free one."""
    wanted = os.environ.get(PORT_VARIABLE)
    for attempt in range(1, PORT_ATTEMPTS + 1):
        port = int(wanted) if wanted else free_port()
        environment = minimal_environment(processes.temporary) | _settings(port)
        process = processes.start("aws", "ministack", [], environment)
        url = f"http://{LOOPBACK}:{port}"
        try:
            _wait_until_healthy(process, url)
        except ProcessEnded:
            # Between finding a free port and using it, someone else may have taken it.
            if wanted or attempt == PORT_ATTEMPTS:
                raise
            continue
        return Emulator(process, url)
    raise AssertionError("unreachable")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def minimal_environment(temporary: Path) -> dict[str, str]:
    """What a process of the stack needs, and nothing of the caller's proxies, profiles or keys."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _settings(port: int) -> dict[str, str]:
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "INFO",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": NO_DOCKER,
        # Evaluates the policy of each function's role, as AWS does.
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _wait_until_healthy(process: RunningProcess, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        process.require_alive()
        try:
            with opener.open(f"{url}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
