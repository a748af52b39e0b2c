"""Command: an order with everything operators need, the address to ship to included,
`{order_id}`.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import orders_in_full, refund_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which order."""

    order_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound."""
    order = orders.get(payload.order_id)
    found = refunds.read_all(order.refund_ids)
    its_refunds = [refund_in_full(found[id]) for id in order.refund_ids if id in found]
    return {**orders_in_full([order], wiring)[0], "refunds": its_refunds}
