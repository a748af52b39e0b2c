"""Tell WeChat of an order that ships later than it usually allows (预售, 特殊发货报备), by when the
merchant has promised to. Safe to run any number of times.

WeChat's store of orders learns of a payment later than we do, and knows only what waits to be
shipped: it is told again like a shipment, at the latest until the promised day. What is shipped
before WeChat knows need not be told of any more.
"""

from datetime import datetime

from chalicelib.gateways.wechat_api import UploadOutcome, UploadResult, WechatApi, silence
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, Upload
from chalicelib.orders.upload_shipment import LOOKS_BEFORE_A_PERSON_IS_TOLD, seconds_to_next_look

_NOT_YET = UploadResult(UploadOutcome.NOT_YET, 0)


def report_presale(order_id: str, *, clock: Clock, wechat_api: WechatApi) -> None:
    """Nothing happens unless WeChat is still to be told that it ships late. Raises NotFound."""
    order = orders.get(order_id)
    now = clock.now()
    if not order.is_to_be_reported or order.ships_by is None or silence.is_kept(now):
        return
    if now >= order.ships_by:
        _give_up(order, "presale_not_told", {"looks": order.presale_looks}, clock)
        return
    result = _tell(order, order.ships_by, now, wechat_api)
    match result.outcome:
        case UploadOutcome.DONE:
            fulfilment.end_report(order, Upload.DONE)
        case UploadOutcome.NOT_YET:
            if order.presale_looks == LOOKS_BEFORE_A_PERSON_IS_TOLD:
                facts = {"looks": order.presale_looks, "errcode": result.errcode}
                findings.record("presale_not_told", order_id, facts, clock=clock)
            next_look = after(now, seconds_to_next_look(order.presale_looks))
            fulfilment.report_again(order, due_at=min(next_look, order.ships_by))
        case UploadOutcome.REFUSED:
            _give_up(order, "presale_refused", {"errcode": result.errcode}, clock)


def _tell(order: Order, ships_by: datetime, now: datetime, wechat_api: WechatApi) -> UploadResult:
    try:
        return wechat_api.report_presale(str(order.transaction_id), ships_by)
    except WechatUnavailable:
        silence.begin(now)
        return _NOT_YET


def _give_up(order: Order, kind: str, facts: dict[str, int], clock: Clock) -> None:
    findings.record(kind, order.order_id, facts, clock=clock)
    fulfilment.end_report(order, Upload.REFUSED)
