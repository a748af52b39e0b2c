"""A commission (佣金): what an upline earns on one order, and what it has to be now; and the bonus
(团长奖励) of a group's leader, which is the same at another expense. Frozen and pure.

At most two levels, since an order names at most two uplines; the leader's bonus is level 0. The
base is what was paid for goods; freight earns nobody anything. What is refunded is taken back in
proportion.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.catalog.settings import WHOLE_BP
from chalicelib.kit.ids import derived_id
from chalicelib.ledger import recipes
from chalicelib.ledger.recipes import Earning
from chalicelib.ledger.transfers import Transfer
from chalicelib.orders.model import Order, OrderState

BONUS_LEVEL = 0
"""The level of a leader's bonus."""


class CommissionState(StrEnum):
    """Where a commission stands."""

    PENDING = "pending"
    """Announced; released once the order is settled, unless a refund takes it back first."""
    RELEASED = "released"
    """The upline's own. A later refund claws it back, into debt if need be."""
    VOIDED = "voided"
    """All of it was taken back before it was released."""


@dataclass(frozen=True)
class Commission:
    """What one upline earns on one order, in fen. `amount_fen` is what was announced first,
    `reversed_fen` how much of it was taken back since.

    `counted_fen` and `ranked_fen` are how much of it the upline's figures and the leaderboards
    hold; None: never counted.
    """

    commission_id: str
    order_id: str
    commission_level: int
    beneficiary_id: str
    buyer_id: str
    rate_bp: int
    amount_fen: int
    accrued_at: datetime
    reversed_fen: int = 0
    commission_state: CommissionState = CommissionState.PENDING
    released_at: datetime | None = None
    counted_fen: int | None = None
    ranked_fen: int = 0
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def is_bonus(self) -> bool:
        """Whether it is earned by leading a group, and not by having brought the buyer."""
        return self.commission_level == BONUS_LEVEL

    @property
    def earning(self) -> Earning:
        """How the ledger names it."""
        return recipes.LEADER_BONUS if self.is_bonus else recipes.COMMISSION

    @property
    def earned_fen(self) -> int:
        """What is left of it."""
        return self.amount_fen - self.reversed_fen

    @property
    def released_fen(self) -> int:
        """What is left of it and the upline's own."""
        return self.earned_fen if self.commission_state is CommissionState.RELEASED else 0


def commission_id_for(order_id: str, commission_level: int) -> str:
    """An order pays each level once, however often it is told to."""
    return derived_id("com", order_id, str(commission_level))


def target_fen(order: Order, rate_bp: int) -> int:
    """What an upline at this rate earns on the order as it stands, in whole fen, rounded down.

    Nothing before the sale stands, nor once it has ended, nor on what costs its member nothing.
    """
    if order.sold_fen < 1:
        return 0
    base_fen = order.goods_fen - order.discount_fen - order.price_cut_fen
    return base_fen * rate_bp * order.sold_fen // (order.price_paid_fen * WHOLE_BP)


def bonus_target_fen(order: Order) -> int:
    """The same for the leader of the order's group."""
    if order.sold_fen < 1 or order.leader_bonus is None:
        return 0
    return order.leader_bonus.amount_fen * order.sold_fen // order.price_paid_fen


@dataclass(frozen=True)
class Step:
    """One change that brings a level nearer to its target: the commission as it will be, and the
    transfer that says why. `before` is None for the first.
    """

    before: Commission | None
    after: Commission
    transfer: Transfer

    @property
    def opens(self) -> bool:
        """Whether something new is earned."""
        return self.before is None

    @property
    def releases(self) -> bool:
        return self.after.commission_state is CommissionState.RELEASED and (
            self.before is None or self.before.commission_state is CommissionState.PENDING
        )


@dataclass(frozen=True)
class Earner:
    """Who earns on an order, at which level, and what it has to be now, in fen."""

    level: int
    member_id: str
    rate_bp: int
    target_fen: int


def earners(order: Order) -> Iterator[Earner]:
    """The order's uplines, nearest first, then its leader."""
    for level, upline in enumerate(order.uplines, start=1):
        yield Earner(level, upline.member_id, upline.rate_bp, target_fen(order, upline.rate_bp))
    if order.leader_bonus is not None:
        yield Earner(BONUS_LEVEL, order.leader_bonus.member_id, 0, bonus_target_fen(order))


def next_step(
    order: Order, earner: Earner, commission: Commission | None, now: datetime
) -> Step | None:
    """What to do next for one of them; None when it is where it has to be.

    A release waits until no refund is open: see `is_release_blocked`.
    """
    if commission is None:
        return _accrue(order, earner, now) if earner.target_fen > 0 else None
    if commission.earned_fen > earner.target_fen:
        return _take_back(commission, earner.target_fen, now)
    if _awaits_release(order, commission) and order.open_refund_count == 0:
        return _release(commission, now)
    return None


def is_release_blocked(order: Order, commission: Commission | None) -> bool:
    """Whether the commission would be released but for a refund that is still open."""
    return (
        commission is not None
        and _awaits_release(order, commission)
        and order.open_refund_count > 0
    )


def _awaits_release(order: Order, commission: Commission) -> bool:
    return (
        order.order_state is OrderState.SETTLED
        and commission.commission_state is CommissionState.PENDING
    )


def _accrue(order: Order, earner: Earner, now: datetime) -> Step:
    commission = Commission(
        commission_id=commission_id_for(order.order_id, earner.level),
        order_id=order.order_id,
        commission_level=earner.level,
        beneficiary_id=earner.member_id,
        buyer_id=order.member_id,
        rate_bp=earner.rate_bp,
        amount_fen=earner.target_fen,
        accrued_at=now,
    )
    transfer = recipes.commission_accrued(
        earner.member_id,
        order.order_id,
        commission.commission_id,
        earner.target_fen,
        earning=commission.earning,
        now=now,
    )
    return Step(None, commission, transfer)


def _take_back(commission: Commission, target: int, now: datetime) -> Step:
    """Void what is not released yet, claw back what is."""
    amount_fen = commission.earned_fen - target
    pending = commission.commission_state is CommissionState.PENDING
    recipe = recipes.commission_reversed if pending else recipes.commission_clawed_back
    transfer = recipe(
        commission.beneficiary_id,
        commission.order_id,
        commission.commission_id,
        amount_fen,
        target_fen=target,
        earning=commission.earning,
        now=now,
    )
    becomes = CommissionState.VOIDED if pending and target == 0 else commission.commission_state
    after = replace(
        commission,
        reversed_fen=commission.reversed_fen + amount_fen,
        commission_state=becomes,
    )
    return Step(commission, after, transfer)


def _release(commission: Commission, now: datetime) -> Step:
    transfer = recipes.commission_released(
        commission.beneficiary_id,
        commission.order_id,
        commission.commission_id,
        commission.earned_fen,
        earning=commission.earning,
        now=now,
    )
    after = replace(commission, commission_state=CommissionState.RELEASED, released_at=now)
    return Step(commission, after, transfer)
