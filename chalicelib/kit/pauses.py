"""Waiting a moment before another try, the one way this project ever sleeps.

Whoever runs it on a clock of their own says here what waiting means to them.
"""

import time
from collections.abc import Callable

Sleep = Callable[[int], object]
"""Takes milliseconds."""


def _really(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)


class _Current:
    sleep: Sleep = staticmethod(_really)


def pause(milliseconds: int) -> None:
    """Wait so long."""
    _Current.sleep(milliseconds)


def use(sleep: Sleep | None) -> None:
    """Wait in another way from now on; None goes back to really sleeping."""
    _Current.sleep = staticmethod(_really if sleep is None else sleep)
