"""Command: correct who carries an order or its number there, `{order_id, carrier, tracking_no}`.

While it is on its way or just received. WeChat is told again by itself, and takes one correction.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import shipment_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.orders import store as orders
from chalicelib.orders.correct_shipment import correct_shipment, correctable
from chalicelib.orders.schemas import Carrier, TrackingNo
from chalicelib.orders.ship import is_shipped_so
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which order, who carries it, and its number there."""

    order_id: Identifier
    carrier: Carrier
    tracking_no: TrackingNo


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotAllowed when there is no shipment to correct, NotFound."""
    order = orders.get(payload.order_id)
    changes = not is_shipped_so(order, payload.carrier, payload.tracking_no)
    if payload.dry_run:
        if changes:
            correctable(order, payload.carrier)
    else:
        order = correct_shipment(
            payload.order_id, payload.carrier, payload.tracking_no, clock=wiring.clock
        )
    return {
        **shipment_in_full(order),
        "outcome": "corrected" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }
