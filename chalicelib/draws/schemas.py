"""What anyone sees of a draw. Shapes only; the contract of docs/api.md.

A seed is in none of them before the draw: rows hold it sealed until then.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.draws.model import ALGORITHM, Draw, Participation
from chalicelib.kit.clock import shown


def in_brief(draw: Draw | None) -> dict[str, Any] | None:
    """What the page of a group or campaign says of its draw: enough to hold the shop to it."""
    if draw is None:
        return None
    return {
        "draw_id": draw.draw_id,
        "scope": draw.scope.value,
        "status": _status(draw),
        "winners_wanted": draw.winners_wanted,
        "seed_hash": draw.seed_hash,
    }


def draw_answer(
    draw: Draw, *, entries: list[dict[str, Any]] | None, now: datetime
) -> dict[str, Any]:
    """A draw whole. `entries` None: too many, or too many perhaps; they have a path of their
    own.
    """
    return {
        "draw_id": draw.draw_id,
        "scope": draw.scope.value,
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


def entry_answers(draw: Draw, groups: Iterable[Participation]) -> list[dict[str, Any]]:
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


def _status(draw: Draw) -> str:
    return "drawn" if draw.is_drawn else "announced"


def _entries_count(draw: Draw, entries: list[dict[str, Any]] | None) -> int | None:
    """Counted once it is drawn; before, as many as are shown."""
    if draw.is_drawn:
        return draw.entries_count
    return len(entries) if entries is not None else None
