"""The lines of a story as it happens: when, who, what, with what result.

Must never decide anything; without a terminal the lines are plain.
"""

import time

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

NAME_CELLS = 10


class Timeline:
    """Counts from when it is made."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def scene(self, title: str) -> None:
        """What the next lines are about."""
        self._console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)

    def line(self, who: str, *what: str) -> None:
        """Somebody did something; the parts are told apart by dots."""
        line = Text(f"{self.seconds:6.1f} s  ", style="dim")
        line.append(set_cell_size(who, NAME_CELLS), style="cyan")
        line.append(" · ".join(what), style="not dim")
        self._console.print(line, soft_wrap=True)
