"""Hears what the code itself calls unexpected, and keeps its log to itself.

A refusal, a retry or a call left to the sweep is all in a day's work; a row set aside as bad, or
an error nobody foresaw, never is.
"""

import logging
import traceback
from types import TracebackType

from chalicelib.kit.findings import logger

UNFORESEEN = frozenset({"unexpected", "poison_item"})


class Ears(logging.Filter):
    """A context: while it lasts the functions' logger is heard, and silent unless it may speak."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__()
        self.heard: list[str] = []
        self._silent = silent
        self._logger = logging.getLogger(str(logger.name))

    def __enter__(self) -> "Ears":
        self._logger.addFilter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._logger.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg in UNFORESEEN:
            why = record.exc_info[1] if record.exc_info else None
            self.heard.append(f"log: {record.msg}: {type(why).__name__}: {why}{_place(why)}")
        return not self._silent


def _place(error: BaseException | None) -> str:
    """Where in our code it came from."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    ours = [frame for frame in frames if "chalicelib" in frame.filename]
    steps = [f"{frame.filename.rpartition('chalicelib/')[2]}:{frame.lineno}" for frame in ours]
    return f" in {' > '.join(steps)}" if steps else ""
