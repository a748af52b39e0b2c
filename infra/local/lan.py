"""Lets a phone on the same network reach the API, when the caller asked for it.

Must never pass on anything but the API's own paths: the emulator beside it runs code for
whoever can reach it.
"""

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

ANY_ADDRESS = "0.0.0.0"  # nosec B104 # only with --lan
ANSWER_SECONDS_MAX = 60
# The emulator picks the service by host, target and signature headers before it looks at the
# path, so what is not listed stays here.
PASSED_ON = frozenset(
    {
        "accept",
        "accept-language",
        "access-control-request-headers",
        "access-control-request-method",
        "authorization",
        "content-type",
        "idempotency-key",
        "origin",
        "user-agent",
    }
)
KEPT_BACK = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class LanProxy:
    """`with LanProxy(api_url) as proxy:` serves the API at `proxy.url` until the block ends."""

    def __init__(self, api_url: str) -> None:
        self._server = ThreadingHTTPServer((ANY_ADDRESS, 0), _handler_for(api_url))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address for other machines of the network."""
        return f"http://{_address_in_lan()}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(api_url: str) -> type[BaseHTTPRequestHandler]:
    api = urlsplit(api_url)

    class Handler(BaseHTTPRequestHandler):
        """Passes one request on to the API, below its own path, and the answer back."""

        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            headers = passed_on(dict(self.headers.items()))
            if not self.path.startswith("/"):
                self.send_error(400)
                return
            connection = http.client.HTTPConnection(api.netloc, timeout=ANSWER_SECONDS_MAX)
            # Climbing with .. stays below the API: the emulator does not resolve such segments.
            connection.request(self.command, api.path + self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in KEPT_BACK:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the functions log their own requests."""

    return Handler


def passed_on(headers: dict[str, str]) -> dict[str, str]:
    """The headers that reach the API; an authorization only when it is a session's token."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() in PASSED_ON
        and (name.lower() != "authorization" or value.startswith("Bearer "))
    }


def _address_in_lan() -> str:
    """The address this machine sends from; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
