"""What anyone sees of a draw. Shapes only; the contract of docs/api.md.

A seed is in none of them before the draw: rows hold it sealed until then.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from chalicelib.draws.model import ALGORITHM, Draw, Participation
from chalicelib.kit.clock import shown
from chalicelib.kit.declared import Count, Page, Time
from chalicelib.rules.model import DrawScope

DrawStatus = Literal["announced", "drawn"]


class DrawInBrief(TypedDict):
    """What the page of a group or campaign says of its draw: enough to hold the shop to it."""

    draw_id: str
    scope: DrawScope
    status: DrawStatus
    winners_wanted: int
    seed_hash: str


class EntryAnswer(TypedDict):
    """A paid order in a draw. `passed_over`: its money was on its way back, so it could not win."""

    order_id: str
    transaction_id: str
    group_id: str
    passed_over: bool


class EntriesPage(Page):
    """Entries of a draw, by group."""

    items: list[EntryAnswer]


class DrawAnswer(TypedDict):
    """A draw whole. `seed` and `winners` are there once it is drawn. `entries` null: too many, or
    too many perhaps; they have `entries_path`.
    """

    draw_id: str
    scope: DrawScope
    campaign_id: str
    group_id: str | None
    status: DrawStatus
    winners_wanted: int
    algorithm: str
    seed_hash: str
    announced_at: Time
    draws_at: Time | None
    drawn_at: Time | None
    seed: str | None
    winners: list[str]
    passed_over_count: Count
    entries_count: Count | None
    entries: list[EntryAnswer] | None
    entries_path: str
    server_time: Time


class DrawsPage(Page):
    """Draws of a campaign."""

    items: list[DrawAnswer]


class DrawOfGroupAnswer(DrawAnswer):
    """The draw a group takes part in. Without a seat in it both are null, `won` before the draw
    too.
    """

    my_order_id: str | None
    won: bool | None


def in_brief(draw: Draw | None) -> DrawInBrief | None:
    """The draw of a group or campaign in brief; None without one."""
    if draw is None:
        return None
    return {
        "draw_id": draw.draw_id,
        "scope": draw.scope,
        "status": _status(draw),
        "winners_wanted": draw.winners_wanted,
        "seed_hash": draw.seed_hash,
    }


def draw_answer(draw: Draw, *, entries: list[EntryAnswer] | None, now: datetime) -> DrawAnswer:
    """A draw whole. `entries` None: too many, or too many perhaps; they have a path of their
    own.
    """
    return {
        "draw_id": draw.draw_id,
        "scope": draw.scope,
        "campaign_id": draw.campaign_id,
        "group_id": draw.group_id,
        "status": _status(draw),
        "winners_wanted": draw.winners_wanted,
        "algorithm": ALGORITHM,
        "seed_hash": draw.seed_hash,
        "announced_at": shown(draw.announced_at),
        "draws_at": shown(draw.draws_at) if draw.draws_at is not None else None,
        "drawn_at": shown(draw.drawn_at) if draw.drawn_at is not None else None,
        "seed": draw.seed if draw.is_drawn else None,
        "winners": list(draw.winners),
        "passed_over_count": draw.passed_over_count if draw.is_drawn else 0,
        "entries_count": _entries_count(draw, entries),
        "entries": entries,
        "entries_path": f"/v1/draws/{draw.draw_id}/entries",
        "server_time": shown(now),
    }


def entry_answers(draw: Draw, groups: Iterable[Participation]) -> list[EntryAnswer]:
    """The entries of these groups, in their order. Who is passed over is known with the winners."""
    return [
        {
            "order_id": entry.order_id,
            "transaction_id": entry.transaction_id,
            "group_id": group.group_id,
            "passed_over": draw.is_drawn and entry.order_id in group.passed_over,
        }
        for group in groups
        for entry in group.entries
    ]


def _status(draw: Draw) -> DrawStatus:
    return "drawn" if draw.is_drawn else "announced"


def _entries_count(draw: Draw, entries: list[EntryAnswer] | None) -> int | None:
    """Counted once it is drawn; before, as many as are shown."""
    if draw.is_drawn:
        return draw.entries_count
    return len(entries) if entries is not None else None
