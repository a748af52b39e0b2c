"""Show a draw: all that anyone needs to work its winners out again, and what a caller won.

Few entries come with it; many come in pages. Writes nothing.
"""

from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, Participation, campaign_draw_id
from chalicelib.draws.schemas import (
    DrawAnswer,
    DrawOfGroupAnswer,
    EntryAnswer,
    draw_answer,
    entry_answers,
)
from chalicelib.groups import store as groups
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import PageQuery, from_cursor
from chalicelib.kit.reads import read
from chalicelib.rules.draw import over_all_groups
from chalicelib.rules.model import DrawScope

MOST_INLINE = 100
"""As many entries as one group can have."""

_GROUPS_AT_ONCE = 10
"""Groups read for a page of entries before it is looked whether they are enough."""
_MOST_PAGES = 12
_ENTRIES_CURSOR = frozenset({"draw_id", "group_id", "order_id"})
_DRAWS_CURSOR = frozenset({"draw_id", "entry", "drawn_campaign_id", "drawn_at"})
_AFTER_ALL_IDS = "~"
"""Sorts after every id."""
_AFTER_ALL_TIMES = "9999"
"""Sorts after every moment: the list goes backwards in time from there."""


def show_draw_of_group(group_id: str, member_id: str | None, *, clock: Clock) -> DrawOfGroupAnswer:
    """The draw a group takes part in, its own or its campaign's. Raises NotFound, also for a group
    without one.
    """
    group_key = groups.group_key(group_id)
    seat_key = groups.seat_key(group_id, member_id) if member_id is not None else None
    found = read(group_key, seat_key)
    group = groups.group_of(found.find(group_key))
    if group is None or group.draw_id is None:
        raise NotFound("There is no such group, or nothing is drawn in it.")
    draw_key = draws.draw_key(group.draw_id)
    participation_key = draws.participation_key(group.draw_id, group_id)
    of_draw = read(draw_key, participation_key)
    draw = draws.draw_of(of_draw.find(draw_key))
    if draw is None:
        raise NotFound("There is no such draw.")
    participation = draws.participation_of(of_draw.find(participation_key))
    seat = groups.seat_of(found.find(seat_key)) if seat_key is not None else None
    own_order_id = seat.order_id if seat is not None else None
    return {
        **draw_answer(draw, entries=_few_entries(draw, participation), now=clock.now()),
        "my_order_id": own_order_id,
        "won": own_order_id in draw.winners if draw.is_drawn and own_order_id else None,
    }


def _few_entries(draw: Draw, group: Participation | None) -> list[EntryAnswer] | None:
    """All entries of a group's own draw; of a campaign's once it is drawn, if that is not too many
    to send.
    """
    if draw.scope is DrawScope.GROUP:
        return entry_answers(draw, [group] if group is not None else [])
    if not draw.is_drawn or draw.entries_count > MOST_INLINE:
        return None
    return entry_answers(draw, draws.participations(draw.draw_id, has_entered=True))


def list_draws(
    campaign_id: str, query: PageQuery, *, clock: Clock
) -> tuple[list[DrawAnswer], dict[str, Any] | None]:
    """The draw over all groups of a campaign first, if it has one, then those of its groups that
    were drawn, newest first; and where the next page begins. Raises NotFound, InvalidRequest.
    """
    fixed = {"entry": draws.DRAW, "drawn_campaign_id": campaign_id}
    start = from_cursor(query.cursor, names=_DRAWS_CURSOR, fixed=fixed)
    own_id = campaign_draw_id(campaign_id)
    campaign_key, own_key = catalog.campaign_key(campaign_id), draws.draw_key(own_id)
    found = read(campaign_key, own_key)
    standing = catalog.standing_of(found.find(campaign_key))
    if standing is None:
        raise NotFound("There is no such campaign.")
    listed: list[Draw] = []
    if start is None:
        start = {
            "draw_id": {"S": own_id},
            "entry": {"S": draws.DRAW},
            "drawn_campaign_id": {"S": campaign_id},
            "drawn_at": {"S": _AFTER_ALL_TIMES},
        }
        own = draws.draw_of(found.find(own_key))
        if own is not None and over_all_groups(standing.campaign.rules) is not None:
            listed.append(own)
    following: dict[str, Any] | None = start
    if len(listed) < query.limit:
        held, following = draws.drawn_page(
            campaign_id, limit=query.limit - len(listed), start=start
        )
        listed += [draw for draw in held if draw.scope is DrawScope.GROUP]
    now = clock.now()
    return [draw_answer(draw, entries=None, now=now) for draw in listed], following


def list_entries(draw_id: str, query: PageQuery) -> tuple[list[EntryAnswer], dict[str, Any] | None]:
    """Entries of a draw by group, and where the next page begins; a page may be short while more
    follows. Raises NotFound, InvalidRequest.
    """
    start = from_cursor(query.cursor, names=_ENTRIES_CURSOR, fixed={"draw_id": draw_id})
    draw = draws.get(draw_id)
    found: list[EntryAnswer] = []
    last_id, following = "", None
    if start is not None:
        last_id, after_order_id = start["group_id"]["S"], start["order_id"]["S"]
        following = draws.participation_key(draw_id, last_id).to_item()
        begun = draws.find_participation(draw_id, last_id)
        rest = entry_answers(draw, [begun]) if begun is not None else []
        found = [entry for entry in rest if entry["order_id"] > after_order_id]
    for _ in range(_MOST_PAGES):
        page, following = draws.participations_page(draw_id, limit=_GROUPS_AT_ONCE, start=following)
        found += entry_answers(draw, page)
        last_id = page[-1].group_id if page else last_id
        if following is None or len(found) > query.limit:
            break
    shown = found[: query.limit]
    if len(found) > query.limit:
        return shown, _place(draw_id, shown[-1]["group_id"], shown[-1]["order_id"])
    return shown, _place(draw_id, last_id, _AFTER_ALL_IDS) if following is not None else None


def _place(draw_id: str, group_id: str, order_id: str) -> dict[str, Any]:
    """Where a list of entries goes on: after that order of that group."""
    return {"draw_id": {"S": draw_id}, "group_id": {"S": group_id}, "order_id": {"S": order_id}}
