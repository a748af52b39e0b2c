"""Command: create guides of a store, or change them, `{store_id, guides: [{guide_id, name,
member_id?}]}`, 100 at a time.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.referrals.create_guides import Guides, create_guides
from chalicelib.wiring import Wiring


class Payload(Command):
    """A store and its guides."""

    store_id: Identifier
    guides: Guides


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound for an unknown store or member."""
    created = create_guides(
        payload.store_id, payload.guides, clock=wiring.clock, dry_run=payload.dry_run
    )
    guides = [
        {
            "guide_id": share.guide_id,
            "outcome": outcome,
            "share_code": share.share_code,
            "path": share.path(created.settings.pages),
            "scene": share.scene,
        }
        for share, outcome in created.shares
    ]
    return {"store_id": payload.store_id, "guides": guides, "dry_run": payload.dry_run}
