"""Remembering for a few seconds, within one process: what many people look at and nobody decides
on.

Whatever must not be stale (stock, counts, balances) is in a guard or read afresh, never here.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

from chalicelib.kit.clock import after

V = TypeVar("V")


class ShortMemory(Generic[V]):
    """Keeps at most `most` values, each for `seconds`. Only what was found is kept."""

    def __init__(self, *, seconds: int, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[datetime, V]] = OrderedDict()

    def get(self, key: Hashable, find: Callable[[], V | None], *, now: datetime) -> V | None:
        """The value kept for the key, or what `find` brings, kept from now on."""
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        value = find()
        if value is not None:
            self._kept[key] = (after(now, self._seconds), value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def forget(self) -> None:
        """Keep nothing of what was."""
        self._kept.clear()


class Silence:
    """For so many seconds after somebody did not answer, nobody else waits for them in vain."""

    def __init__(self, *, seconds: int) -> None:
        self._seconds = seconds
        self._kept_until: datetime | None = None

    def begin(self, now: datetime) -> None:
        self._kept_until = after(now, self._seconds)

    def is_kept(self, now: datetime) -> bool:
        return self._kept_until is not None and now < self._kept_until

    def end(self) -> None:
        """Ask again: for tests that start over in one process."""
        self._kept_until = None
