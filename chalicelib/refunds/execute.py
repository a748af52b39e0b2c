"""Ask WeChat for a refund (执行退款): the same number until WeChat closes it, however often this
runs.

The refund's row is the intent; the call follows; settle.py writes what WeChat says. A crash
anywhere in between is picked up by the sweep.
"""

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_pay import (
    RefundReport,
    RefundRequest,
    RefusedByWechat,
    WechatPay,
)
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.orders import refundable
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import SECONDS_BETWEEN_REFUNDS, UNDER_WAY, Refund
from chalicelib.refunds.settle import settle

logger = Logger()


def execute(refund_id: str, *, clock: Clock, wechat_pay: WechatPay, notify_url: str) -> None:
    """Send the refund to WeChat and write down the answer.

    Raises WechatUnavailable when the outcome is unknown (the row stays due), NotFound.
    """
    refund = refunds.get(refund_id)
    if refund.refund_state not in UNDER_WAY:
        return
    now = clock.now()
    slot = refundable.claim_slot(
        refund.order_id,
        refund.out_refund_no,
        now=now,
        not_since=after(now, -SECONDS_BETWEEN_REFUNDS),
    )
    if not slot:
        refunds.look_again(refund, due_at=after(now, SECONDS_BETWEEN_REFUNDS))
        return
    try:
        report = wechat_pay.refund(
            RefundRequest(
                out_refund_no=refund.out_refund_no,
                out_trade_no=refund.order_id,
                amount_fen=refund.amount_fen,
                total_fen=refund.total_fen,
                reason=refund.reason,
                notify_url=notify_url,
            )
        )
    except RefusedByWechat as refused:
        known = _known(refund, wechat_pay)
        if known is None:
            _refused(refund, refused, clock=clock)
            return
        report = known
    settle(report, clock=clock)


def _known(refund: Refund, wechat_pay: WechatPay) -> RefundReport | None:
    """The refund as WeChat holds it: an attempt whose answer was lost may stand with other values
    (our address, for one), and WeChat refuses to hear of it again.
    """
    try:
        return wechat_pay.query_refund(refund.out_refund_no)
    except RefusedByWechat:
        return None


def _refused(refund: Refund, refused: RefusedByWechat, *, clock: Clock) -> None:
    """A definite no (balance short, for one): the same number goes out again later, and a person
    is told.
    """
    facts = {"code": refused.code, "status": refused.status, "order_id": refund.order_id}
    findings.record("refund_refused", refund.refund_id, facts, clock=clock)
    refunds.look_again(refund, due_at=refund.next_look(clock.now()))
