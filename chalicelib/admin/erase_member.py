"""Command: erase a member who has asked for it, `{member_id}`, as if they had left by themselves;
also one who is blocked. Again is once.

Orders, refunds, withdrawals and the ledger stay, without the person.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.errors import NotFound
from chalicelib.members.leave import leave, refuse_in_use, was_erased
from chalicelib.wiring import Wiring


class Payload(Command):
    """Whom."""

    member_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises AccountInUse while something of theirs is under way or money is theirs, NotFound,
    TryAgain when there is more to erase: send it again.
    """
    changes = _erase(payload, wiring)
    return {
        "member_id": payload.member_id,
        "outcome": "erased" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }


def _erase(payload: Payload, wiring: Wiring) -> bool:
    """Whether this changes anything: somebody else may have been quicker."""
    try:
        refuse_in_use(payload.member_id)
        if not payload.dry_run:
            leave(payload.member_id, clock=wiring.clock, even_blocked=True)
    except NotFound:
        if was_erased(payload.member_id):
            return False
        raise
    return True
