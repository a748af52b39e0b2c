"""HTTP routes of orders, quotes and refund requests under /v1: parse, call one verb, shape the
answer.
"""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import page
from chalicelib.orders import store as orders
from chalicelib.orders.check_payment import check_payment
from chalicelib.orders.list_own import list_own
from chalicelib.orders.model import Order
from chalicelib.orders.place import place
from chalicelib.orders.purchase import Placed, Purchase
from chalicelib.orders.quote import quote
from chalicelib.orders.receive import receive
from chalicelib.orders.request_payment import prepare, request_payment
from chalicelib.orders.schemas import OrdersQuery, PurchaseBody, QuoteBody
from chalicelib.orders.show import show, show_all, show_placed
from chalicelib.orders.take_message import take_message
from chalicelib.orders.take_notification import take_notification
from chalicelib.referrals.bind_by_purchase import bind_by_purchase

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)

_PUSHED_AS = ["application/json", "text/xml", "application/xml"]
"""Which of them is chosen in WeChat's console (消息推送配置)."""


def placed_answer(placed: Placed, **more: object) -> Answer:
    """201 with the order and how to pay it; a repeat says that it is one."""
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
    return Answer({**more, **shown}, status=201, headers=headers)


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
@endpoint(body=QuoteBody)
def post_quote(call: Call) -> Answer:
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
@endpoint(body=PurchaseBody, keyed=True)
def post_order(call: Call) -> Answer:
    placed = place(purchase_of(call, "solo"), clock=wiring.current().clock)
    return placed_answer(placed)


@routes.route("/orders", methods=["GET"])
@endpoint(query=OrdersQuery)
def get_orders(call: Call) -> Answer:
    wired = wiring.current()
    found, start = list_own(call.member_id, call.query)
    merchant_id = wired.environment.wechat_merchant_id
    return Answer(page(show_all(found, merchant_id=merchant_id, now=wired.clock.now()), start))


@routes.route("/orders/{order_id}", methods=["GET"])
@endpoint()
def get_order(call: Call, order_id: str) -> Answer:
    return order_answer(orders.get_own(order_id, call.member_id))


@routes.route("/orders/{order_id}/payment", methods=["POST"])
@endpoint()
def post_payment(call: Call, order_id: str) -> Answer:
    wired = wiring.current()
    prepared = request_payment(
        orders.get_own(order_id, call.member_id),
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        notify_url=wired.payment_notify_url,
    )
    return Answer({"payment": prepared.payment, "payment_state": prepared.payment_state.value})


@routes.route("/orders/{order_id}/payment-check", methods=["POST"])
@endpoint()
def post_payment_check(call: Call, order_id: str) -> Answer:
    wired = wiring.current()
    order = orders.get_own(order_id, call.member_id)
    return order_answer(check_payment(order, clock=wired.clock, wechat_pay=wired.wechat_pay))


@routes.route("/orders/{order_id}/receipt", methods=["POST"])
@endpoint()
def post_receipt(call: Call, order_id: str) -> Answer:
    orders.get_own(order_id, call.member_id)
    return order_answer(receive(order_id, clock=wiring.current().clock))


@routes.route("/wechat/messages", methods=["GET"])
@endpoint(query=None, signed_in=False)
def get_wechat_message(call: Call) -> Answer:
    return Answer(wiring.current().message_push.echo(call.query))


@routes.route("/wechat/messages", methods=["POST"], content_types=_PUSHED_AS)
@endpoint(body=None, query=None, signed_in=False)
def post_wechat_message(call: Call) -> Answer:
    wired = wiring.current()
    message = wired.message_push.read(call.query, call.raw_body, wired.clock.now())
    merchant_id = wired.environment.wechat_merchant_id
    take_message(message, merchant_id=merchant_id, clock=wired.clock)
    return Answer("success")


@routes.route("/wechat/payments", methods=["POST"])
@endpoint(body=None, signed_in=False)
def post_wechat_payment(call: Call) -> Answer:
    wired = wiring.current()
    take_notification(
        call.headers,
        call.raw_body,
        merchant_id=wired.environment.wechat_merchant_id,
        app_ids=(wired.environment.wechat_app_id,),
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
    )
    return Answer(None, status=204)
