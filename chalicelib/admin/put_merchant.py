"""Command: put a merchant, `{merchant_id, name}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Merchant
from chalicelib.catalog.put_merchant import put_merchant
from chalicelib.wiring import Wiring


class Payload(Command, Merchant):
    """A merchant and `dry_run`."""


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    merchant = Merchant(merchant_id=payload.merchant_id, name=payload.name)
    outcome = put_merchant(merchant, dry_run=payload.dry_run)
    return {"merchant_id": merchant.merchant_id, "outcome": outcome, "dry_run": payload.dry_run}
