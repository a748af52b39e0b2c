"""Crowds (超级团) as they are kept: the crowd, its shards, and which one a campaign's next member
comes to. Each shard is an item under a key of its own, so that no item gathers what a crowd writes.

Only reads, and adds guarded writes; enter_crowd.py decides.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pynamodb.expressions.condition import Condition

from chalicelib.groups.model import (
    PAGE_SEATS,
    Group,
    GroupState,
    Seat,
    SeatState,
    crowd_shard_of,
    shards_of,
)
from chalicelib.groups.store import (
    SEAT,
    GroupRow,
    find,
    find_with_seats,
    group_key,
    group_of,
    in_group_state,
    put_seat,
    row_of,
    seat_key,
    seat_of,
)
from chalicelib.kit.due import due_shard_of, due_then
from chalicelib.kit.reads import Found, query, read
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders.model import crowd_shard_id, is_crowd_shard_id
from chalicelib.rules.model import WhenShort

_ROUND = "round"
_SEATS_PER_LOOK = 1000


def round_key(campaign_id: str, station_id: str | None) -> Key[GroupRow]:
    """Where it says which crowd whoever opens a group of this campaign comes to."""
    return GroupRow.key(f"{campaign_id}#{_ROUND}#{station_id or ''}", _ROUND)


def is_round(kind: str) -> bool:
    """Whether it only names the crowd that is under way."""
    return kind == _ROUND


def round_of(row: GroupRow | None) -> Group | None:
    """The crowd as it was opened; it may be over."""
    if row is None:
        return None
    group = group_of(row)
    return replace(group, group_id=str(row.round_group_id)) if group is not None else None


def shards_in(found: Found, crowd: Group) -> list[Group]:
    """The shards as read."""
    shards = [group_of(found.find(group_key(shard_id))) for shard_id in crowd.shard_ids]
    return [shard for shard in shards if shard is not None]


def read_shards(crowd: Group) -> list[Group]:
    """All shards of a crowd, read consistently."""
    return shards_in(read(*(group_key(shard_id) for shard_id in crowd.shard_ids)), crowd)


def own_seat_key(crowd: Group, member_id: str) -> Key[GroupRow] | None:
    """Where a member's one seat in it is; None where every order has its own."""
    if crowd.seats_by_order:
        return None
    shard = crowd_shard_of(crowd, member_id, "")
    return seat_key(crowd_shard_id(crowd.group_id, shard), member_id)


def find_own_seat(crowd: Group, member_id: str) -> Seat | None:
    """The member's one seat in it."""
    key = own_seat_key(crowd, member_id)
    return seat_of(read(key).find(key)) if key is not None else None


def counted(found: Sequence[Group]) -> list[Group]:
    """Groups as they stand, in this order: a crowd that is not decided with what its shards count.
    One read for all.
    """
    undecided = [
        group for group in found if group.is_crowd and group.group_state is GroupState.FORMING
    ]
    shards = read(*(group_key(shard_id) for crowd in undecided for shard_id in crowd.shard_ids))
    counts = {crowd.group_id: _count(crowd, shards_in(shards, crowd)) for crowd in undecided}
    return [counts.get(group.group_id, group) for group in found]


def _count(crowd: Group, shards: Sequence[Group]) -> Group:
    return replace(
        crowd,
        held_count=sum(shard.held_count for shard in shards),
        paid_count=sum(shard.paid_count for shard in shards),
    )


def held_seats(shard_id: str, *, most: int) -> list[Seat]:
    """Seats of a shard whose orders await payment, so many at most."""
    held: list[Seat] = []
    is_held = GroupRow.seat_state == SeatState.HELD.value
    through: str | None = None
    while len(held) < most:
        more, through = page_of_seats(
            shard_id, after_kind=through, limit=_SEATS_PER_LOOK, keep=is_held
        )
        held += more
        if through is None:
            break
    return held[:most]


def page_of_seats(
    shard_id: str,
    *,
    after_kind: str | None,
    limit: int = PAGE_SEATS,
    keep: Condition | None = None,
) -> tuple[list[Seat], str | None]:
    """So many seats of a shard, in the order of their keys, and how far that goes; None: to the
    end. `keep`: leave out the others.
    """
    condition = (GroupRow.group_id == shard_id) & GroupRow.kind.startswith(SEAT)
    start = GroupRow.key(shard_id, after_kind).to_item() if after_kind is not None else None
    items, following = query(GroupRow, condition, limit=limit, start=start, keep=keep)
    seats = [seat_of(GroupRow.from_item(item)) for item in items]
    through = following["kind"]["S"] if following is not None else None
    return [seat for seat in seats if seat is not None], through


def find_undealt(group_id: str) -> tuple[Group | None, list[Seat], str | None]:
    """The group with all its seats; of a crowd's shard, the next that nobody has dealt with, and
    how far they go (None: to the end).
    """
    if not is_crowd_shard_id(group_id):
        return *find_with_seats(group_id), None
    shard = find(group_id)
    if shard is None:
        return None, [], None
    return shard, *page_of_seats(group_id, after_kind=shard.dealt_through)


def open_crowd(
    writes: WriteSet, crowd: Group, seat: Seat, shard: int, *, before: Group | None
) -> None:
    """Write the new crowd with its shards, its opener's seat held on one of them, and let those
    who come next come here. Guards: it is not there yet, and nobody has opened one since
    (`before`: the one that is over) -> Changed.
    """
    row = row_of(crowd)
    row.joinable_campaign_id = crowd.campaign_id
    row.due_shard, row.due_at = due_shard_of(crowd.group_id), crowd.expires_at
    writes.put(row, guard=GroupRow.group_id.does_not_exist())
    for number, each in enumerate(shards_of(crowd)):
        held = 1 if number == shard else 0
        new = replace(each, seats_free=each.seats_free - held, held_count=held)
        writes.put(row_of(new), guard=GroupRow.group_id.does_not_exist())
    key = round_key(crowd.campaign_id, crowd.station_id)
    pointer = row_of(crowd)
    pointer.group_id, pointer.kind = key.hash_value, str(key.range_value)
    pointer.round_group_id = crowd.group_id
    guard = GroupRow.round_group_id.does_not_exist()
    if before is not None:
        guard |= GroupRow.round_group_id == before.group_id
    writes.put(pointer, guard=guard)
    put_seat(writes, seat, seat.order_id if crowd.seats_by_order else seat.member_id)


def call_time(crowd: Group, *, now: datetime) -> None:
    """End a crowd's time now, to be refunded: whoever opens a group opens another, and nobody can
    come to this one from here on. Guard: it is forming -> Changed.
    """
    writes = WriteSet()
    writes.update(
        group_key(crowd.group_id),
        [
            GroupRow.expires_at.set(now),
            GroupRow.when_short.set(WhenShort.REFUND.value),
            *due_then(GroupRow, crowd.group_id, now),
        ],
        guard=in_group_state(GroupState.FORMING),
    )
    key = round_key(crowd.campaign_id, crowd.station_id)
    under_way = round_of(read(key).find(key))
    if under_way is not None and under_way.group_id == crowd.group_id:
        is_this_one = GroupRow.round_group_id == crowd.group_id
        writes.update(key, [GroupRow.expires_at.set(now)], guard=is_this_one)
    writes.commit()
    # One by one: a commit of them all would meet everybody who is coming just now.
    for shard_id in crowd.shard_ids:
        writes = WriteSet()
        is_forming = in_group_state(GroupState.FORMING)
        writes.update(group_key(shard_id), [GroupRow.expires_at.set(now)], guard=is_forming)
        with suppress(Changed):
            writes.commit()
