"""What clients send and see of stations. Shapes only; the contract of docs/api.md."""

from typing import Any

from chalicelib.kit.clock import shown
from chalicelib.kit.endpoint import Body
from chalicelib.orders.model import Order
from chalicelib.stations.model import PickupCode, Station


class RedemptionBody(Body):
    """The code a member shows."""

    pickup_code: PickupCode


def own_answer(station: Station) -> dict[str, Any]:
    """A station as whoever looks after it sees it."""
    return station.model_dump(exclude={"leader_id"})


def goods_answer(order: Order, nickname: str | None) -> dict[str, Any]:
    """What is handed out and to whom: no address, and no id of anybody."""
    return {
        "title": order.title,
        "image_url": order.image_url,
        "quantity": order.quantity,
        "nickname": nickname,
    }


def waiting_answer(order: Order, nickname: str | None) -> dict[str, Any]:
    """The same of what nobody has fetched yet; the code is for its member to show. It is there
    since `arrived_at`; null: it is on its way.
    """
    arrived_at = shown(order.shipment.shipped_at) if order.shipment is not None else None
    return {
        **goods_answer(order, nickname),
        "status": order.order_state.value,
        "arrived_at": arrived_at,
    }
