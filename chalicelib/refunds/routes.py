"""HTTP routes of refunds under /v1: ask, send goods back, take back, and WeChat's word of them."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.gateways.wechat_pay import SIGNED_HEADERS, NotAuthentic
from chalicelib.groups.errors import GroupForming, GroupOver
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.orders import store as orders
from chalicelib.orders.errors import IdempotencyConflict, OrderNotCancellable
from chalicelib.orders.schemas import RefundAnswer
from chalicelib.orders.show import refund_answer
from chalicelib.refunds.errors import (
    OrderNotRefundable,
    RefundExceedsPayment,
    RefundNotCancellable,
    ReturnNotExpected,
)
from chalicelib.refunds.request import RefundRequest, request
from chalicelib.refunds.schemas import RefundBody, ReturnShipmentBody
from chalicelib.refunds.send_back import send_back
from chalicelib.refunds.take_notification import take_notification
from chalicelib.refunds.withdraw import withdraw

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/orders/{order_id}/refunds", methods=["POST"])
@endpoint(
    body=RefundBody,
    keyed=True,
    answer=RefundAnswer,
    status=201,
    refuses=(
        GroupForming,
        GroupOver,
        IdempotencyConflict,
        OrderNotCancellable,
        OrderNotRefundable,
        RefundExceedsPayment,
    ),
)
def post_refund(call: Call, order_id: str) -> Answer:
    """Ask for money back."""
    orders.get_own(order_id, call.member_id)
    command = RefundRequest(
        order_id=order_id,
        request_key=f"{call.member_id}:{call.idempotency_key}",
        reason=call.body.reason,
        amount_fen=call.body.amount_fen,
        refund_type=call.body.type,
        evidence_urls=call.body.evidence_urls,
    )
    requested = request(command, clock=wiring.current().clock)
    headers = {"Idempotency-Replayed": "true"} if requested.replayed else {}
    return Answer(refund_answer(requested.refund), headers=headers)


@routes.route("/refunds/{refund_id}/return-shipment", methods=["POST"])
@endpoint(body=ReturnShipmentBody, answer=RefundAnswer, refuses=(ReturnNotExpected,))
def post_return_shipment(call: Call, refund_id: str) -> Answer:
    """Say how the goods come back."""
    refund = send_back(
        refund_id,
        call.member_id,
        carrier=call.body.carrier,
        tracking_no=call.body.tracking_no,
        clock=wiring.current().clock,
    )
    return Answer(refund_answer(refund))


@routes.route("/refunds/{refund_id}/cancel", methods=["POST"])
@endpoint(answer=RefundAnswer, refuses=(RefundNotCancellable,))
def post_refund_cancel(call: Call, refund_id: str) -> Answer:
    """Take a request back."""
    clock = wiring.current().clock
    return Answer(refund_answer(withdraw(refund_id, call.member_id, clock=clock)))


@routes.route("/wechat/refunds", methods=["POST"])
@endpoint(
    body=None,
    signed_in=False,
    headers=SIGNED_HEADERS,
    answer=None,
    status=204,
    refuses=(NotAuthentic, WechatUnavailable),
)
def post_wechat_refund(call: Call) -> Answer:
    """WeChat tells how a refund ended."""
    wired = wiring.current()
    take_notification(
        call.headers,
        call.raw_body,
        merchant_id=wired.environment.wechat_merchant_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
    )
    return Answer(None)
