"""A refund (退款): money on its way back to the member, each alone, each against its own payment.
Frozen and pure.

Its id derives from the order and the cause, so that asking twice for the same reason refunds once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from chalicelib.kit.clock import after
from chalicelib.kit.ids import derived_id
from chalicelib.orders.model import REACTION_SECONDS, Order

MOST_REFUNDS_PER_ORDER = 50
"""WeChat's rule: no more refunds of one payment than this."""

MOST_ASKED_BY_MEMBER = 10
"""How often a member may ask about one order; the rest is the operators'."""

SECONDS_BETWEEN_REFUNDS = 60
"""WeChat's rule: refunds of one payment go out at least this far apart."""

FIRST_LOOK_SECONDS = REACTION_SECONDS
"""When a sweep first asks after a refund that no stream or queue has brought on."""
LONGEST_LOOK_SECONDS = 3600

RETURN_SECONDS = 7 * 24 * 3600
"""How long a member has to send the goods back once an operator asked for them."""


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    """Waits for nobody's decision; WeChat is to be asked now."""
    AWAITING_OPERATOR = "awaiting_operator"
    """Somebody has to decide."""
    AWAITING_RETURN = "awaiting_return"
    """Approved once its goods are back; then an operator approves again."""
    PROCESSING = "processing"
    """WeChat has accepted it."""
    SUCCEEDED = "succeeded"
    """WeChat says the money is back."""
    ABNORMAL = "abnormal"
    """WeChat could not deliver it, a closed bank card for one: an operator must look."""
    CLOSED = "closed"
    """WeChat closed this attempt; an operator may retry under the next number."""
    REJECTED = "rejected"
    """An operator said no."""
    WITHDRAWN = "withdrawn"
    """The member took the request back, or never sent the goods."""


UNDER_WAY = frozenset({RefundState.REQUESTED, RefundState.PROCESSING})
"""WeChat is to be asked, or asked again."""

UNDECIDED = frozenset({RefundState.AWAITING_OPERATOR, RefundState.AWAITING_RETURN})
"""Its money may still stay with the merchant."""

TAKES_SUCCESS = frozenset({*UNDER_WAY, RefundState.ABNORMAL, RefundState.CLOSED})
"""From any of these WeChat's word that the money is back is believed: answers may arrive in any
order.
"""


ENDED = frozenset({RefundState.SUCCEEDED, RefundState.REJECTED, RefundState.WITHDRAWN})
"""Nothing more happens."""


class Cause(StrEnum):
    """Why money goes back; with the order's id it makes the refund's id."""

    GROUP_FAILED = "group_failed"
    """The group's time ran out before it was filled."""
    LATE_PAYMENT = "late_payment"
    """Paid after the order was cancelled."""
    MISMATCH = "mismatch"
    """Another amount or currency than the order's was paid."""
    MEMBER_LEFT = "member_left"
    """The member left a forming group that allows it."""
    LADDER = "ladder"
    """More came than the first tier asks for: the difference to the tier reached."""
    LEADER_FREE = "leader_free"
    """The leader of a complete group pays nothing; the goods are shipped all the same."""
    DRAW_LOST = "draw_lost"
    """Others were drawn."""
    PRODUCTION_REJECTED = "production_rejected"
    """The merchant does not make what the group ordered."""
    ASKED = "asked"
    """The member or an operator asked for it; the request's key tells several apart."""


REASONS = {
    Cause.GROUP_FAILED: "拼团未成功，自动退款",
    Cause.LATE_PAYMENT: "订单已取消，自动退款",
    Cause.MISMATCH: "支付金额与订单不符，自动退款",
    Cause.MEMBER_LEFT: "退出拼团",
    Cause.LADDER: "达到阶梯价，退还差价",
    Cause.LEADER_FREE: "拼团成功，团长免单",
    Cause.DRAW_LOST: "未抽中，自动退款",
    Cause.PRODUCTION_REJECTED: "商家未接受定制，自动退款",
    Cause.ASKED: "申请退款",
}
"""What the member reads in WeChat."""


RefundType = Literal["refund_only", "return_goods"]
RETURN_GOODS: Final = "return_goods"
"""The type of a refund whose goods come back; any other's stay where they are."""


@dataclass(frozen=True)
class ReturnShipment:
    """How goods come back."""

    carrier: str
    tracking_no: str
    sent_at: datetime


@dataclass(frozen=True)
class Refund:
    """One refund. `amount_fen` of the `total_fen` that was paid. `ends_order`: it takes all that
    is left. `after_settlement`: what it takes is the merchant's already.
    """

    refund_id: str
    order_id: str
    member_id: str
    cause: Cause
    reason: str
    refund_type: RefundType
    amount_fen: int
    total_fen: int
    ends_order: bool
    requested_at: datetime
    refund_state: RefundState = RefundState.REQUESTED
    attempt: int = 1
    looks: int = 0
    request_fingerprint: str | None = None
    wechat_refund_id: str | None = None
    settled_at: datetime | None = None
    operator: str | None = None
    decision_reason: str | None = None
    return_shipment: ReturnShipment | None = None
    after_settlement: bool = False
    paid_by_hand: bool = False
    evidence_urls: tuple[str, ...] = ()
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def returns_goods(self) -> bool:
        return self.refund_type == RETURN_GOODS

    @property
    def out_refund_no(self) -> str:
        """WeChat's number for this attempt: the same until WeChat closes it, then the next."""
        return out_refund_no(self.refund_id, self.attempt)

    def next_look(self, now: datetime) -> datetime:
        """When to ask again: a minute, doubling to an hour."""
        return after(now, min(FIRST_LOOK_SECONDS << min(self.looks, 10), LONGEST_LOOK_SECONDS))


def out_refund_no(refund_id: str, attempt: int) -> str:
    return f"{refund_id}_{attempt}"


def attempt_of(number: str) -> tuple[str, int]:
    """The refund id and attempt of one of our refund numbers. Raises ValueError for any other."""
    refund_id, _, attempt = number.rpartition("_")
    return refund_id, int(attempt)


def refund_id_for(order_id: str, cause: Cause, request_key: str = "") -> str:
    return derived_id("rfd", order_id, cause.value, request_key)


def new_refund(
    order: Order,
    cause: Cause,
    *,
    now: datetime,
    amount_fen: int | None = None,
    total_fen: int | None = None,
    ends_order: bool = True,
    request_key: str = "",
    reason: str = "",
    refund_type: RefundType = "refund_only",
    state: RefundState = RefundState.REQUESTED,
    request_fingerprint: str | None = None,
    evidence_urls: tuple[str, ...] = (),
) -> Refund:
    """A refund of this order for this cause: of all that is left, unless an amount is given."""
    return Refund(
        refund_id=refund_id_for(order.order_id, cause, request_key),
        order_id=order.order_id,
        member_id=order.member_id,
        cause=cause,
        reason=reason or REASONS[cause],
        refund_type=refund_type,
        amount_fen=order.refundable_fen if amount_fen is None else amount_fen,
        total_fen=order.paid_fen if total_fen is None else total_fen,
        ends_order=ends_order,
        requested_at=now,
        refund_state=state,
        request_fingerprint=request_fingerprint,
        after_settlement=order.settled_at is not None,
        evidence_urls=evidence_urls,
    )
