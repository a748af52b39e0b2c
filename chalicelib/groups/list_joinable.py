"""Groups of a campaign that can be joined now, soonest to expire first."""

from datetime import datetime
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group
from chalicelib.kit.clock import stored
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import PageQuery, from_cursor
from chalicelib.kit.reads import read

_CURSOR = frozenset({"group_id", "kind", "joinable_campaign_id", "expires_at"})


def list_joinable(
    campaign_id: str, query: PageQuery, *, now: datetime
) -> tuple[list[Group], dict[str, Any] | None]:
    """A page and where the next begins. Raises NotFound for an unknown campaign, InvalidRequest
    on a cursor of another list. A cursor whose groups are over meanwhile starts at the front.

    """
    fixed = {"kind": groups.GROUP, "joinable_campaign_id": campaign_id}
    start = from_cursor(query.cursor, names=_CURSOR, fixed=fixed)
    if start is not None and start["expires_at"]["S"] <= stored(now):
        start = None
    key = catalog.campaign_key(campaign_id)
    if read(key).find(key) is None:
        raise NotFound("There is no such campaign.")
    return groups.joinable(campaign_id, now=now, limit=query.limit, start=start)
