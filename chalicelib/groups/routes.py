"""HTTP routes of groups under /v1, and of cancelling an order, which may mean leaving a group."""

from collections.abc import Callable
from dataclasses import replace

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.groups.cancel_order import cancel_order
from chalicelib.groups.errors import (
    AlreadyJoined,
    CampaignChanged,
    CampaignNotLive,
    GroupForming,
    GroupFull,
    GroupNotOpen,
    GroupOver,
    NewcomersOnly,
)
from chalicelib.groups.join import join
from chalicelib.groups.list_joinable import list_joinable
from chalicelib.groups.open import open_group
from chalicelib.groups.schemas import (
    GroupAnswer,
    GroupPlacedAnswer,
    GroupsPage,
    JoinGroupBody,
    OpenGroupBody,
)
from chalicelib.groups.show import in_lists, show
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.paging import PageQuery, page
from chalicelib.members.errors import AccountBlocked, ContentRefused
from chalicelib.orders import store as orders
from chalicelib.orders.errors import (
    AddressNotServed,
    IdempotencyConflict,
    LimitReached,
    OrderNotCancellable,
    TooManyUnpaid,
)
from chalicelib.orders.judge_wishes import place_judged
from chalicelib.orders.purchase import Placed, Purchase
from chalicelib.orders.routes import order_answer, placed_answer, purchase_of
from chalicelib.orders.schemas import OrderAnswer
from chalicelib.stations.errors import StationClosed
from chalicelib.stock.errors import OutOfStock
from chalicelib.vouchers.errors import VoucherNotValid

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)

_JOINING_REFUSES = (
    NotFound,
    AccountBlocked,
    AddressNotServed,
    AlreadyJoined,
    ContentRefused,
    GroupFull,
    GroupNotOpen,
    GroupOver,
    IdempotencyConflict,
    LimitReached,
    NewcomersOnly,
    OutOfStock,
    StationClosed,
    TooManyUnpaid,
    WechatUnavailable,
)
"""Opening a crowd may lead into the one under way, and so refuses the same."""


@routes.route("/groups", methods=["POST"])
@endpoint(
    body=OpenGroupBody,
    keyed=True,
    answer=GroupPlacedAnswer,
    status=201,
    refuses=(*_JOINING_REFUSES, CampaignNotLive, CampaignChanged, VoucherNotValid),
)
def post_group(call: Call) -> Answer:
    """Open a group with a first purchase."""
    campaign_id = call.body.campaign_id
    purchase = _purchase_of(call, f"open:{campaign_id}")
    purchase = replace(purchase, voucher_id=call.body.voucher_id)
    wired = wiring.current()
    return _placed(
        purchase,
        lambda judged: open_group(campaign_id, judged, clock=wired.clock, seeds=wired.seeds),
    )


@routes.route("/groups/{group_id}/members", methods=["POST"])
@endpoint(
    body=JoinGroupBody,
    keyed=True,
    answer=GroupPlacedAnswer,
    status=201,
    refuses=_JOINING_REFUSES,
)
def post_group_member(call: Call, group_id: str) -> Answer:
    """Join a group with a purchase."""
    wired = wiring.current()
    return _placed(
        _purchase_of(call, f"join:{group_id}"),
        lambda judged: join(group_id, judged, clock=wired.clock, wechat_pay=wired.wechat_pay),
    )


@routes.route("/groups/{group_id}", methods=["GET"])
@endpoint(signed_in=None, answer=GroupAnswer)
def get_group(call: Call, group_id: str) -> Answer:
    """The page of a group."""
    member_id = call.caller.member_id if call.caller is not None else None
    return Answer(show(group_id, member_id, clock=wiring.current().clock))


@routes.route("/campaigns/{campaign_id}/groups", methods=["GET"])
@endpoint(query=PageQuery, signed_in=False, answer=GroupsPage)
def get_campaign_groups(call: Call, campaign_id: str) -> Answer:
    """Groups of a campaign that can be joined, the soonest to expire first."""
    now = wiring.current().clock.now()
    found, start = list_joinable(campaign_id, call.query, now=now)
    return Answer(page(in_lists(found, now=now), start))


@routes.route("/orders/{order_id}/cancel", methods=["POST"])
@endpoint(answer=OrderAnswer, refuses=(OrderNotCancellable, GroupForming, WechatUnavailable))
def post_cancel(call: Call, order_id: str) -> Answer:
    """Cancel what is not paid, or leave a forming group."""
    wired = wiring.current()
    order = orders.get_own(order_id, call.member_id)
    return order_answer(cancel_order(order, clock=wired.clock, wechat_pay=wired.wechat_pay))


def _purchase_of(call: Call, way: str) -> Purchase:
    purchase = purchase_of(call, way)
    return replace(purchase, station_id=call.body.station_id, custom_fields=call.body.custom_fields)


def _placed(purchase: Purchase, place: Callable[[Purchase], Placed]) -> Answer:
    wired = wiring.current()
    placed = place_judged(place, purchase, wechat_api=lambda: wired.wechat_api)
    group_id = str(placed.order.group_id)
    group = show(group_id, placed.order.member_id, clock=wiring.current().clock)
    return placed_answer(placed, group=group)
