"""Try a refund again, by an operator: the next number after WeChat closed one, the same number in
every other case.
"""

from chalicelib.gateways.wechat_pay import RefundReport, RefusedByWechat, WechatPay
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import NotAllowed, WechatUnavailable
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.model import REACTION_SECONDS
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import UNDER_WAY, Refund, RefundState
from chalicelib.refunds.settle import settle


def retry(refund_id: str, *, operator: str, reason: str, clock: Clock) -> Refund:
    """A closed refund goes out under its next number; one under way is due now. Raises NotAllowed,
    NotFound.
    """
    return until_settled(lambda: _retry(refund_id, operator, reason, clock))


def _retry(refund_id: str, operator: str, reason: str, clock: Clock) -> Refund:
    refund = refunds.get(refund_id)
    if refund.refund_state not in {*UNDER_WAY, RefundState.CLOSED}:
        raise NotAllowed(f"It is {refund.refund_state.value}: there is nothing to retry.")
    closed = refund.refund_state is RefundState.CLOSED
    _send_again(refund, next_attempt=closed, operator=operator, reason=reason, clock=clock)
    return refunds.get(refund_id)


def resolve_abnormal(
    refund_id: str,
    *,
    paid_by_hand: bool,
    operator: str,
    reason: str,
    clock: Clock,
    wechat_pay: WechatPay,
) -> Refund:
    """An abnormal refund, once somebody has looked: ask WeChat again under the same number, or
    note that the money went back outside WeChat. Twice is once. What WeChat has paid meanwhile is
    paid by WeChat, and not by hand. Raises NotAllowed, NotFound, WechatUnavailable.
    """
    refund = refunds.get(refund_id)
    if paid_by_hand and needs_resolving(refund, paid_by_hand=True):
        report = _as_wechat_has_it(refund, wechat_pay)
        if report is not None and report.refund_status == "SUCCESS":
            settle(report, clock=clock)
            return refunds.get(refund_id)
    return until_settled(lambda: _resolve(refund_id, paid_by_hand, operator, reason, clock))


def _as_wechat_has_it(refund: Refund, wechat_pay: WechatPay) -> RefundReport | None:
    try:
        return wechat_pay.query_refund(refund.out_refund_no)
    except RefusedByWechat as refused:
        raise WechatUnavailable("WeChat does not say how the refund stands.") from refused


def _resolve(
    refund_id: str, paid_by_hand: bool, operator: str, reason: str, clock: Clock
) -> Refund:
    refund = refunds.get(refund_id)
    if not needs_resolving(refund, paid_by_hand=paid_by_hand):
        return refund
    if not paid_by_hand:
        _send_again(refund, next_attempt=False, operator=operator, reason=reason, clock=clock)
        return refunds.get(refund_id)
    now = clock.now()
    writes = WriteSet()
    refunds.move(
        writes,
        refund,
        RefundState.SUCCEEDED,
        now=now,
        due_at=after(now, REACTION_SECONDS),
        operator=operator,
        decision_reason=reason,
        paid_by_hand=True,
    )
    refundable.finish(writes, orders.get(refund.order_id), refund.amount_fen)
    writes.commit()
    return refunds.get(refund_id)


def needs_resolving(refund: Refund, *, paid_by_hand: bool) -> bool:
    """Whether resolving it so changes anything; False: it was resolved so before. Raises
    NotAllowed.

    What WeChat closed is back with the merchant, who may pay it out by hand as well.

    """
    if refund.paid_by_hand if paid_by_hand else refund.refund_state in UNDER_WAY:
        return False
    takes = {RefundState.ABNORMAL, RefundState.CLOSED} if paid_by_hand else {RefundState.ABNORMAL}
    if refund.refund_state not in takes:
        raise NotAllowed(f"It is {refund.refund_state.value}, not abnormal.")
    return True


def _send_again(
    refund: Refund, *, next_attempt: bool, operator: str, reason: str, clock: Clock
) -> None:
    now = clock.now()
    writes = WriteSet()
    refunds.move(
        writes,
        refund,
        RefundState.REQUESTED,
        now=now,
        due_at=now,
        operator=operator,
        decision_reason=reason,
        next_attempt=next_attempt,
    )
    writes.commit()
