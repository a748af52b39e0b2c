"""Command: put freight, `{merchant_id, flat_fen, free_from_fen?, provinces_not_served?}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Freight
from chalicelib.catalog.put_freight import put_freight
from chalicelib.wiring import Wiring


class Payload(Command, Freight):
    """A freight rule and `dry_run`."""


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    freight = Freight.model_validate(payload.model_dump(exclude={"dry_run"}))
    outcome = put_freight(freight, dry_run=payload.dry_run)
    return {"merchant_id": freight.merchant_id, "outcome": outcome, "dry_run": payload.dry_run}
