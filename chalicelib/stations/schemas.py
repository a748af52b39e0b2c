"""What clients send and see of stations. Shapes only; the contract of docs/api.md."""

from typing_extensions import TypedDict

from chalicelib.kit.clock import shown
from chalicelib.kit.declared import Page, Time
from chalicelib.kit.endpoint import Body
from chalicelib.orders.model import Order, OrderState
from chalicelib.stations.model import PickupCode, Station


class RedemptionBody(Body):
    """The code a member shows."""

    pickup_code: PickupCode


class OwnStationAnswer(TypedDict):
    """A station as whoever looks after it sees it."""

    station_id: str
    name: str
    address: str
    phone: str | None
    closed: bool


class OwnStationsPage(Page):
    """The stations one looks after."""

    items: list[OwnStationAnswer]


class GoodsAnswer(TypedDict):
    """What is handed out and to whom: no address, and no id of anybody."""

    title: str
    image_url: str | None
    quantity: int
    nickname: str | None


class PickupAnswer(GoodsAnswer):
    """What nobody has fetched yet. `arrived_at` null: it is on its way."""

    status: OrderState
    arrived_at: Time | None


class PickupsPage(Page):
    """What waits at a station or is on its way there, in no order."""

    items: list[PickupAnswer]


class RedemptionAnswer(GoodsAnswer):
    """What has been handed out."""

    redeemed_at: Time


def own_answer(station: Station) -> OwnStationAnswer:
    """A station for whoever looks after it."""
    return {
        "station_id": station.station_id,
        "name": station.name,
        "address": station.address,
        "phone": station.phone,
        "closed": station.closed,
    }


def goods_answer(order: Order, nickname: str | None) -> GoodsAnswer:
    """What an order has, for whoever hands it out."""
    return {
        "title": order.title,
        "image_url": order.image_url,
        "quantity": order.quantity,
        "nickname": nickname,
    }


def waiting_answer(order: Order, nickname: str | None) -> PickupAnswer:
    """The same of what nobody has fetched yet; the code is for its member to show. It is there
    since `arrived_at`; null: it is on its way.
    """
    arrived_at = shown(order.shipment.shipped_at) if order.shipment is not None else None
    return {
        **goods_answer(order, nickname),
        "status": order.order_state,
        "arrived_at": arrived_at,
    }
