"""Whose turn it is beside a file: progress and result are replaced only where nobody else has
written them since, so that of two drops of one name the later one's stay.
"""

from dataclasses import replace

from chalicelib.files.model import Drop, Progress, progress_of
from chalicelib.files.tables import write_table
from chalicelib.gateways.files import CSV, JSON, Files
from chalicelib.kit.clock import Clock, shown
from chalicelib.kit.errors import TryAgain

RESULT_HEADER = ("line", "about", "outcome", "what_was_wrong")
_MOST_PROGRESS_BYTES = 32 * 1024 * 1024
_ATTEMPTS = 3


class TakenOver(Exception):
    """Another run has the file now: of a later drop, or of the same one told of twice."""


class Turn:
    """One run's hold on what lies beside a file. It is this run's while the progress is what it
    last read or wrote.
    """

    def __init__(self, drop: Drop, files: Files, clock: Clock, tag: str | None) -> None:
        self._drop = drop
        self._files = files
        self._clock = clock
        self._tag = tag

    @classmethod
    def begin(cls, drop: Drop, files: Files, clock: Clock) -> tuple["Turn", Progress | None]:
        """With how far it is; nothing is claimed before the first `save`."""
        found = files.read(drop.progress_key, most_bytes=_MOST_PROGRESS_BYTES)
        if found is None:
            return cls(drop, files, clock, None), None
        return cls(drop, files, clock, found.tag), progress_of(found.content or b"")

    def check(self) -> None:
        """Raises TakenOver."""
        there = self._files.read(self._drop.progress_key, most_bytes=0)
        if there is not None and there.tag != self._tag:
            raise TakenOver

    def save(self, progress: Progress) -> None:
        """Raises TakenOver, or TryAgain when it cannot be told."""
        content = progress.shown(self._drop.name, shown(self._clock.now()))
        for _ in range(_ATTEMPTS):
            tag = self._replace(self._drop.progress_key, content, JSON, self._tag)
            if tag is not None:
                self._tag = tag
                return
            there = self._files.read(self._drop.progress_key, most_bytes=len(content))
            if there is not None and there.content == content:
                self._tag = there.tag
                return
            if there is not None and there.tag != self._tag:
                raise TakenOver
            self._tag = there.tag if there is not None else None
        raise TryAgain

    def finish(self, progress: Progress) -> None:
        """The result first, so that `finished` is never said of one that is not there.

        What it replaces is read before the turn is made sure of: a run that has taken over since
        has either written a result, and this one is refused, or has not, and replaces it.
        """
        rows = [(one.line, one.about, one.outcome.value, one.what) for one in progress.results]
        content = write_table(RESULT_HEADER, rows)
        for _ in range(_ATTEMPTS):
            before = self._files.read(self._drop.result_key, most_bytes=0)
            self.save(progress)
            tag = before.tag if before is not None else None
            if self._replace(self._drop.result_key, content, CSV, tag) is not None:
                self.save(replace(progress, finished=True))
                return
        raise TryAgain

    def _replace(self, key: str, content: bytes, content_type: str, tag: str | None) -> str | None:
        return self._files.replace(key, content, content_type=content_type, tag=tag)
