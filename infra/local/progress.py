"""Says what the local stack is doing, phase by phase, with the seconds each took.

Must never decide anything; with no console given it is silent.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console


class Progress:
    """Announces phases on a console: a spinner while one runs, a line with its seconds after."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times the block; a failure is marked and passes through."""
        started = time.monotonic()
        console = self._console
        animate = console is not None and console.is_terminal
        with console.status(f"{name} …") if console and animate else nullcontext():
            try:
                yield
            except BaseException:
                if console:
                    console.print(f"[red]✗[/] {name}", highlight=False)
                raise
        self.seconds[name] = time.monotonic() - started
        if console:
            console.print(f"[green]✓[/] {name:<44} {self.seconds[name]:6.1f} s", highlight=False)

    def say(self, sentence: str) -> None:
        """A line that is not a phase."""
        if self._console:
            self._console.print(sentence, highlight=False)
