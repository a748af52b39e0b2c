"""Command: ship an order, `{order_id, carrier, tracking_no}`; the same shipment twice is once.

WeChat is told by itself. `carrier` is a code of WeChat's delivery list, such as SF.
"""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.admin.shapes import shipment_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.groups import store as groups
from chalicelib.groups.deal import deal
from chalicelib.groups.model import GroupState, Production
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, OrderState
from chalicelib.orders.schemas import Carrier, TrackingNo
from chalicelib.orders.ship import is_shipped_so, refuse_to_ship, refuse_way, ship
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which order, who carries it, and its number there."""

    order_id: Identifier
    carrier: Carrier
    tracking_no: TrackingNo


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotAllowed in any other state or with another shipment, GroupForming, NotFound."""
    order = orders.get(payload.order_id)
    waits = order.order_state is OrderState.PAID and order.group_id is not None
    if waits and not payload.dry_run:
        # if no stream has yet
        deal(str(order.seat_group_id), clock=wiring.clock, seeds=wiring.seeds)
        order = orders.get(payload.order_id)
    changes = not is_shipped_so(order, payload.carrier, payload.tracking_no)
    if payload.dry_run:
        if changes:
            refuse_way(order, payload.carrier, payload.tracking_no)
        if changes and not (waits and _is_complete(order)):
            refuse_to_ship(order)
    else:
        order = ship(payload.order_id, payload.carrier, payload.tracking_no, clock=wiring.clock)
    return {
        **shipment_in_full(order),
        "outcome": "shipped" if changes else "unchanged",
        "dry_run": payload.dry_run,
    }


def _is_complete(order: Order) -> bool:
    """Whether it ships as soon as somebody deals with its group: nothing is drawn first, and no
    merchant has to promise it.
    """
    group = groups.get(str(order.group_id))
    is_ready = group.production is None and not order.custom_fields
    is_made = is_ready or group.production is Production.ACCEPTED
    return group.group_state is GroupState.COMPLETE and group.draw_id is None and is_made
