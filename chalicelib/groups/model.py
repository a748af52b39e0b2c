"""A group (团): one instance of a campaign, its seats and its states. Frozen and pure.

The group itself holds counts only; each seat is an item of its own, so that joining costs the same
at seat 2 and seat 100.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.catalog.model import CROWDED_PARTS, Campaign
from chalicelib.kit.clock import after, stored
from chalicelib.kit.days import next_time_of_day
from chalicelib.kit.ids import derived_id, shard_of
from chalicelib.orders.model import crowd_shard_id
from chalicelib.rules.crowd import heads_to_complete
from chalicelib.rules.model import MOST_HEADS, CrowdRule, WhenShort
from chalicelib.rules.short import honours_from

PAGE_SEATS = 25
"""Of a crowd's shard, how many seats are dealt with at a time."""


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
    CLOSED = "closed"
    """A crowd's shard to which nobody can come any more, and whose crowd is not decided yet."""


class Production(StrEnum):
    """What a merchant says to a complete group's request to make its goods (定制生产)."""

    REQUESTED = "requested"
    """Nothing yet: nothing of it ships, and nothing goes back."""
    ACCEPTED = "accepted"
    """They are made, and sent by the day that was said."""
    REJECTED = "rejected"
    """They are not: everyone is refunded."""


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

    A crowd (超级团) has no seats: heads are counted by its `crowd_shards`, each a group of its own
    whose `crowd_id` names it, and who counts no further than `headcount` says in the end.
    `seats_by_order`: every order has a seat, not every member. `dealt_through`: how far its seats,
    in the order of their keys, were dealt with, `dealt_units` what that sold, and `dealt_stuck`
    whether some could not be, so that it begins again.
    `stock_shards`: on how many its campaign's allotment lies. `station_id`: where all of it is
    fetched. `production`: whether its goods are made, asked for at `production_requested_at`,
    decided by `production_decided_by`, and sent by `ships_by`.
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
    crowd_shards: int | None = None
    crowd_id: str | None = None
    seats_by_order: bool = False
    headcount: int | None = None
    dealt_through: str | None = None
    dealt_units: int = 0
    dealt_stuck: bool = False
    stock_shards: int | None = None
    station_id: str | None = None
    production: Production | None = None
    production_requested_at: datetime | None = None
    production_decided_by: str | None = None
    ships_by: datetime | None = None
    due_shard: int | None = None
    due_at: datetime | None = None

    @property
    def is_crowd(self) -> bool:
        """Whether it counts heads on shards; none of these is one."""
        return self.crowd_shards is not None

    @property
    def shard_ids(self) -> tuple[str, ...]:
        """The shards of a crowd; none of a group with seats."""
        return tuple(crowd_shard_id(self.group_id, n) for n in range(self.crowd_shards or 0))

    @property
    def crowded_part(self) -> int | None:
        """Where it writes what all groups of its campaign write, so that a flash sale's do not meet
        on one item; None: where there is no such rush.
        """
        return shard_of(self.group_id, CROWDED_PARTS) if self.stock_shards is not None else None

    @property
    def joinable_list(self) -> str:
        """The list on which it stands while it can be joined."""
        return joinable_list(self.campaign_id, self.crowded_part)

    @property
    def heads(self) -> int:
        """How many have paid, of the whole crowd where this is a shard of one that is decided."""
        return self.paid_count if self.headcount is None else self.headcount

    def is_over(self, now: datetime) -> bool:
        """Whether its time has run out, swept or not."""
        return self.expires_at is not None and now >= self.expires_at

    def expiry(self, activated_at: datetime) -> datetime:
        """When it runs out if its leader pays now: its duration, never past the campaign's end."""
        return min(after(activated_at, self.duration_seconds), self.campaign_ends_at)

    @property
    def enough_count(self) -> int:
        """With how many paid seats it completes when its time runs out."""
        honours = self.is_crowd or self.when_short is WhenShort.HONOUR
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
    sku_id: str | None = None
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
        stock_shards=campaign.stock_shards,
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


def new_crowd(
    campaign: Campaign, crowd: CrowdRule, opener_id: str, *, station_id: str | None, now: datetime
) -> Group:
    """A crowd that nobody is in yet; it forms at once, for nobody leads it. It lasts until the next
    cut-off, or its duration, never past the campaign's end.
    """
    cutoff = campaign.rules.cutoff
    ends_at = (
        after(now, campaign.duration_seconds) if cutoff is None else next_time_of_day(now, cutoff)
    )
    expires_at = min(ends_at, campaign.ends_at)
    return Group(
        group_id=crowd_id_for(
            campaign.campaign_id, station_id, expires_at, opened_at=now if cutoff is None else None
        ),
        campaign_id=campaign.campaign_id,
        campaign_revision=campaign.revision,
        leader_id=opener_id,
        seats_total=campaign.size,
        seats_free=0,
        held_count=0,
        paid_count=0,
        opened_at=now,
        duration_seconds=campaign.duration_seconds,
        campaign_ends_at=campaign.ends_at,
        when_short=WhenShort.HONOUR,
        minimum_payers=heads_to_complete(campaign.rules, crowd),
        leave_allowed=campaign.rules.leave_allowed,
        group_state=GroupState.FORMING,
        expires_at=expires_at,
        crowd_shards=crowd.shards,
        seats_by_order=cutoff is not None,
        stock_shards=campaign.stock_shards,
        station_id=station_id,
    )


def crowd_id_for(
    campaign_id: str,
    station_id: str | None,
    ends_at: datetime,
    *,
    opened_at: datetime | None = None,
) -> str:
    """The id of the round that ends then: whoever knows when finds it, and there is one, called off
    or not. Crowds without a cut-off follow one another: theirs names when they were opened, too.
    """
    opened = [stored(opened_at)] if opened_at is not None else []
    return derived_id("grp", campaign_id, station_id or "", stored(ends_at), *opened)


def shards_of(crowd: Group) -> list[Group]:
    """The empty shards of a new crowd."""
    return [
        replace(
            crowd,
            group_id=group_id,
            crowd_id=crowd.group_id,
            crowd_shards=None,
            seats_total=MOST_HEADS,
            seats_free=MOST_HEADS,
        )
        for group_id in crowd.shard_ids
    ]


def crowd_shard_of(crowd: Group, member_id: str, order_id: str) -> int:
    """Where an order is counted: all of a member's by one shard, where a member has one seat."""
    return shard_of(order_id if crowd.seats_by_order else member_id, crowd.crowd_shards or 1)


def joinable_list(campaign_id: str, part: int | None) -> str:
    """The name of a campaign's list of groups that can be joined, or of one part of it."""
    return campaign_id if part is None else f"{campaign_id}#{part}"


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
