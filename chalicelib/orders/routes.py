"""HTTP routes of orders, quotes and refund requests under /v1: parse, call one verb, shape the
answer.
"""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.gateways.wechat_pay import SIGNED_HEADERS, NotAuthentic
from chalicelib.kit.declared import TEXT
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.paging import page
from chalicelib.members.errors import AccountBlocked
from chalicelib.orders import store as orders
from chalicelib.orders.check_payment import check_payment
from chalicelib.orders.errors import (
    AddressNotServed,
    IdempotencyConflict,
    OrderNotPayable,
    OrderNotReceivable,
    TooManyUnpaid,
)
from chalicelib.orders.list_own import list_own
from chalicelib.orders.model import Order
from chalicelib.orders.place import place
from chalicelib.orders.purchase import Placed, Purchase
from chalicelib.orders.quote import quote
from chalicelib.orders.receive import receive
from chalicelib.orders.request_payment import prepare, request_payment
from chalicelib.orders.schemas import (
    OrderAnswer,
    OrdersPage,
    OrdersQuery,
    PaymentAnswer,
    PlacedAnswer,
    PurchaseBody,
    QuoteAnswer,
    QuoteBody,
)
from chalicelib.orders.show import payment_answer, show, show_all, show_placed
from chalicelib.orders.take_complaint import take_complaint
from chalicelib.orders.take_message import take_message
from chalicelib.orders.take_notification import take_notification
from chalicelib.referrals.bind_by_purchase import bind_by_purchase
from chalicelib.stock.errors import OutOfStock

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)

_PUSHED_AS = ["application/json", "text/xml", "application/xml"]
"""Which of them is chosen in WeChat's console (消息推送配置)."""


def placed_answer(placed: Placed, **more: object) -> Answer:
    """The order and how to pay it; a repeat says that it is one."""
    wired = wiring.current()
    prepared = prepare(
        placed.order,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        notify_url=wired.payment_notify_url,
    )
    shown = show_placed(
        placed, prepared, merchant_id=wired.environment.wechat_merchant_id, now=wired.clock.now()
    )
    headers = {"Idempotency-Replayed": "true"} if placed.replayed else {}
    return Answer({**more, **shown}, headers=headers)


def order_answer(order: Order) -> Answer:
    wired = wiring.current()
    merchant_id = wired.environment.wechat_merchant_id
    return Answer(show(order, merchant_id=merchant_id, now=wired.clock.now()))


def purchase_of(call: Call, way: str) -> Purchase:
    """What the caller asks to buy, from any of the routes that sell. Nothing is sold while payment
    is switched off. A share code binds first, so that the order knows its uplines.
    """
    wired = wiring.current()
    wired.open_for_payment()
    assert call.caller is not None  # noqa: S101
    body = call.body
    bind_by_purchase(body.share_code, call.caller.member_id, clock=wired.clock)
    return Purchase(
        caller=call.caller,
        idempotency_key=call.idempotency_key,
        way=way,
        sku_id=body.sku_id,
        quantity=body.quantity,
        address=body.address,
        remark=body.remark,
        share_code=body.share_code,
    )


@routes.route("/quotes", methods=["POST"])
@endpoint(body=QuoteBody, answer=QuoteAnswer, refuses=(NotFound,))
def post_quote(call: Call) -> Answer:
    """What a purchase would cost, and what stands in its way."""
    quoted = quote(call.body, call.member_id, clock=wiring.current().clock)
    return Answer(
        {
            "goods_fen": quoted.price.goods_fen,
            "freight_fen": quoted.price.freight_fen,
            "discount_fen": quoted.price.discount_fen,
            "amount_fen": quoted.price.amount_fen,
            "refusal_code": quoted.refusal_code,
        }
    )


@routes.route("/orders", methods=["POST"])
@endpoint(
    body=PurchaseBody,
    keyed=True,
    answer=PlacedAnswer,
    status=201,
    refuses=(
        NotFound,
        AccountBlocked,
        AddressNotServed,
        IdempotencyConflict,
        OutOfStock,
        TooManyUnpaid,
        WechatUnavailable,
    ),
)
def post_order(call: Call) -> Answer:
    """Buy alone, at the solo price."""
    placed = place(purchase_of(call, "solo"), clock=wiring.current().clock)
    return placed_answer(placed)


@routes.route("/orders", methods=["GET"])
@endpoint(query=OrdersQuery, answer=OrdersPage)
def get_orders(call: Call) -> Answer:
    """My orders, the newest first."""
    wired = wiring.current()
    found, start = list_own(call.member_id, call.query)
    merchant_id = wired.environment.wechat_merchant_id
    return Answer(page(show_all(found, merchant_id=merchant_id, now=wired.clock.now()), start))


@routes.route("/orders/{order_id}", methods=["GET"])
@endpoint(answer=OrderAnswer)
def get_order(call: Call, order_id: str) -> Answer:
    """One order of mine."""
    return order_answer(orders.get_own(order_id, call.member_id))


@routes.route("/orders/{order_id}/payment", methods=["POST"])
@endpoint(answer=PaymentAnswer, refuses=(OrderNotPayable, WechatUnavailable))
def post_payment(call: Call, order_id: str) -> Answer:
    """Pay parameters anew."""
    wired = wiring.current()
    prepared = request_payment(
        orders.get_own(order_id, call.member_id),
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        notify_url=wired.payment_notify_url,
    )
    return Answer(payment_answer(prepared))


@routes.route("/orders/{order_id}/payment-check", methods=["POST"])
@endpoint(answer=OrderAnswer)
def post_payment_check(call: Call, order_id: str) -> Answer:
    """Ask WeChat whether it is paid: for a client back from the cashier before the callback."""
    wired = wiring.current()
    order = orders.get_own(order_id, call.member_id)
    return order_answer(check_payment(order, clock=wired.clock, wechat_pay=wired.wechat_pay))


@routes.route("/orders/{order_id}/receipt", methods=["POST"])
@endpoint(answer=OrderAnswer, refuses=(OrderNotReceivable,))
def post_receipt(call: Call, order_id: str) -> Answer:
    """Say that I have it."""
    orders.get_own(order_id, call.member_id)
    return order_answer(receive(order_id, clock=wiring.current().clock))


@routes.route("/wechat/messages", methods=["GET"])
@endpoint(
    query=None,
    signed_in=False,
    parameters=("signature", "timestamp", "nonce", "echostr"),
    answer=TEXT,
    refuses=(NotAuthentic, WechatUnavailable),
)
def get_wechat_message(call: Call) -> Answer:
    """WeChat asks whether this address is ours."""
    return Answer(wiring.current().message_push.echo(call.query))


@routes.route("/wechat/messages", methods=["POST"], content_types=_PUSHED_AS)
@endpoint(
    body=None,
    query=None,
    signed_in=False,
    parameters=("msg_signature", "timestamp", "nonce"),
    answer=TEXT,
    refuses=(NotAuthentic, WechatUnavailable),
)
def post_wechat_message(call: Call) -> Answer:
    """WeChat tells of a shipment, a settlement or a receipt."""
    wired = wiring.current()
    message = wired.message_push.read(call.query, call.raw_body, wired.clock.now())
    merchant_id = wired.environment.wechat_merchant_id
    take_message(message, merchant_id=merchant_id, clock=wired.clock)
    return Answer("success")


@routes.route("/wechat/payments", methods=["POST"])
@endpoint(
    body=None,
    signed_in=False,
    headers=SIGNED_HEADERS,
    answer=None,
    status=204,
    refuses=(NotAuthentic, WechatUnavailable),
)
def post_wechat_payment(call: Call) -> Answer:
    """WeChat tells of a payment."""
    wired = wiring.current()
    take_notification(
        call.headers,
        call.raw_body,
        merchant_id=wired.environment.wechat_merchant_id,
        app_ids=(wired.environment.wechat_app_id,),
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
    )
    return Answer(None)


@routes.route("/wechat/complaints", methods=["POST"])
@endpoint(
    body=None,
    signed_in=False,
    headers=SIGNED_HEADERS,
    answer=None,
    status=204,
    refuses=(NotAuthentic, WechatUnavailable),
)
def post_wechat_complaint(call: Call) -> Answer:
    """WeChat tells of a complaint."""
    wired = wiring.current()
    take_complaint(call.headers, call.raw_body, clock=wired.clock, wechat_pay=wired.wechat_pay)
    return Answer(None)
