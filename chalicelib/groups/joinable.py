"""The list of a campaign's groups that can be joined, soonest to expire first.

A flash sale's lies in parts, so that no item of the index gathers what its crowd writes; they are
read side by side, and a page goes on in each where the page before has stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.catalog.model import CROWDED_PARTS
from chalicelib.groups.model import Group, GroupState, joinable_list
from chalicelib.groups.store import GROUP, GroupRow, group_key, group_of
from chalicelib.kit import reads
from chalicelib.kit.clock import stored


@dataclass(frozen=True)
class Place:
    """The last group of a part that was shown."""

    expires_at: str
    group_id: str


Places = Mapping[int, Place]
"""By part, in the order of `_parts`; one of which nothing was shown yet is not among them."""


def page(
    campaign_id: str,
    *,
    is_crowded: bool,
    now: datetime,
    limit: int,
    after: Places | None = None,
) -> tuple[list[Group], Places | None]:
    """Forming groups with time and a seat left, and after which the next page begins (None: there
    is none). A page may be short while more follows. A part whose last shown group is over
    meanwhile starts again from its front.
    """
    shown_before = {
        number: place for number, place in (after or {}).items() if place.expires_at > stored(now)
    }
    listed: list[tuple[Place, int]] = []
    has_more = False
    for number, name in enumerate(_parts(campaign_id, is_crowded=is_crowded)):
        start = _start(name, shown_before.get(number))
        condition = (GroupRow.joinable_campaign_id == name) & (GroupRow.expires_at > now)
        items, following = reads.query(
            GroupRow, condition, index="joinable", limit=limit, start=start
        )
        listed += [(_place(item), number) for item in items]
        has_more = has_more or following is not None
    # Each part is in order already, and stays so: its items are told apart by nothing but time.
    listed.sort(key=lambda each: (each[0].expires_at, each[1]))
    shown = listed[:limit]
    last = shown_before | {number: place for place, number in shown}
    is_last = not has_more and len(listed) <= limit
    return _open(shown, now), None if is_last else last


def _parts(campaign_id: str, *, is_crowded: bool) -> list[str]:
    """The one list, and its parts where it has some: groups that began before the campaign had
    units set aside are on the one.
    """
    parts = range(CROWDED_PARTS) if is_crowded else ()
    return [joinable_list(campaign_id, part) for part in (None, *parts)]


def _place(item: dict[str, Any]) -> Place:
    return Place(item["expires_at"]["S"], item["group_id"]["S"])


def _start(name: str, place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    given = {
        "group_id": place.group_id,
        "kind": GROUP,
        "joinable_campaign_id": name,
        "expires_at": place.expires_at,
    }
    return {name: {"S": value} for name, value in given.items()}


def _open(shown: list[tuple[Place, int]], now: datetime) -> list[Group]:
    """Those of them that can be joined, as they are now: the index lags."""
    keys = [group_key(place.group_id) for place, _ in shown]
    found = reads.read(*keys)
    groups = [group_of(found.find(key)) for key in keys]
    return [
        group
        for group in groups
        if group is not None
        and group.group_state is GroupState.FORMING
        and (group.is_crowd or group.seats_free > 0)
        and not group.is_over(now)
    ]
