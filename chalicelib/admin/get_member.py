"""Command: a member with a page of their vouchers, `{member_id, cursor?, limit?}`. Says which apps
they came through, never their openid.
"""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.clock import shown
from chalicelib.kit.errors import NotFound
from chalicelib.kit.paging import PageQuery, to_cursor
from chalicelib.members import store as members
from chalicelib.vouchers.list_own import list_own
from chalicelib.vouchers.show import show
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which member, and which page of their vouchers."""

    member_id: Identifier
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, also for a member who has left; InvalidRequest for a cursor of another
    list.
    """
    member = members.find(payload.member_id)
    if member is None:
        raise NotFound(f"There is no member {payload.member_id}.")
    found, following = list_own(
        payload.member_id, PageQuery(limit=payload.limit, cursor=payload.cursor)
    )
    now = wiring.clock.now()
    return {
        "member_id": member.member_id,
        "nickname": member.nickname,
        "avatar_url": member.avatar_url,
        "created_at": shown(member.created_at),
        "app_ids": sorted(member.identities),
        "has_unionid": member.unionid is not None,
        "blocked_at": shown(member.blocked_at) if member.blocked_at is not None else None,
        "blocked_reason": member.blocked_reason,
        "vouchers": [show(voucher, now=now) for voucher in found],
        "next_cursor": to_cursor(following),
    }
