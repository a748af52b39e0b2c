"""HTTP routes of stations under /v1, for whoever looks after one: parse, call one verb, shape the
answer.
"""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.clock import shown
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.paging import PageQuery, from_cursor, page
from chalicelib.orders.errors import OrderNotReceivable
from chalicelib.stations import store as stations
from chalicelib.stations.errors import CodeUsed, NotArrived, TooManyWrongCodes
from chalicelib.stations.list_waiting import list_waiting
from chalicelib.stations.redeem import redeem
from chalicelib.stations.schemas import (
    OwnStationsPage,
    PickupsPage,
    RedemptionAnswer,
    RedemptionBody,
    goods_answer,
    own_answer,
    waiting_answer,
)

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)

_CURSOR = frozenset({"leader_id", "station_id", "kind"})


@routes.route("/me/stations", methods=["GET"])
@endpoint(query=PageQuery, answer=OwnStationsPage)
def get_own_stations(call: Call) -> Answer:
    """The stations I look after."""
    fixed = {"leader_id": call.member_id, "kind": stations.STATION}
    start = from_cursor(call.query.cursor, names=_CURSOR, fixed=fixed)
    found, following = stations.page_of_leader(call.member_id, limit=call.query.limit, start=start)
    return Answer(page([own_answer(station) for station in found], following))


@routes.route("/stations/{station_id}/pickups", methods=["GET"])
@endpoint(query=PageQuery, answer=PickupsPage, refuses=(NotAllowed,))
def get_pickups(call: Call, station_id: str) -> Answer:
    """What waits at my station, or is on its way there."""
    found, following = list_waiting(
        station_id,
        by_member_id=call.member_id,
        limit=call.query.limit,
        cursor=call.query.cursor,
    )
    return Answer(page([waiting_answer(each.order, each.nickname) for each in found], following))


@routes.route("/stations/{station_id}/redemptions", methods=["POST"])
@endpoint(
    body=RedemptionBody,
    answer=RedemptionAnswer,
    refuses=(NotAllowed, NotArrived, CodeUsed, OrderNotReceivable, TooManyWrongCodes),
)
def post_redemption(call: Call, station_id: str) -> Answer:
    """Hand goods out to whoever shows their code."""
    handed_out = redeem(
        station_id,
        call.body.pickup_code,
        by_member_id=call.member_id,
        clock=wiring.current().clock,
    )
    return Answer(
        {
            **goods_answer(handed_out.order, handed_out.nickname),
            "redeemed_at": shown(handed_out.redeemed_at),
        }
    )
