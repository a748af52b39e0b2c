"""Waiting a moment before another try, the one way this project ever sleeps.

Whoever runs it on a clock of their own says here what waiting means to them.
"""

import time
from collections.abc import Callable

Sleep = Callable[[float], object]
"""Takes seconds."""


class _Current:
    sleep: Sleep = staticmethod(time.sleep)


def pause(seconds: float) -> None:
    """Wait so long."""
    _Current.sleep(seconds)


def use(sleep: Sleep | None) -> None:
    """Wait in another way from now on; None goes back to really sleeping."""
    _Current.sleep = staticmethod(time.sleep if sleep is None else sleep)
