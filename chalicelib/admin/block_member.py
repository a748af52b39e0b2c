"""Command: block a member, or with `blocked: false` let them in again, `{member_id, blocked,
reason}`. Twice is once.

A blocked member signs in, buys, shares and withdraws no more; what is paid goes on, and what they
earn stays theirs.
"""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.clock import shown
from chalicelib.members.block import block, unblock
from chalicelib.wiring import Wiring


class Payload(Command):
    """Who, whether, and why."""

    member_id: Identifier
    blocked: bool
    reason: Annotated[str, Field(min_length=1, max_length=200)]


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The member as they are then (in a dry run: as they are). Raises NotFound."""
    member_id, dry_run = payload.member_id, payload.dry_run
    if payload.blocked:
        member, changes = block(member_id, payload.reason, clock=wiring.clock, dry_run=dry_run)
    else:
        member, changes = unblock(member_id, dry_run=dry_run)
    done = "blocked" if payload.blocked else "unblocked"
    return {
        "member_id": member.member_id,
        "blocked_at": shown(member.blocked_at) if member.blocked_at is not None else None,
        "blocked_reason": member.blocked_reason,
        "outcome": done if changes else "unchanged",
        "dry_run": dry_run,
    }
