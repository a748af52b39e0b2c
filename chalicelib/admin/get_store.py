"""Command: a store and a page of its guides with their figures, `{store_id, cursor?, limit?}`."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import from_cursor, to_cursor
from chalicelib.kit.reads import read
from chalicelib.referrals import store as referrals
from chalicelib.referrals.model import Share, is_member
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which store, and which page of its guides."""

    store_id: Identifier
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, and InvalidRequest for a cursor of another list."""
    key = catalog.store_key(payload.store_id)
    store = catalog.store_of(read(key).find(key))
    if store is None:
        raise NotFound(f"There is no store {payload.store_id}.")
    start = from_cursor(
        payload.cursor,
        names=frozenset({"share_code", "store_id"}),
        fixed={"store_id": payload.store_id},
    )
    shares, following = referrals.shares_of_store(
        payload.store_id, limit=payload.limit, start=start
    )
    return {
        **store.model_dump(mode="json"),
        "guides": [_guide(share) for share in shares],
        "next_cursor": to_cursor(following),
    }


def _guide(share: Share) -> dict[str, Any]:
    return {
        "guide_id": share.guide_id,
        "name": share.guide_name,
        "member_id": share.owner_id if is_member(share.owner_id) else None,
        "share_code": share.share_code,
        "visits": share.visits,
        "followers": share.followers,
        "orders_count": share.orders_count,
        "sales_fen": share.sales_fen,
    }
