"""What anyone sees of a group: its progress, its paid members' faces, and whether the caller could
join. No ids of other people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, Sku
from chalicelib.groups import store as groups
from chalicelib.groups.errors import AlreadyJoined, GroupFull
from chalicelib.groups.model import Group, GroupState, Seat, SeatState
from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock, shown
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.reads import read

SOON_SECONDS = 3
RARELY_SECONDS = 60

_MAY_STILL_CHANGE = frozenset({GroupState.PENDING, GroupState.FORMING})


@dataclass(frozen=True)
class Offer:
    """What a group's page shows of its campaign, as it was when the group began."""

    campaign: Campaign
    skus: tuple[Sku, ...]


_offers: ShortMemory[Offer] = ShortMemory(seconds=5, most=256)


def show(group_id: str, member_id: str | None, *, clock: Clock) -> dict[str, Any]:
    """The group's page: one query, and its campaign from memory. Raises NotFound."""
    group, seats = groups.find_with_seats(group_id)
    if group is None:
        raise NotFound("There is no such group.")
    now = clock.now()
    offer = _offer(group, now)
    own = next((seat for seat in seats if seat.member_id == member_id), None)
    refusal = _refusal(group, own, seats, now)
    taken = [seat for seat in seats if seat.seat_state is SeatState.PAID]
    leader = next((seat for seat in taken if seat.is_leader), None)
    return {
        **summary(group, now=now),
        "title": offer.campaign.title,
        "play": offer.campaign.play,
        "joinable": refusal is None,
        "refusal_code": refusal.code if refusal is not None else None,
        "leader": _face(leader) if leader is not None else None,
        "members": [
            {**_face(seat), "joined_at": shown(seat.joined_at), "is_leader": seat.is_leader}
            for seat in taken
        ],
        "skus": [_sku_answer(offer.campaign, sku) for sku in offer.skus],
        "share": {
            "title": offer.campaign.title,
            "image_url": offer.campaign.cover_url,
            "path": f"pages/group/index?group_id={group_id}",
        },
        "my_order_id": own.order_id if own is not None else None,
        "poll_after_seconds": (
            SOON_SECONDS if group.group_state in _MAY_STILL_CHANGE else RARELY_SECONDS
        ),
    }


def forget_offers() -> None:
    """Remember no campaign: for tests that start over in one process."""
    _offers.forget()


def summary(group: Group, *, now: datetime) -> dict[str, Any]:
    """The counts and times of a group."""
    return {
        "group_id": group.group_id,
        "campaign_id": group.campaign_id,
        "status": group.group_state.value,
        "size": group.seats_total,
        "paid_count": group.paid_count,
        "held_count": group.held_count,
        "seats_left": group.seats_free,
        "opened_at": shown(group.opened_at),
        "expires_at": shown(group.expires_at) if group.expires_at else None,
        "server_time": shown(now),
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


def _face(seat: Seat) -> dict[str, Any]:
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


def _sku_answer(campaign: Campaign, sku: Sku) -> dict[str, Any]:
    return {
        "sku_id": sku.sku_id,
        "product_id": sku.product_id,
        "title": f"{sku.product_title} {sku.title}",
        "image_url": sku.image_url,
        "solo_price_fen": sku.solo_price_fen,
        "group_price_fen": campaign.price_fen(sku.sku_id),
    }
