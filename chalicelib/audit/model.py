"""One round of the audit in slices (巡检): where it is, how fast it goes, when the next is due.
Frozen and pure.

A round looks at every row once. It takes about a day, whatever the size, and a small shop's only a
few runs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.kit.clock import after

ROUND_SECONDS = 23 * 3600
"""From the beginning of one round to that of the next: an hour less than a day, so that rounds come
at every hour in turn. What is in doubt in the evening's rush is not at night.
"""
LATE_SECONDS = 24 * 3600
"""A round that takes longer is late."""
AIM_SECONDS = 20 * 3600
"""How long a round may take, so that there is time in hand."""
RUN_SECONDS = 300
"""From one run to the next, as the schedule has it."""
FEWEST_ROWS = 1000
"""What a run reads at least, if there is that much."""
MOST_ROWS = 20_000
"""What a run reads at most; time may end it before."""


class Leg(StrEnum):
    """A part of a round, named as the table it walks through. They come in this order."""

    GROUPS = "groups"
    """Groups with their seats."""
    DRAWS = "draws"
    """Draws with the groups that take part."""
    ORDERS = "orders"
    """Orders with what belongs to them."""
    REFUNDS = "refunds"
    """Refunds, that each has its order."""
    COMMISSIONS = "commissions"
    """Commissions, that each has its order and was announced."""
    WITHDRAWALS = "withdrawals"
    """Withdrawals, that each was set aside."""
    LEDGER = "ledger"
    """Accounts with their transfers, and what these are about; closed days on the way."""
    UNITS = "units"
    """Stock against the units that orders held at one moment, which walks all orders again."""


_LEGS = tuple(Leg)

Start = Mapping[str, Any]
"""Where a page starts, as DynamoDB says it."""
Suspect = tuple[str, str]
"""What seems wrong: its kind and its id."""


@dataclass(frozen=True)
class DayWalk:
    """A closed day that is being added up: how far, to what, and which look at it this is. `sums`:
    by line of the closing, in fen, debits pending and posted, credits pending and posted. `said`:
    what the first look found.
    """

    day: str
    look: int = 1
    shard: int = 0
    start: Start | None = None
    transfer_count: int = 0
    sums: Mapping[str, Sequence[int]] = field(default_factory=dict)
    said: Sequence[str] = ()


@dataclass(frozen=True)
class UnitsWalk:
    """Stock as it was at a moment between `from_at` and `until_at`, and the units that orders held
    then, as far as they have been walked through.

    `lots`: by what stands in the stock table, see units.py. `portion` of `portions`: so much of the
    stock as fits beside the cursor. `left_out`: SKUs that say nothing this time. `only`, `said`: of
    a second look, at which SKUs and what the first found, as invariant and SKU.
    """

    from_at: datetime
    until_at: datetime
    lots: Mapping[str, Sequence[Any]]
    portion: int = 0
    portions: int = 1
    look: int = 1
    start: Start | None = None
    left_out: Sequence[str] = ()
    only: Sequence[str] = ()
    said: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Round:
    """A round under way. `start`: where the next page of its leg starts; `last_key`: under which
    key the last one ended. `rows`: read so far, by leg and table; `looked`: at how many of each
    kind. `days`: closed ones that are still to be added up.
    """

    began_at: datetime
    leg: Leg = Leg.GROUPS
    start: Start | None = None
    last_key: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    looked: Mapping[str, int] = field(default_factory=dict)
    violations_count: int = 0
    suspects: Sequence[Suspect] = ()
    days: Sequence[str] = ()
    day: DayWalk | None = None
    units: UnitsWalk | None = None

    @property
    def rows_count(self) -> int:
        return sum(self.rows.values())

    def has_read(self, table: str, count: int) -> "Round":
        """So many rows more."""
        return replace(self, rows=_added(self.rows, {table: count}))

    def has_looked(self, looked: Mapping[str, int]) -> "Round":
        """At so many more of each kind."""
        return replace(self, looked=_added(self.looked, looked))

    def suspects_also(self, suspects: Iterable[Suspect]) -> "Round":
        return replace(self, suspects=tuple(dict.fromkeys([*self.suspects, *suspects])))

    def has_days(self, days: Iterable[str]) -> "Round":
        return replace(self, days=tuple(dict.fromkeys([*self.days, *days])))

    def reports(self, count: int) -> "Round":
        """So many violations more."""
        return replace(self, violations_count=self.violations_count + count)

    def moves_to(self, start: Start | None, last_key: str) -> "Round":
        """On in the same table, or to the next leg at its end."""
        if start is not None:
            return replace(self, start=start, last_key=last_key)
        following = _LEGS[_LEGS.index(self.leg) + 1]
        return replace(self, leg=following, start=None, last_key="")

    def is_behind(self, now: datetime) -> bool:
        return now > after(self.began_at, LATE_SECONDS)


@dataclass(frozen=True)
class LastRound:
    """What the last round that came to its end has seen."""

    began_at: datetime
    ended_at: datetime
    rows: Mapping[str, int] = field(default_factory=dict)
    looked: Mapping[str, int] = field(default_factory=dict)
    violations_count: int = 0

    @property
    def rows_count(self) -> int:
        return sum(self.rows.values())


@dataclass(frozen=True)
class Progress:
    """All that a run goes by. `version`: how often it was written."""

    round: Round | None = None
    last_round: LastRound | None = None
    version: int = 0

    def next_due_at(self) -> datetime | None:
        """When the next round begins; None: at once."""
        latest = self.round or self.last_round
        return after(latest.began_at, ROUND_SECONDS) if latest is not None else None

    def is_resting(self, now: datetime) -> bool:
        """Whether nothing is to be done: no round is under way, and none is due."""
        due_at = self.next_due_at()
        return self.round is None and due_at is not None and now < due_at

    def ended(self, round: Round, now: datetime) -> "Progress":
        """The round has seen everything."""
        last = LastRound(
            began_at=round.began_at,
            ended_at=now,
            rows=round.rows,
            looked=round.looked,
            violations_count=round.violations_count,
        )
        return replace(self, round=None, last_round=last)

    def rows_for_run(self, round: Round, now: datetime) -> int:
        """How many rows to read now, so that the round ends in time and not much before.

        Judged by the last round and a quarter more; the first goes as fast as it can.
        """
        if self.last_round is None:
            return MOST_ROWS
        expected = max(self.last_round.rows_count, round.rows_count) * 5 // 4
        seconds_left = int((after(round.began_at, AIM_SECONDS) - now).total_seconds())
        runs_left = max(seconds_left // RUN_SECONDS, 1)
        wanted = -((round.rows_count - expected) // runs_left)
        return min(max(wanted, FEWEST_ROWS), MOST_ROWS)


def _added(before: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return dict(Counter(before) + Counter(more))
