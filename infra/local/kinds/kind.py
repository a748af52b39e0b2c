"""What there is to know of a kind of group, in order to play it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.play import Play


@dataclass(frozen=True)
class Kind:
    """`names`: who is on stage. `campaign`: the command that puts its campaign, as docs/plays.md
    shows it. `play`: its scenes, from that command to the goods and the money.
    """

    title: str
    names: tuple[str, ...]
    campaign: Mapping[str, Any]
    play: Callable[[Play], None]
