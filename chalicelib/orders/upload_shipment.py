"""Tell WeChat of a shipment (发货信息录入), without which it keeps the money frozen. Safe to run
any number of times.

WeChat's store of orders learns of a payment later than we do: until then it is asked again, in ten
seconds, doubling to an hour, until it knows. While WeChat does not answer at all, nobody waits for
it more than once a minute.
"""

from datetime import datetime

from chalicelib.gateways.wechat_api import (
    PAYMENT_IS_OVER,
    ShipmentUpload,
    UploadOutcome,
    UploadResult,
    WechatApi,
    silence,
)
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, Upload

FIRST_LOOK_SECONDS = 10
LONGEST_LOOK_SECONDS = 3600

LOOKS_BEFORE_A_PERSON_IS_TOLD = 10
"""After about three hours somebody should know that WeChat does not."""

_NOT_YET = UploadResult(UploadOutcome.NOT_YET, 0)


def upload_shipment(order_id: str, *, clock: Clock, wechat_api: WechatApi) -> None:
    """Nothing happens unless WeChat is still to be told of the shipment. Raises NotFound."""
    order = orders.get(order_id)
    now = clock.now()
    if not order.is_to_be_told_of or silence.is_kept(now):
        return
    result = _tell(order, now, wechat_api)
    match result.outcome:
        case UploadOutcome.DONE:
            fulfilment.end_upload(order, Upload.DONE)
        case UploadOutcome.NOT_YET:
            if order.shipment_looks == LOOKS_BEFORE_A_PERSON_IS_TOLD:
                facts = {"looks": order.shipment_looks}
                findings.record("shipment_not_told", order_id, facts, clock=clock)
            fulfilment.upload_again(order, due_at=_next_look(order, now))
        case UploadOutcome.REFUSED if order.is_free and result.errcode == PAYMENT_IS_OVER:
            fulfilment.end_upload(order, Upload.NOT_NEEDED)  # all of it is back: nothing is frozen
        case UploadOutcome.REFUSED:
            facts = {"errcode": result.errcode}
            findings.record("shipment_refused", order_id, facts, clock=clock)
            fulfilment.end_upload(order, Upload.REFUSED)


def _tell(order: Order, now: datetime, wechat_api: WechatApi) -> UploadResult:
    assert order.shipment is not None  # noqa: S101
    is_sent = not order.shipment.is_pickup
    upload = ShipmentUpload(
        transaction_id=str(order.transaction_id),
        openid=order.openid,
        carrier=order.shipment.carrier if is_sent else None,
        tracking_no=order.shipment.tracking_no if is_sent else None,
        item_description=f"{order.title} x{order.quantity}",
        receiver_phone_masked=f"****{order.address.get('phone', '')[-4:]}" if is_sent else None,
        uploaded_at=now,
    )
    try:
        return wechat_api.upload_shipment(upload)
    except WechatUnavailable:
        silence.begin(now)
        return _NOT_YET


def seconds_to_next_look(looks: int) -> int:
    """How long to wait before WeChat is told again what it was not ready to hear so often."""
    return min(FIRST_LOOK_SECONDS << min(looks, 10), LONGEST_LOOK_SECONDS)


def _next_look(order: Order, now: datetime) -> datetime:
    """Never later than what is still to happen to the order by itself."""
    seconds = seconds_to_next_look(order.shipment_looks)
    next_look, rests_until = after(now, seconds), order.rests_until
    is_ahead = rests_until is not None and rests_until > now
    return min(next_look, rests_until) if is_ahead and rests_until is not None else next_look
