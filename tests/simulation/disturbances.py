"""What goes wrong, and where: drawn from the seed for each place by itself, so that leaving one
out does not move the others. That is what lets a failing run be made shorter.

Decides only; whoever asks makes it happen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Disturbance(StrEnum):
    """One thing that AWS, WeChat or chance may do to us."""

    SWITCH = "switch"
    """Others go on first, for a while."""
    RUSH = "rush"
    """The same among several who want the same thing at once, where it is likelier."""
    CRASH_BEFORE = "crash_before"
    """The function is killed as it is about to make this call."""
    CRASH_AFTER = "crash_after"
    """The call has its effect, and the function is killed before it knows."""
    UNREACHABLE = "unreachable"
    """Nothing is done, no connection."""
    ANSWER_LOST = "answer_lost"
    """It is done, and the answer never comes."""
    SENT_TWICE = "sent_twice"
    """It is done, the answer is lost, and the client library sends the same again by itself."""
    THROTTLED = "throttled"
    """DynamoDB asks to slow down."""
    CONFLICT = "conflict"
    """DynamoDB sees another transaction on the same items."""
    ERROR_BEFORE = "error_before"
    """WeChat answers a system error and has done nothing."""
    ERROR_AFTER = "error_after"
    """WeChat answers a system error and has done it."""
    RATE_LIMIT = "rate_limit"
    """WeChat says that these are too many calls."""
    CLOSE_IGNORED = "close_ignored"
    """WeChat answers that an order is closed, and it can still be paid."""
    AGAIN = "again"
    """Delivered once more although it was done with."""
    LATE = "late"
    """Delivered when others have gone first."""
    DROPPED = "dropped"
    """Never delivered: given up after all the tries."""
    EXTRA_SWEEP = "extra_sweep"
    """A schedule fires once more than it should."""


D = Disturbance

INTERLEAVED = frozenset({D.SWITCH, D.RUSH})
"""Nothing goes wrong by these: others are only quicker."""
AT_READING = (D.CRASH_BEFORE, D.CRASH_AFTER, D.UNREACHABLE, D.ANSWER_LOST, D.THROTTLED)
AT_WRITING = (*AT_READING, D.SENT_TWICE, D.CONFLICT)
AT_WECHAT = (
    D.CRASH_BEFORE,
    D.CRASH_AFTER,
    D.UNREACHABLE,
    D.ANSWER_LOST,
    D.ERROR_BEFORE,
    D.ERROR_AFTER,
    D.RATE_LIMIT,
)
AT_CLOSING = (*AT_WECHAT, D.CLOSE_IGNORED)
AT_QUEUE = (D.CRASH_BEFORE, D.CRASH_AFTER, D.UNREACHABLE, D.ANSWER_LOST)

_LIKELINESS = (0.0, 0.0, 0.005, 0.02, 0.06)
_SWITCHES = (0.0, 0.03, 0.1, 0.25)
_IN_A_RUSH = 0.4
_CLOSINGS = (0.0, 0.1, 0.4)
_DELIVERIES = (0.0, 0.05, 0.2)


@dataclass
class Disturbances:
    """Of one run. `kept` are the only ones that may happen; None: all that are drawn."""

    seed: int
    kept: frozenset[str] | None = None
    likely: Mapping[Disturbance, float] = field(default_factory=dict)
    """What happens at least so often, whatever the weather."""
    happened: list[str] = field(default_factory=list)
    are_over: bool = False

    def __post_init__(self) -> None:
        """Each run has a weather of its own: some things often, some never."""
        weather = Random(f"{self.seed} weather")
        self._likeliness = {kind: weather.choice(_LIKELINESS) for kind in Disturbance}
        self._likeliness[D.SWITCH] = weather.choice(_SWITCHES)
        self._likeliness |= {D.RUSH: _IN_A_RUSH, D.CLOSE_IGNORED: weather.choice(_CLOSINGS)}
        for kind in (D.AGAIN, D.LATE, D.EXTRA_SWEEP):
            self._likeliness[kind] = weather.choice(_DELIVERIES)
        for kind, least in self.likely.items():
            self._likeliness[kind] = max(self._likeliness[kind], least)

    def one_of(self, kinds: Sequence[Disturbance], where: str) -> Disturbance | None:
        """Which of these happens there, if any."""
        if self.are_over:
            return None
        drawn = self.random(f"{kinds[0]} {where}").random()
        for kind in kinds:
            drawn -= self._likeliness[kind]
            if drawn < 0:
                return kind if self._takes(kind, where) else None
        return None

    def happens(self, kind: Disturbance, where: str) -> bool:
        """Whether it happens there."""
        return self.one_of((kind,), where) is kind

    def random(self, about: str) -> Random:
        """Chance of its own for each thing that is to be chosen."""
        return Random(f"{self.seed} {about}")

    def _takes(self, kind: Disturbance, where: str) -> bool:
        name = f"{kind.value}@{where}"
        if self.kept is not None and name not in self.kept:
            return False
        self.happened.append(name)
        return True
