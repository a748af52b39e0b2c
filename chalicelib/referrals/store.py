"""The shares table: codes, how often they were opened, and the figures of guides.

A guide's relation and figures change in the commit that causes them. Whose invitee somebody is
stands in the members table.
"""

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import WriteSet
from chalicelib.referrals.model import Share, ShareTarget

STORE_SHARES = "by_store"


class ShareRow(Row):
    """One share, attributes named as in model.Share."""

    class Meta:
        table = "shares"

    share_code = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    target_type = UnicodeAttribute()
    target_id = UnicodeAttribute(null=True)
    created_at = TimeAttribute()
    visits = NumberAttribute(null=True)
    store_id = UnicodeAttribute(null=True)
    guide_id = UnicodeAttribute(null=True)
    guide_name = UnicodeAttribute(null=True)
    followers = NumberAttribute(null=True)
    orders_count = NumberAttribute(null=True)
    sales_fen = NumberAttribute(null=True)


_MODEL_FIELDS = frozenset(Share.__dataclass_fields__)


def share_key(share_code: str) -> Key[ShareRow]:
    return ShareRow.key(share_code)


def share_of(row: ShareRow | None) -> Share | None:
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    return Share(**{**given, "target_type": ShareTarget(row.target_type)})


def mint(writes: WriteSet, share: Share) -> None:
    """Write a new share. Guard: the code is new -> Changed."""
    row = ShareRow(
        share_code=share.share_code,
        owner_id=share.owner_id,
        target_type=share.target_type.value,
        target_id=share.target_id,
        created_at=share.created_at,
        store_id=share.store_id,
        guide_id=share.guide_id,
        guide_name=share.guide_name,
    )
    writes.put(row, guard=ShareRow.share_code.does_not_exist())


def change_guide(writes: WriteSet, before: Share, after: Share) -> None:
    """Give a guide's share another name or member. Guard: both are as in `before` -> Changed."""
    writes.update(
        share_key(before.share_code),
        [ShareRow.owner_id.set(after.owner_id), ShareRow.guide_name.set(after.guide_name or "")],
        guard=(ShareRow.owner_id == before.owner_id) & (ShareRow.guide_name == before.guide_name),
    )


def count_visit(writes: WriteSet, share_code: str, *, visits: int = 1, followers: int = 0) -> None:
    """Count an opening, and whoever came to be bound by it. Guard: the share is there."""
    row = ShareRow
    actions: list[Action] = [row.visits.set((row.visits | 0) + visits)]
    if followers:
        actions.append(row.followers.set((row.followers | 0) + followers))
    writes.update(share_key(share_code), actions, guard=row.share_code.exists())


def count_sale(writes: WriteSet, share_code: str, *, orders: int, change_fen: int) -> None:
    """Add to a guide's figures, or take from them. Guard: the share is there."""
    row = ShareRow
    actions: list[Action] = [
        row.orders_count.set((row.orders_count | 0) + orders),
        row.sales_fen.set((row.sales_fen | 0) + change_fen),
    ]
    writes.update(share_key(share_code), actions, guard=row.share_code.exists())


def shares_of_store(
    store_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Share], dict[str, Any] | None]:
    """A page of the guides' shares of a store, by code, and where the next page starts."""
    items, following = reads.query(
        ShareRow, ShareRow.store_id == store_id, index=STORE_SHARES, limit=limit, start=start
    )
    keys = [share_key(item["share_code"]["S"]) for item in items]
    found = reads.read(*keys)
    shares = (share_of(found.find(key)) for key in keys)
    return [share for share in shares if share is not None], following
