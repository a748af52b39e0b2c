"""A merchant's callback address on a loopback socket, for the tests that need a real one."""

import threading
from collections.abc import Iterable
from queue import Queue
from types import TracebackType
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.sandbox.merchant import Post

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATIENCE_SECONDS = 10


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Receiver:
    """Answers the planned statuses, then 204 for ever. `next()` waits for a post."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self._posts: Queue[Post] = Queue()
        self._server = make_server(
            "127.0.0.1", 0, self._app, threaded=True, request_handler=_QuietHandler
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/notify"

    def next(self) -> Post:
        return self._posts.get(timeout=PATIENCE_SECONDS)

    def is_empty(self) -> bool:
        return self._posts.empty()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def _app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        self._posts.put(Post(request.url, dict(request.headers), request.get_data()))
        status = self._statuses.pop(0) if self._statuses else 204
        return Response(status=status)(environ, start_response)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
