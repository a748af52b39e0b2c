"""A group (团): one instance of a campaign, its seats and its states. Frozen and pure.

The group itself holds counts only; each seat is an item of its own, so that joining costs the same
at seat 2 and seat 100.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.catalog.model import Campaign
from chalicelib.kit.clock import after
from chalicelib.rules.model import WhenShort
from chalicelib.rules.short import honours_from

MOST_SEATS = 100


class GroupState(StrEnum):
    """Where a group stands."""

    PENDING = "pending"
    """Opened; its leader has not paid yet, so it is on no list and nobody can join it."""
    FORMING = "forming"
    """The leader has paid; seats are free or held, and time is left."""
    COMPLETE = "complete"
    """Every seat is paid, or the merchant honours it short: the orders may ship."""
    FAILED = "failed"
    """Time ran out first: everyone who paid is refunded."""
    ABANDONED = "abandoned"
    """The leader never paid."""


class SeatState(StrEnum):
    """Where a seat stands; a freed seat is no seat any more."""

    HELD = "held"
    """Claimed by an order that awaits payment."""
    PAID = "paid"
    """Taken for good."""


@dataclass(frozen=True)
class Group:
    """One group. `seats_free + held_count + paid_count = seats_total`, always. What its rules say
    of running short is copied here, a leader with a voucher counted to `minimum_payers`; all else
    stands in its campaign's revision. `draw_id`: the draw
    its orders take part in. `drawn_at`: when it was told of the winners.
    """

    group_id: str
    campaign_id: str
    campaign_revision: str
    leader_id: str
    seats_total: int
    seats_free: int
    held_count: int
    paid_count: int
    opened_at: datetime
    duration_seconds: int
    campaign_ends_at: datetime
    when_short: WhenShort
    minimum_payers: int = 1
    leave_allowed: bool = False
    group_state: GroupState = GroupState.PENDING
    expires_at: datetime | None = None
    draw_id: str | None = None
    drawn_at: datetime | None = None
    settled_at: datetime | None = None
    due_shard: int | None = None
    due_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether its time has run out, swept or not."""
        return self.expires_at is not None and now >= self.expires_at

    def expiry(self, activated_at: datetime) -> datetime:
        """When it runs out if its leader pays now: its duration, never past the campaign's end."""
        return min(after(activated_at, self.duration_seconds), self.campaign_ends_at)

    @property
    def enough_count(self) -> int:
        """With how many paid seats it completes when its time runs out."""
        honours = self.when_short is WhenShort.HONOUR
        return self.minimum_payers if honours else self.seats_total

    def is_filled_by_one_more(self) -> bool:
        """Whether the next payment takes the last seat."""
        return self.paid_count + 1 >= self.seats_total


@dataclass(frozen=True)
class Seat:
    """One place in a group, with what others may see of who sits there."""

    group_id: str
    member_id: str
    order_id: str
    seat_state: SeatState
    is_leader: bool
    joined_at: datetime
    pay_deadline: datetime
    units: int
    nickname: str = ""
    avatar_url: str = ""


def new_group(
    group_id: str,
    campaign: Campaign,
    leader_id: str,
    *,
    now: datetime,
    leader_pays: bool = True,
    draw_id: str | None = None,
) -> Group:
    """A pending group with one seat held for its leader; one that forms at once when its leader has
    nothing to pay.
    """
    honoured_from = honours_from(campaign.rules, leader_pays=leader_pays)
    group = Group(
        group_id=group_id,
        campaign_id=campaign.campaign_id,
        campaign_revision=campaign.revision,
        leader_id=leader_id,
        seats_total=campaign.size,
        seats_free=campaign.size - 1,
        held_count=1,
        paid_count=0,
        opened_at=now,
        duration_seconds=campaign.duration_seconds,
        campaign_ends_at=campaign.ends_at,
        when_short=WhenShort.REFUND if honoured_from is None else WhenShort.HONOUR,
        minimum_payers=honoured_from or 1,
        leave_allowed=campaign.rules.leave_allowed,
        draw_id=draw_id,
    )
    if leader_pays:
        return group
    return replace(
        group,
        group_state=GroupState.FORMING,
        held_count=0,
        paid_count=1,
        expires_at=group.expiry(now),
    )


class Settlement(StrEnum):
    """What to do with a group whose time has run out and that holds no unpaid seat."""

    COMPLETE = "complete"
    """The merchant honours it, filled or not."""
    FAIL = "fail"
    """Everyone who paid is refunded."""


def settlement(group: Group) -> Settlement:
    """Honour the group when its rules say so and enough have paid; otherwise it fails."""
    honoured = group.when_short is WhenShort.HONOUR and group.paid_count >= group.minimum_payers
    return Settlement.COMPLETE if honoured else Settlement.FAIL
