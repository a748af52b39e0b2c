"""Command: redeem a pick-up code in place of the station's leader, `{station_id, pickup_code}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.catalog.model import Identifier
from chalicelib.kit.clock import shown
from chalicelib.stations.model import PickupCode
from chalicelib.stations.redeem import redeem
from chalicelib.stations.schemas import goods_answer
from chalicelib.wiring import Wiring


class Payload(Command):
    """Which code, and where."""

    station_id: Identifier
    pickup_code: PickupCode


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Raises NotFound, NotArrived, CodeUsed, OrderNotReceivable."""
    handed_out = redeem(
        payload.station_id,
        payload.pickup_code,
        by_member_id=None,
        clock=wiring.clock,
        dry_run=payload.dry_run,
    )
    return {
        "order_id": handed_out.order.order_id,
        **goods_answer(handed_out.order, handed_out.nickname),
        "redeemed_at": shown(handed_out.redeemed_at),
        "dry_run": payload.dry_run,
    }
