"""Read, decide, write; and again when somebody wrote in between.

For verbs whose outcome depends on what is there now (a payment, a settlement). Bounded; never for
refusals.
"""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.kit.errors import TryAgain
from chalicelib.kit.writes import Changed

T = TypeVar("T")

_ATTEMPTS = 12


def until_settled(attempt: Callable[[], T]) -> T:
    """Run `attempt` until its commit meets the rows it read. Raises TryAgain when they never stand
    still.
    """
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Changed:
            continue
    raise TryAgain("The rows kept changing while they were worked on.")
