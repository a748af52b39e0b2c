"""A draw (抽奖): who of those who paid gets the goods, and how anyone can work it out again. Frozen
and pure.

The seed is secret until the draw, its hash is public before the first payment; the payments' own
WeChat numbers, which nobody can choose, are mixed in. docs/draws.md shows the recomputing.
"""

import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from operator import attrgetter

from chalicelib.kit.ids import derived_id
from chalicelib.rules.model import DrawScope

SEED_BYTES = 32
ALGORITHM = "sha256-rank-1"
"""Names how winners follow from seed and entries, in every answer. Another way is another name."""


class DrawState(StrEnum):
    """Where a draw stands."""

    OPEN = "open"
    """Complete groups take part; its seed is secret."""
    CLOSED = "closed"
    """Nobody takes part any more; it is being drawn."""
    DRAWN = "drawn"
    """Winners and seed are public, for good."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paid order in a draw, and the number WeChat gave its payment. There can be very many."""

    order_id: str
    transaction_id: str


@dataclass(frozen=True)
class Draw:
    """One draw: of one group, or of all complete groups of a campaign.

    `seed` is None until it is drawn. `due_at` is when a campaign's is to be drawn, or goes on.
    `passed_over_count`: how many entries could not win. `told_through`: up to which group those
    that took part were told of the winners.
    """

    draw_id: str
    campaign_id: str
    scope: DrawScope
    winners_wanted: int
    seed_hash: str
    seed_sealed: str
    announced_at: datetime
    draw_state: DrawState = DrawState.OPEN
    group_id: str | None = None
    draws_at: datetime | None = None
    seed: str | None = None
    drawn_at: datetime | None = None
    entries_count: int = 0
    winners: tuple[str, ...] = ()
    passed_over_count: int = 0
    told_through: str | None = None
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def is_drawn(self) -> bool:
        return self.draw_state is DrawState.DRAWN


@dataclass(frozen=True)
class Participation:
    """A group in a draw, with its entries once it is complete. `passed_over`: entries that could
    not win, since their money was on its way back before the draw.
    """

    draw_id: str
    group_id: str
    entries: tuple[Entry, ...] = ()
    has_entered: bool = False
    passed_over: frozenset[str] = frozenset()


def group_draw_id(group_id: str) -> str:
    """The id of a group's own draw."""
    return derived_id("drw", "group", group_id)


def campaign_draw_id(campaign_id: str) -> str:
    """The id of the draw of a whole campaign."""
    return derived_id("drw", "campaign", campaign_id)


def hash_of(seed: str) -> str:
    """What is published of a seed before the draw: SHA-256 of its text, in hexadecimal."""
    return hashlib.sha256(seed.encode()).hexdigest()


def digest_of(seed: str, entries: Iterable[Entry]) -> str:
    """SHA-256 over the seed and every entry, a line each, ordered by order id."""
    in_order = sorted(entries, key=attrgetter("order_id"))
    lines = (f"{entry.order_id} {entry.transaction_id}" for entry in in_order)
    return hashlib.sha256("\n".join((seed, *lines)).encode()).hexdigest()


def rank_of(digest: str, order_id: str) -> str:
    """Where an entry stands: the lowest comes first."""
    return hashlib.sha256(f"{digest} {order_id}".encode()).hexdigest()


def in_rank_order(seed: str, entries: Collection[Entry]) -> Iterator[str]:
    """Order ids of all entries, best first. Sorted only as far as asked for."""
    digest = digest_of(seed, entries)
    ranked = [(rank_of(digest, entry.order_id), entry.order_id) for entry in entries]
    heapq.heapify(ranked)
    while ranked:
        yield heapq.heappop(ranked)[1]


def winners_of(
    seed: str, entries: Collection[Entry], wanted: int, passed_over: Collection[str] = ()
) -> tuple[str, ...]:
    """The order ids of the first so many in rank order who can win."""
    ranked = (one for one in in_rank_order(seed, entries) if one not in passed_over)
    return tuple(islice(ranked, wanted))
