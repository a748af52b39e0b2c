"""What anyone sees of a group: its progress, its paid members' faces, and whether the caller could
join. No ids of other people. A crowd shows no faces: it only counts heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, Sku
from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw
from chalicelib.draws.schemas import DrawInBrief, in_brief
from chalicelib.groups import crowds
from chalicelib.groups import store as groups
from chalicelib.groups.errors import AlreadyJoined, GroupFull, NewcomersOnly
from chalicelib.groups.model import Group, GroupState, Seat, SeatState
from chalicelib.groups.recent_crowds import forget_crowds, recent_crowd, with_heads
from chalicelib.groups.schemas import (
    FaceAnswer,
    GroupAnswer,
    GroupInListAnswer,
    GroupSkuAnswer,
    GroupSummary,
    NextTierAnswer,
    ProductionAnswer,
    TierAnswer,
)
from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock, shown
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.reads import read
from chalicelib.members import store as members
from chalicelib.rules import ladder
from chalicelib.rules.model import Rules, Tier
from chalicelib.rules.newcomers import must_be_new

SOON_SECONDS = 3
IN_A_CROWD_SECONDS = 10
RARELY_SECONDS = 60

_MAY_STILL_CHANGE = frozenset({GroupState.PENDING, GroupState.FORMING})
_CLIMBS = frozenset({*_MAY_STILL_CHANGE, GroupState.COMPLETE})


@dataclass(frozen=True)
class Offer:
    """What a group's page shows of its campaign, as it was when the group began."""

    campaign: Campaign
    skus: tuple[Sku, ...]


_offers: ShortMemory[Offer] = ShortMemory(seconds=5, most=256)


def show(group_id: str, member_id: str | None, *, clock: Clock) -> GroupAnswer:
    """The group's page: one query, and its campaign from memory; one read more for its draw, and
    for a member whom the rules may not let in. A crowd's comes from memory but for the member's own
    seat. Raises NotFound.
    """
    now = clock.now()
    group, seats = _find(group_id, member_id, now)
    offer = _offer(group, now)
    own = next((seat for seat in seats if seat.member_id == member_id), None)
    refusal = _refusal(group, own, seats, now)
    if refusal is None and member_id is not None:
        refusal = _refusal_to_member(member_id, offer.campaign.rules)
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID and not group.is_crowd]
    leader = next((seat for seat in taken if seat.is_leader), None)
    (listed,) = in_lists([group], now=now)
    return {
        **listed,
        "title": offer.campaign.title,
        "joinable": refusal is None,
        "refusal_code": refusal.code if refusal is not None else None,
        "leader": _face(leader) if leader is not None else None,
        "members": [
            {**_face(seat), "joined_at": shown(seat.joined_at), "is_leader": seat.is_leader}
            for seat in taken
        ],
        "skus": [_sku_answer(group, offer.campaign, sku) for sku in offer.skus],
        "share": {
            "title": offer.campaign.title,
            "image_url": offer.campaign.cover_url,
            "path": f"pages/group/index?group_id={group_id}",
        },
        "my_order_id": own.order_id if own is not None else None,
        "poll_after_seconds": _poll_after_seconds(group, listed["draw"]),
    }


def forget_offers() -> None:
    """Remember no campaign and no crowd: for tests that start over in one process."""
    _offers.forget()
    forget_crowds()


def in_lists(found: Sequence[Group], *, now: datetime) -> list[GroupInListAnswer]:
    """Groups as lists have them, in this order; their draws in one read, the heads of crowds in
    another. Raises NotFound.
    """
    its_draws = draws.find_all(group.draw_id for group in found)
    counted = with_heads(found, now=now)
    return [_in_list(group, its_draws.get(group.draw_id or ""), now) for group in counted]


def _find(group_id: str, member_id: str | None, now: datetime) -> tuple[Group, Sequence[Seat]]:
    """The group and its seats; of a crowd only the member's own. Raises NotFound."""
    group = recent_crowd(group_id, now=now)
    seats: Sequence[Seat] = ()
    if group is None:
        group, seats = groups.find_with_seats(group_id)
    if group is None or group.crowd_id is not None:
        raise NotFound("There is no such group.")
    if group.is_crowd and member_id is not None:
        own = crowds.find_own_seat(group, member_id)
        seats = [own] if own is not None else ()
    return group, seats


def _in_list(group: Group, draw: Draw | None, now: datetime) -> GroupInListAnswer:
    """A group in a list: its counts and times, and how it is played."""
    campaign = _offer(group, now).campaign
    return {
        **summary(group, now=now),
        "play": campaign.play,
        "rules": campaign.rules.model_dump(mode="json"),
        "enough_count": group.enough_count,
        "tier": _tier(group, campaign),
        "next_tier": _next_tier(group, campaign),
        "draw": in_brief(draw),
    }


def summary(group: Group, *, now: datetime) -> GroupSummary:
    """The counts and times of a group."""
    return {
        "group_id": group.group_id,
        "campaign_id": group.campaign_id,
        "status": group.group_state,
        "size": group.seats_total,
        "paid_count": group.paid_count,
        "held_count": group.held_count,
        "seats_left": None if group.is_crowd else group.seats_free,
        "opened_at": shown(group.opened_at),
        "expires_at": shown(group.expires_at) if group.expires_at else None,
        "station_id": group.station_id,
        "production": _production(group),
        "server_time": shown(now),
    }


def _production(group: Group) -> ProductionAnswer | None:
    """What the merchant was asked to make, and says; None: nothing, or not yet."""
    if group.production is None or group.production_requested_at is None:
        return None
    return {
        "status": group.production,
        "requested_at": shown(group.production_requested_at),
        "ships_by": shown(group.ships_by) if group.ships_by is not None else None,
    }


def _refusal(
    group: Group, own: Seat | None, seats: Sequence[Seat], now: datetime
) -> Refusal | None:
    """What a join would be told now; an overdue hold counts as free, since joining expires it."""
    if own is not None:
        return AlreadyJoined()
    refusal = groups.refusal_to_join(group, now=now)
    overdue = any(s.seat_state is SeatState.HELD and s.pay_deadline <= now for s in seats)
    return None if isinstance(refusal, GroupFull) and overdue else refusal


def _refusal_to_member(member_id: str, rules: Rules) -> Refusal | None:
    """What a join would tell this very member: read only where the rules ask for newcomers."""
    if not must_be_new(rules, is_leader=False):
        return None
    key = members.buyer_key(member_id)
    return None if members.is_new(read(key).find(key)) else NewcomersOnly()


def _poll_after_seconds(group: Group, draw: DrawInBrief | None) -> int:
    """Soon while it may still change, or is complete and its own draw is about to be held. So many
    look at a crowd that each looks less often.
    """
    is_undrawn = draw is not None and (draw["scope"], draw["status"]) == ("group", "announced")
    awaits_draw = group.group_state is GroupState.COMPLETE and is_undrawn
    if group.group_state not in _MAY_STILL_CHANGE and not awaits_draw:
        return RARELY_SECONDS
    return IN_A_CROWD_SECONDS if group.is_crowd else SOON_SECONDS


def _face(seat: Seat) -> FaceAnswer:
    return {"nickname": seat.nickname or None, "avatar_url": seat.avatar_url or None}


def _offer(group: Group, now: datetime) -> Offer:
    key = (group.campaign_id, group.campaign_revision)
    offer = _offers.get(key, lambda: _read_offer(group), now=now)
    if offer is None:
        raise NotFound("The group's campaign is gone.")
    return offer


def _read_offer(group: Group) -> Offer | None:
    revision_key = catalog.revision_key(group.campaign_id, group.campaign_revision)
    campaign = catalog.revision_of(read(revision_key).find(revision_key))
    if campaign is None:
        return None
    keys = [catalog.sku_key(sku.sku_id) for sku in campaign.skus]
    found = read(*keys)
    skus = (catalog.sku_of(found.find(key)) for key in keys)
    return Offer(campaign, tuple(sku for sku in skus if sku is not None))


def _heads(group: Group) -> int:
    """How many count for the ladder: those who have paid, unless it has all come to nothing."""
    return group.paid_count if group.group_state in _CLIMBS else 0


def _tier(group: Group, campaign: Campaign) -> TierAnswer | None:
    """The tier reached now."""
    tier = ladder.tier_reached(campaign.rules, _heads(group))
    return _tier_answer(campaign, tier) if tier is not None else None


def _next_tier(group: Group, campaign: Campaign) -> NextTierAnswer | None:
    """The next better one, while more can come."""
    tier = ladder.next_tier(campaign.rules, _heads(group))
    if tier is None or group.group_state not in _MAY_STILL_CHANGE:
        return None
    return {**_tier_answer(campaign, tier), "heads_missing": tier.headcount - _heads(group)}


def _tier_answer(campaign: Campaign, tier: Tier) -> TierAnswer:
    price_fen = ladder.lowest_price_fen(campaign, tier)
    return {"headcount": tier.headcount, "price_fen": price_fen}


def _sku_answer(group: Group, campaign: Campaign, sku: Sku) -> GroupSkuAnswer:
    """`price_now_fen`: what it comes to if everyone stays and nobody else comes."""
    offered = next(each for each in campaign.skus if each.sku_id == sku.sku_id)
    now_fen = ladder.price_fen(campaign, sku.sku_id, _heads(group))
    return {
        "sku_id": sku.sku_id,
        "product_id": sku.product_id,
        "title": f"{sku.product_title} {sku.title}",
        "image_url": sku.image_url,
        "solo_price_fen": sku.solo_price_fen,
        "group_price_fen": offered.group_price_fen,
        "tier_prices_fen": list(ladder.prices_fen(campaign.rules, offered)),
        "price_now_fen": offered.group_price_fen if now_fen is None else now_fen,
    }
