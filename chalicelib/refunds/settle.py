"""Write down what WeChat says of a refund, from its answer, a query or a notification, in whatever
order they come.

Marked refunded only when WeChat says so. Old attempts and steps backwards are ignored.
"""

from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_pay import RefundReport
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.model import REACTION_SECONDS
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import (
    TAKES_SUCCESS,
    UNDER_WAY,
    Refund,
    RefundState,
    attempt_of,
)

logger = Logger()


def settle(report: RefundReport, *, clock: Clock) -> Refund | None:
    """The refund as it is afterwards; None when it is none of ours, which is recorded for a
    person.
    """
    return until_settled(lambda: _settle(report, clock))


def _settle(report: RefundReport, clock: Clock) -> Refund | None:
    refund, attempt = _find(report.out_refund_no)
    if refund is None:
        findings.record("refund_unknown", report.out_refund_no, _facts(report), clock=clock)
        return None
    if attempt != refund.attempt:
        if report.refund_status == "SUCCESS":
            findings.record("refund_twice", refund.refund_id, _facts(report), clock=clock)
        return refund
    if report.amount_fen != refund.amount_fen or report.out_trade_no != refund.order_id:
        _mismatch(refund, report, clock)
        return refund
    now = clock.now()
    match report.refund_status:
        case "SUCCESS" if refund.refund_state in TAKES_SUCCESS:
            _succeed(refund, report.refund_id, now)
        case "PROCESSING" if refund.refund_state in UNDER_WAY:
            _go_on(refund, report.refund_id, now)
        case "ABNORMAL" if refund.refund_state in UNDER_WAY:
            _set_aside(refund, RefundState.ABNORMAL, report.refund_id, now)
        case "CLOSED" if refund.refund_state in {*UNDER_WAY, RefundState.ABNORMAL}:
            _set_aside(refund, RefundState.CLOSED, report.refund_id, now)
        case "SUCCESS" if refund.paid_by_hand:
            findings.record("refund_twice", refund.refund_id, _facts(report), clock=clock)
            return refund
        case _:
            return refund
    return refunds.get(refund.refund_id)


def _mismatch(refund: Refund, report: RefundReport, clock: Clock) -> None:
    """Another amount or order under our number: a person is told, and nothing of it believed."""
    findings.record("refund_mismatch", refund.refund_id, _facts(report), clock=clock)
    if refund.refund_state in UNDER_WAY:
        refunds.look_again(refund, due_at=refund.next_look(clock.now()))


def _find(out_refund_no: str) -> tuple[Refund | None, int]:
    try:
        refund_id, attempt = attempt_of(out_refund_no)
    except ValueError:
        return None, 0
    return refunds.find(refund_id), attempt


def _succeed(refund: Refund, wechat_refund_id: str, now: datetime) -> None:
    writes = WriteSet()
    refunds.move(
        writes,
        refund,
        RefundState.SUCCEEDED,
        now=now,
        due_at=after(now, REACTION_SECONDS),
        wechat_refund_id=wechat_refund_id,
    )
    refundable.finish(writes, orders.get(refund.order_id), refund.amount_fen)
    writes.commit()


def _go_on(refund: Refund, wechat_refund_id: str, now: datetime) -> None:
    writes = WriteSet()
    refunds.move(
        writes,
        refund,
        RefundState.PROCESSING,
        now=now,
        due_at=refund.next_look(now),
        wechat_refund_id=wechat_refund_id,
    )
    writes.commit()


def _set_aside(refund: Refund, becomes: RefundState, wechat_refund_id: str, now: datetime) -> None:
    logger.error(
        "refund_needs_operator",
        alarm=f"refund_{becomes.value}",
        refund_id=refund.refund_id,
        order_id=refund.order_id,
    )
    writes = WriteSet()
    refunds.move(
        writes,
        refund,
        becomes,
        now=now,
        waits_for_operator=True,
        wechat_refund_id=wechat_refund_id,
    )
    writes.commit()


def _facts(report: RefundReport) -> dict[str, object]:
    return {
        "out_trade_no": report.out_trade_no,
        "amount_fen": report.amount_fen,
        "refund_status": report.refund_status,
    }
