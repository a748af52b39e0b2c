"""Command: put a product with its SKUs and their stock, the total ever supplied of each."""

from dataclasses import asdict
from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.put_product import PutProduct, put_product
from chalicelib.catalog.refuse_changed import IfRevision
from chalicelib.wiring import Wiring


class Payload(Command, PutProduct):
    """A product, `dry_run`, and which revision of it may be overwritten."""

    if_revision: IfRevision | None = None


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    entry = PutProduct.model_validate(payload.model_dump(exclude={"dry_run", "if_revision"}))
    put = put_product(
        entry, clock=wiring.clock, if_revision=payload.if_revision, dry_run=payload.dry_run
    )
    return {
        "product_id": entry.product_id,
        "outcome": put.outcome,
        "revision": put.revision,
        "revision_before": put.revision_before,
        "stock": [asdict(sku) for sku in put.stock],
        "withdrawn_sku_ids": list(put.withdrawn_sku_ids),
        "dry_run": payload.dry_run,
    }
