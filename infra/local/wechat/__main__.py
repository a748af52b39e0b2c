"""`python -m infra.local.wechat`: run the sandbox until it is told to stop.

Owns the command line and the two files: credentials, read or made, and the one that tells where
the server listens.
"""

import argparse
import json
import os
import signal
import threading
from pathlib import Path

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.server import LOOPBACK, SandboxServer


def main() -> None:
    options = _parse_options()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    credentials = Credentials.load_or_generate(options.credentials)
    with SandboxServer(credentials, options.host, options.port) as server:
        if options.ready_file:
            _write_ready_file(options.ready_file, server)
        print(f"WeChat sandbox at {server.url}", flush=True)
        stop.wait()


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.wechat", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--credentials", type=Path, required=True, help="made when missing")
    parser.add_argument("--ready-file", type=Path, help="written once the server listens")
    return parser.parse_args()


def _write_ready_file(path: Path, server: SandboxServer) -> None:
    """Appears whole or not at all."""
    content = {"url": server.url, "port": server.port, "pid": os.getpid()}
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main()
