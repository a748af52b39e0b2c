"""The sandbox on a socket: a threaded server and the workers that deliver notifications.

Owns every thread, timeout and outgoing connection of the sandbox. Listens on loopback unless
its caller names another address.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.http import create_app
from infra.local.wechat.sandbox import Sandbox

LOOPBACK = "127.0.0.1"
DELIVERY_TIMEOUT_SECONDS = 5
DELIVERY_WORKERS = 8
LONGEST_IDLE_SECONDS = 0.1


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and its mouth shut."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class SandboxServer:
    """`with SandboxServer(credentials) as server:` serves at `server.url` until the block ends."""

    def __init__(self, credentials: Credentials, host: str = LOOPBACK, port: int = 0) -> None:
        self.sandbox = Sandbox(credentials, _now, post_notification)
        self._host = host
        app = create_app(self.sandbox, self._withhold)
        self._server = make_server(host, port, app, threaded=True, request_handler=_QuietHandler)
        self._stopping = threading.Event()
        self._workers = ThreadPoolExecutor(DELIVERY_WORKERS, thread_name_prefix="notify")
        self._threads = [
            threading.Thread(target=self._serve, name="wechat", daemon=True),
            threading.Thread(target=self._deliver_what_is_due, name="outbox", daemon=True),
        ]

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}"

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answers withheld are given up; a notification on its way is waited for."""
        self._stopping.set()
        self.sandbox.work.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> "SandboxServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=LONGEST_IDLE_SECONDS)

    def _withhold(self, seconds: int) -> None:
        self._stopping.wait(seconds)

    def _deliver_what_is_due(self) -> None:
        """The business clock is real time plus what it was advanced by, so that looking again
        after a short while is all it takes to keep the schedule.
        """
        while not self._stopping.is_set():
            for dispatch in self.sandbox.take_due():
                self._workers.submit(self.sandbox.send, dispatch)
            self.sandbox.work.wait(LONGEST_IDLE_SECONDS)
            self.sandbox.work.clear()


def post_notification(url: str, headers: dict[str, str], body: bytes) -> int:
    """The status of the merchant's answer, or 0 for none in time. Redirects are not followed."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.post(
                url,
                data=body,
                headers=headers,
                timeout=DELIVERY_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException:
            return 0
        return response.status_code


def _now() -> datetime:
    return datetime.now(UTC)
