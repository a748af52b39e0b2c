"""Ask for a refund (申请退款), by the member or by an operator.

A member's whole refund of an order that waits to be shipped goes out at once, unless others of its
group were given something because it counts, or its merchant has promised to make it; any other
waits for an operator, every one of a shipped order too. An operator's waits for nobody. What takes
all that is left ends the order; a part leaves it as it is.
"""

from dataclasses import dataclass

from chalicelib.catalog import store as catalog
from chalicelib.groups import store as groups
from chalicelib.groups.errors import GroupForming
from chalicelib.groups.leave import leave
from chalicelib.groups.model import Group, GroupState, Production
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.ids import fingerprint
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.errors import IdempotencyConflict
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import WITH_THE_MEMBER, Order, OrderState, given_back_at_end
from chalicelib.refunds import store as refunds
from chalicelib.refunds.errors import NOTHING_PAID, OrderNotRefundable, RefundExceedsPayment
from chalicelib.refunds.model import (
    MOST_ASKED_BY_MEMBER,
    MOST_REFUNDS_PER_ORDER,
    RETURN_GOODS,
    Cause,
    Refund,
    RefundState,
    RefundType,
    new_refund,
    refund_id_for,
)


@dataclass(frozen=True)
class RefundRequest:
    """Who wants how much back, and why. `amount_fen` None: all that is left. `request_key`: what
    makes a repeat one.
    """

    order_id: str
    request_key: str
    reason: str
    amount_fen: int | None = None
    refund_type: RefundType = "refund_only"
    evidence_urls: tuple[str, ...] = ()
    by_operator: bool = False

    @property
    def refund_id(self) -> str:
        return refund_id_for(self.order_id, Cause.ASKED, self.request_key)

    @property
    def fingerprint(self) -> str:
        content = [self.amount_fen, self.refund_type, self.reason, list(self.evidence_urls)]
        return fingerprint(content)


@dataclass(frozen=True)
class Requested:
    """The refund in its present state, and whether it was there before this request."""

    refund: Refund
    replayed: bool


def request(command: RefundRequest, *, clock: Clock) -> Requested:
    """Raises OrderNotRefundable, RefundExceedsPayment, GroupForming, IdempotencyConflict, NotFound,
    and TryAgain while its group is being dealt with.
    """
    return until_settled(lambda: _request(command, clock))


def _request(command: RefundRequest, clock: Clock) -> Requested:
    # The order first: whoever sees what this very request has done to it sees its refund too.
    order = orders.get(command.order_id)
    before = refunds.find(command.refund_id)
    if before is not None:
        if before.request_fingerprint != command.fingerprint:
            raise IdempotencyConflict()
        return Requested(before, replayed=True)
    left = _left_before(order)
    if left is not None:
        return Requested(left, replayed=True)
    is_after_sale = order.order_state in WITH_THE_MEMBER
    if command.refund_type == RETURN_GOODS and not is_after_sale:
        raise OrderNotRefundable("It is not with its member: there is nothing to return.")
    amount_fen = _amount(order, command)
    if order.order_state is OrderState.PAID:
        left = _leave_group(order, amount_fen, clock, by_operator=command.by_operator)
        if left is not None:
            return Requested(left, replayed=False)
    elif order.order_state is not OrderState.TO_SHIP and not is_after_sale:
        raise OrderNotRefundable()
    # What still waits for an operator may be rejected, and so come back: then nothing ends here.
    ends_order = amount_fen == order.refundable_fen and order.undecided_fen == 0
    is_relied_upon = order.carries_others or order.is_made_to_order
    by_itself = ends_order and not is_after_sale and not is_relied_upon
    decided = command.by_operator or by_itself
    refund = new_refund(
        order,
        Cause.ASKED,
        now=clock.now(),
        amount_fen=amount_fen,
        ends_order=ends_order,
        request_key=command.request_key,
        reason=command.reason,
        refund_type=command.refund_type,
        state=RefundState.REQUESTED if decided else RefundState.AWAITING_OPERATOR,
        request_fingerprint=command.fingerprint,
        evidence_urls=command.evidence_urls,
    )
    _commit(order, refund)
    return Requested(refunds.get(refund.refund_id), replayed=False)


def _left_before(order: Order) -> Refund | None:
    """The refund of a member who has left their group: asking again finds it."""
    refund_id = refund_id_for(order.order_id, Cause.MEMBER_LEFT)
    return refunds.get(refund_id) if refund_id in order.refund_ids else None


def _amount(order: Order, command: RefundRequest) -> int:
    if order.voucher_id is not None:
        raise OrderNotRefundable(NOTHING_PAID)
    most = MOST_REFUNDS_PER_ORDER if command.by_operator else MOST_ASKED_BY_MEMBER
    if order.refundable_fen < 1 or len(order.refund_ids) >= most:
        raise OrderNotRefundable()
    amount_fen = order.refundable_fen if command.amount_fen is None else command.amount_fen
    if amount_fen > order.refundable_fen:
        raise RefundExceedsPayment(context={"refundable_fen": order.refundable_fen})
    return amount_fen


def _leave_group(
    order: Order, amount_fen: int, clock: Clock, *, by_operator: bool
) -> Refund | None:
    """A paid order waits for its group: leaving it whole is the one refund, where allowed. None:
    it is complete. Until it is drawn and dealt with, too, it can only go back whole: what the rules
    give back is a part of the whole payment. So it can until its merchant has promised to make it;
    once they have not, everyone is refunded anyway.
    """
    group = groups.get(str(order.seat_group_id))
    if group.group_state is GroupState.COMPLETE:
        if group.production is Production.REJECTED:
            raise OrderNotRefundable("It is being refunded already.")
        if group.production is Production.ACCEPTED and not by_operator:
            raise TryAgain("It is just being dealt with.")
        if amount_fen != order.refundable_fen:
            raise GroupForming("A part cannot be refunded before the group is dealt with.")
        if not by_operator and _others_rely_on(order, group):
            raise GroupForming("What others get hangs on it until the group is dealt with.")
        return None
    if amount_fen != order.refundable_fen:
        raise GroupForming("A part cannot be refunded while the group is forming.")
    leave(order.order_id, clock=clock)
    refund = refunds.find(refund_id_for(order.order_id, Cause.MEMBER_LEFT))
    if refund is None:  # the group failed meanwhile, and that refunds everyone
        raise OrderNotRefundable("It is being refunded already.")
    return refund


def _others_rely_on(order: Order, group: Group) -> bool:
    """Whether somebody in a complete group that is not dealt with may get something because this
    member is there: everyone a lower price, or its leader the goods for nothing.
    """
    seat_key = groups.seat_key(group.group_id, group.leader_id)
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    found = read(revision_key, seat_key)
    campaign, leads = catalog.revision_of(found.find(revision_key)), found.find(seat_key)
    if campaign is not None and campaign.rules.tiers:
        return True
    if order.member_id == group.leader_id:
        return False
    if campaign is not None and campaign.rules.leader.free:
        return True
    leaders = orders.find(str(leads.order_id)) if leads is not None and leads.is_leader else None
    return leaders is not None and leaders.voucher_id is not None


def _commit(order: Order, refund: Refund) -> None:
    writes = WriteSet()
    if refund.ends_order and refund.refund_state is RefundState.REQUESTED:
        back = given_back_at_end(order.order_state, goods_return=refund.returns_goods)
        now = refund.requested_at
        units_back_at = now if back.stock else None
        refundable.begin_ending(writes, order, refund.refund_id, units_back_at=units_back_at)
        give_back(writes, order, back, now=now)
    else:
        undecided = refund.refund_state is RefundState.AWAITING_OPERATOR
        refundable.reserve(writes, order, refund.refund_id, refund.amount_fen, undecided=undecided)
    refunds.request(writes, refund)
    writes.commit()
