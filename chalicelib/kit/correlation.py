"""Which request a log line, a row, a message and a call to WeChat belong to: one id from the HTTP
request, or from the invocation where nobody asked, through streams and the queue.

A row of a table with a stream carries the id of whoever wrote it last; what follows from that
change goes on under it. The id is AWS's own for the request and says nothing about people.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from aws_lambda_powertools import Logger

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current() -> str | None:
    """The id of what is being worked on; None outside an invocation."""
    return _current.get()


@contextmanager
def belongs_to(correlation_id: str | None) -> Iterator[None]:
    """Whatever happens inside belongs to that request; without an id, to the one around it."""
    token = _current.set(correlation_id or _current.get())
    try:
        yield
    finally:
        _current.reset(token)


def _on_each_line(record: logging.LogRecord) -> bool:
    if (correlation_id := _current.get()) is not None:
        record.correlation_id = correlation_id
    return True


logging.getLogger(str(Logger().name)).addFilter(_on_each_line)
