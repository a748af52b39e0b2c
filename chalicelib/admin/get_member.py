"""Command: a member, `{member_id}`. Says which apps they came through, never their openid."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.clock import shown
from chalicelib.kit.errors import NotFound
from chalicelib.members import store as members
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which member."""

    member_id: Identifier


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, also for a member who has left."""
    member = members.find(payload.member_id)
    if member is None:
        raise NotFound(f"There is no member {payload.member_id}.")
    return {
        "member_id": member.member_id,
        "nickname": member.nickname,
        "avatar_url": member.avatar_url,
        "created_at": shown(member.created_at),
        "app_ids": sorted(member.identities),
        "has_unionid": member.unionid is not None,
    }
