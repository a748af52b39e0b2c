"""Look after a refund that is due: queue it again under the same number, ask WeChat how it stands,
or withdraw it when its goods were never sent.

Run by the sweep for every refund whose due time has come; also what repairs a lost stream record
or a queue that gave up.
"""

from chalicelib.gateways.refund_queue import RefundQueue
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit.clock import Clock
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Refund, RefundState
from chalicelib.refunds.settle import settle
from chalicelib.refunds.withdraw import withdraw_unsent


def follow_up(
    refund_id: str, *, clock: Clock, wechat_pay: WechatPay, refund_queue: RefundQueue
) -> Refund:
    """Bring one due refund a step on; as it is afterwards. What follows from its success is not
    done here. Raises WechatUnavailable when WeChat is silent, NotFound.
    """
    refund = refunds.get(refund_id)
    if refund.due_at is None or refund.due_at > clock.now():
        return refund
    match refund.refund_state:
        case RefundState.REQUESTED:
            _queue_again(refund, refund_queue, clock)
        case RefundState.PROCESSING:
            report = wechat_pay.query_refund(refund.out_refund_no)
            if report is None:
                _queue_again(refund, refund_queue, clock)
            else:
                settle(report, clock=clock)
        case RefundState.SUCCEEDED:
            return refund
        case RefundState.AWAITING_RETURN:
            withdraw_unsent(refund_id, clock=clock)
        case _:  # waits for a person, or is over: no sweep can do anything about it
            refunds.finish(refund)
    return refunds.get(refund_id)


def _queue_again(refund: Refund, refund_queue: RefundQueue, clock: Clock) -> None:
    refunds.look_again(refund, due_at=refund.next_look(clock.now()))
    refund_queue.send(refund.refund_id)
