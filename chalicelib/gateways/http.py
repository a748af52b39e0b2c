"""One HTTP call to WeChat: a pooled session, explicit timeouts, no retry, no redirect.

Knows nothing of what is said over it. What it raises never holds a URL, because one holds a secret.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from chalicelib.kit.errors import WechatUnavailable

if TYPE_CHECKING:
    from requests import PreparedRequest, Session

VERSION = "0.1.0"
USER_AGENT = f"kaituan/{VERSION}"

CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 4.0

IDLE_SECONDS = 30.0
"""A Lambda that was frozen wakes with connections that the other side has long given up."""

_NUMBERS = re.compile(r"/(?=[^/]*[0-9_])[^/]{16,}")
"""Parts of a path that name one order, refund or transfer: long, and with a digit."""
_SECRET_PARAMETERS = ("secret=", "token=")

logger = Logger()

Authorize = Callable[["PreparedRequest"], "PreparedRequest"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case, the body as the bytes that were signed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Calls to one host. The session is made by the first call and kept for the next ones."""

    def __init__(
        self,
        base_url: str,
        service: str,
        session_factory: "Callable[[], Session] | None" = None,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._service = service
        self._session_factory = session_factory
        self._monotonic_seconds = monotonic_seconds
        self._session: Session | None = None
        self._used_at = 0.0

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        authorize: Authorize | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever the status.

        `path` starts with a slash, is quoted and may hold a query. `authorize` sees the request
        exactly as it will be sent. Raises WechatUnavailable when no whole answer arrives.
        """
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        session = self._fresh_session()
        try:
            response = session.request(
                method,
                self._base_url + path,
                data=body,
                headers={"User-Agent": USER_AGENT, **headers},
                auth=authorize or _as_it_is,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
            )
        except (RequestException, HTTPError) as error:
            failure = type(error).__name__
        else:
            lower = {name.lower(): value for name, value in response.headers.items()}
            milliseconds = self._milliseconds_since_sent()
            self._log(method, path, response.status_code, lower, milliseconds)
            return Answer(response.status_code, lower, response.content)
        # Raised out here, so that the library's error, which quotes the URL, is not its context.
        raise WechatUnavailable(f"{self._service} did not answer: {failure}.")

    def _log(
        self, method: str, path: str, status: int, headers: Mapping[str, str], milliseconds: int
    ) -> None:
        """Which call it was, without its query and the numbers in its path, and the name under
        which WeChat's support finds it.
        """
        logger.info(
            "wechat_answered",
            to=self._service,
            method=method,
            call=_NUMBERS.sub("/*", path.partition("?")[0]),
            status=status,
            milliseconds=milliseconds,
            wechat_request_id=headers.get("request-id", ""),
        )

    def _milliseconds_since_sent(self) -> int:
        """From now on the connection is idle."""
        sent_at, self._used_at = self._used_at, self._monotonic_seconds()
        return int((self._used_at - sent_at) * 1000)

    def _fresh_session(self) -> "Session":
        now = self._monotonic_seconds()
        if self._session is None:
            self._session = self._session_factory() if self._session_factory else _new_session()
        elif now - self._used_at > IDLE_SECONDS:
            self._session.close()  # Drops the pooled connections; the session itself stays usable.
        self._used_at = now
        return self._session


def _new_session() -> "Session":
    from requests import Session

    return Session()


def _as_it_is(prepared: "PreparedRequest") -> "PreparedRequest":
    """Given as `auth` so that no .netrc on the host adds credentials of its own."""
    return prepared


def keep_queries_out_of_logs() -> None:
    """Stop urllib3's debug lines that quote a URL with a secret in its query. Safe to repeat."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_has_no_secret)


def _has_no_secret(record: logging.LogRecord) -> bool:
    said = record.getMessage()
    return not any(name in said for name in _SECRET_PARAMETERS)


def not_set_up(service: str, missing: tuple[str, ...]) -> WechatUnavailable:
    """What to raise where credentials are absent; `missing` names the parameters, never values."""
    if len(missing) == 1:
        names = f"parameter {missing[0]} is missing"
    else:
        names = f"parameters {', '.join(missing)} are missing"
    return WechatUnavailable(f"{service} is not set up here: {names}.")
