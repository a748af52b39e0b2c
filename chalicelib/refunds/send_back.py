"""Send goods back (退货寄回): the member says who carries them, once an operator asked for them.

From then on no sweep withdraws the refund; an operator approves it when the goods are there.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import ReturnNotExpected
from chalicelib.refunds.model import Refund, RefundState, ReturnShipment


def send_back(
    refund_id: str, member_id: str, *, carrier: str, tracking_no: str, clock: Clock
) -> Refund:
    """The refund as it is afterwards; the same again is once, another carrier or number corrects.
    Raises ReturnNotExpected, NotFound.
    """
    return until_settled(lambda: _send_back(refund_id, member_id, carrier, tracking_no, clock))


def _send_back(
    refund_id: str, member_id: str, carrier: str, tracking_no: str, clock: Clock
) -> Refund:
    refund = refunds.get(refund_id)
    if refund.member_id != member_id:
        raise NotFound("There is no such refund.")
    before = refund.return_shipment
    if before is not None and (before.carrier, before.tracking_no) == (carrier, tracking_no):
        return refund
    if refund.refund_state is not RefundState.AWAITING_RETURN:
        raise ReturnNotExpected()
    writes = WriteSet()
    refunds.send_back(writes, refund, ReturnShipment(carrier, tracking_no, sent_at=clock.now()))
    writes.commit()
    return refunds.get(refund_id)
