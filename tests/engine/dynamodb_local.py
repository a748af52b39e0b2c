"""DynamoDB Local, Amazon's own engine, in memory on a free loopback port for as long as a test run.

The jar is in the npm package named below; Java runs it. Must never listen beyond loopback,
never send telemetry, and never outlive the process that started it.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
OLDEST_JAVA = 11
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".local" / "dynamodb-local" / VERSION
HOME = CACHE / "package" / "emulator"
SERVER = Path(__file__).with_name("dynamodb_local.xml")

# With one collector thread it does 440 transactions a second on two idle cores, with the default
# collector 170. The configuration names no DTD, so that nothing is looked up for it.
JVM_OPTIONS = (
    "-XX:+UseSerialGC",
    "-Xms256m",
    "-Xmx512m",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.eclipse.jetty.xml.XmlParser.Validating=false",
)

# The engine's life hangs on its standard input: when the test process is gone, however it went,
# `cat` sees the end of the pipe and the engine is ended. `exec` keeps the pid.
_TIED_TO_STDIN = 'exec 3<&0; (cat <&3 >/dev/null; kill $$) >/dev/null 2>&1 & exec "$@" 3<&-'

_LISTENING = re.compile(r"ServerConnector@.*\{(?P<host>[^{}:]+):(?P<port>\d+)\}")


class Missing(Exception):
    """Something the engine needs is not on this machine; says what, and how to get it."""


@dataclass(frozen=True)
class Engine:
    """A running engine. Everything in it is gone when it stops."""

    endpoint: str
    pid: int
    log: Path


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Fetch the engine if it is not here yet, start it, wait until it answers; stop it at the end.

    Raises Missing when Java or npm are not here, RuntimeError when it does not start.
    """
    java = find_java()
    fetch_once()
    with tempfile.TemporaryDirectory(prefix="dynamodb-local-") as folder:
        log = Path(folder) / "engine.log"
        process = _start(java, log)
        try:
            yield Engine(_endpoint(process, log), process.pid, log)
        finally:
            _stop(process)


def what_is_missing() -> str | None:
    """What keeps the engine from being started here, if that can be told without trying."""
    try:
        find_java()
        if not HOME.exists():
            find_npm()
    except Missing as missing:
        return str(missing)
    return None


def find_java() -> str:
    """The path of a Java that is new enough. Raises Missing."""
    java = shutil.which("java")
    if java is None:
        raise Missing(f"java is not installed; install a JRE, version {OLDEST_JAVA} or later")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise Missing(f"java is too old ({said.splitlines()[:1]}); it takes {OLDEST_JAVA} or later")
    return java


def find_npm() -> str:
    """The path of npm. Raises Missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing(f"npm is not installed; it fetches {PACKAGE} {VERSION}, once")
    return npm


def fetch_once() -> None:
    """Have npm fetch the engine unless it is here already. Raises Missing."""
    if HOME.exists():
        return
    npm = find_npm()
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE.parent / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not HOME.exists():
            _fetch(npm)


def _fetch(npm: str) -> None:
    _say(f"fetching DynamoDB Local ({PACKAGE} {VERSION}, 57 MB) into {CACHE}")
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as folder:
        packed = subprocess.run(
            [npm, "pack", "--json", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if packed.returncode != 0:
            raise Missing(
                f"npm could not fetch {PACKAGE} {VERSION}: {packed.stderr.strip()[-500:]}"
            )
        archive = Path(folder) / json.loads(packed.stdout)[0]["filename"]
        if _sha512(archive) != SHA512:
            raise RuntimeError(f"{archive.name} is not the file that was pinned")
        unpacked = Path(folder) / "unpacked"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        unpacked.rename(CACHE)


def _sha512(archive: Path) -> str:
    return base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def _start(java: str, log: Path) -> subprocess.Popen[bytes]:
    command = [
        java,
        *JVM_OPTIONS,
        "-Djava.library.path=DynamoDBLocal_lib",
        "-cp",
        os.pathsep.join(["DynamoDBLocal.jar", "DynamoDBLocal_lib/*"]),
        "org.eclipse.jetty.xml.XmlConfiguration",
        str(SERVER),
    ]
    with log.open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", _TIED_TO_STDIN, "sh", *command],
            cwd=HOME,
            env={**os.environ, "DDB_LOCAL_TELEMETRY": "0"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _endpoint(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address the engine says it listens on; it says so once it answers."""
    said = ""
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < give_up_at:
        said = log.read_text(encoding="utf-8", errors="replace")
        listening = _LISTENING.search(said)
        if listening:
            return f"http://{listening['host']}:{listening['port']}"
        if process.poll() is not None:
            raise RuntimeError(f"DynamoDB Local ended while starting:\n{said[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError(f"DynamoDB Local did not start in {START_SECONDS_MAX} s:\n{said[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _say(line: str) -> None:
    """Say it to the terminal, past what pytest captures: such a download is not done in silence."""
    terminal = sys.__stderr__
    if terminal is not None:
        terminal.write(f"\n{line}\n")
        terminal.flush()
