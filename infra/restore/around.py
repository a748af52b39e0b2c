"""What a restoration needs of the outside, and how it tells that it is still at work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console

Agree = Callable[[str], bool]
"""From a question to whether the answer was yes."""

Tell = Callable[[str], None]

LINE_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Surroundings:
    """A console, somebody to ask, and time. `at_once`: how many requests are under way together."""

    console: Console
    agree: Agree
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    at_once: int = 8

    def say(self, sentence: str, style: str = "") -> None:
        """A line."""
        self.console.print(sentence, style=style, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def working(self, name: str) -> Iterator[Tell]:
        """How far it is, in place on a terminal; elsewhere a line a minute."""
        animate = self.console.is_terminal
        said_at = self.now()
        with self.console.status(f"{name} …") if animate else nullcontext() as status:

            def tell(how_far: str) -> None:
                nonlocal said_at
                sentence = f"{name}: {how_far}"
                if status is not None:
                    status.update(sentence)
                elif self.now() >= said_at + LINE_EVERY:
                    said_at = self.now()
                    self.say(sentence)

            yield tell
