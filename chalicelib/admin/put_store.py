"""Command: put a merchant's store, `{store_id, merchant_id, name}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Store
from chalicelib.referrals.put_store import put_store
from chalicelib.wiring import Wiring


class Payload(Command, Store):
    """A store and `dry_run`."""


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound for an unknown merchant."""
    store = Store.model_validate(payload.model_dump(exclude={"dry_run"}))
    outcome = put_store(store, dry_run=payload.dry_run)
    return {"store_id": store.store_id, "outcome": outcome, "dry_run": payload.dry_run}
