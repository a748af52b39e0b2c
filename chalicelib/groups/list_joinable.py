"""Groups of a campaign that can be joined now, soonest to expire first."""

import re
from datetime import datetime
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.groups import joinable
from chalicelib.groups.joinable import Place, Places
from chalicelib.groups.model import Group
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import PageQuery, from_cursor, wrong_cursor
from chalicelib.kit.reads import read

_CURSOR = frozenset({"campaign_id", "after"})
_PLACE = re.compile(r"([0-9]{1,2})~([0-9TZ:.-]{20,30})~([0-9a-z_]{1,64})")


def list_joinable(
    campaign_id: str, query: PageQuery, *, now: datetime
) -> tuple[list[Group], dict[str, Any] | None]:
    """A page and where the next begins. Raises NotFound for an unknown campaign, InvalidRequest
    on a cursor of another list. A cursor whose groups are over meanwhile starts at the front.

    """
    cursor = from_cursor(query.cursor, names=_CURSOR, fixed={"campaign_id": campaign_id})
    after = _places(cursor["after"]["S"]) if cursor is not None else None
    key = catalog.campaign_key(campaign_id)
    row = read(key).find(key)
    if row is None:
        raise NotFound("There is no such campaign.")
    found, last = joinable.page(
        campaign_id, is_crowded=bool(row.is_crowded), now=now, limit=query.limit, after=after
    )
    return found, _cursor(campaign_id, last) if last is not None else None


def _cursor(campaign_id: str, places: Places) -> dict[str, Any]:
    """Where the next page begins, short enough for nine parts."""
    after = ";".join(f"{part}~{at.expires_at}~{at.group_id}" for part, at in places.items())
    return {"campaign_id": {"S": campaign_id}, "after": {"S": after}}


def _places(after: str) -> Places:
    """Raises InvalidRequest on anything that `_cursor` never says."""
    found = [_PLACE.fullmatch(each) for each in after.split(";")]
    places = {int(each[1]): Place(each[2], each[3]) for each in found if each is not None}
    if len(places) < len(found):
        raise wrong_cursor()
    return places
