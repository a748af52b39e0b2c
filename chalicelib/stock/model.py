"""Where a purchase takes its units from (库存): the SKU's own item, or the shards of a campaign's
allotment. Frozen and pure.

A quantity larger than any one shard still sells: what the others have is moved to one of them in
the same commit, so that no unit is stranded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Lot:
    """Units that lie together: a SKU's own, or one shard of a campaign's allotment. `allotted`: how
    many of a SKU's are set aside, sold or not, until their campaign is over. `shards_total`: on how
    many the allotment lies; `due_at`: when it is over, `closed_at`: since when.
    """

    stock_id: str
    shard: int
    supplied: int
    units_left: int
    allotted: int = 0
    shards_total: int | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Shard:
    """The units left in one shard."""

    shard: int
    units_left: int


@dataclass(frozen=True)
class Taking:
    """From which shard an order takes its units, and what is moved there first, by shard."""

    shard: int
    moved: tuple[Shard, ...] = ()

    @property
    def moved_units(self) -> int:
        return sum(each.units_left for each in self.moved)


def plan(shards: Sequence[Shard], quantity: int, *, start: int) -> Taking | None:
    """How to take so many units; None when there are not that many in all. `start`: where to look
    first, so that not everyone looks at the same.
    """
    turned = [*shards[start % len(shards) :], *shards[: start % len(shards)]] if shards else []
    for each in turned:
        if each.units_left >= quantity:
            return Taking(each.shard)
    if sum(each.units_left for each in turned) < quantity:
        return None
    fullest, *others = sorted(turned, key=lambda each: -each.units_left)
    missing, moved = quantity - fullest.units_left, []
    for each in others:
        if missing > 0:
            taken = min(each.units_left, missing)
            moved.append(Shard(each.shard, taken))
            missing -= taken
    return Taking(fullest.shard, tuple(moved))


def spread(units: int, shards: int) -> list[int]:
    """So many units over so many shards, as evenly as whole units go."""
    return [units // shards + (number < units % shards) for number in range(shards)]
