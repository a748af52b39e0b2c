"""The groups table: the group item (counts, rules, deadline) and one item per seat. Reads, and the
guarded writes between them.

Each write keeps `seats_free + held_count + paid_count = seats_total`. Nothing here decides; guards
only hold what the verb decided.
"""

from dataclasses import asdict
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.groups.errors import AlreadyJoined, GroupFull, GroupNotOpen, GroupOver
from chalicelib.groups.model import Group, GroupState, Production, Seat, SeatState
from chalicelib.kit import reads
from chalicelib.kit.due import StreamedRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.tables import Key, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.rules.model import MOST_SEATS, WhenShort

GROUP = "group"
SEAT = "seat#"


class GroupRow(StreamedRow):
    """A group, or one of its seats, told apart by `kind`."""

    class Meta:
        table = "groups"

    group_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    campaign_id = UnicodeAttribute(null=True)
    campaign_revision = UnicodeAttribute(null=True)
    leader_id = UnicodeAttribute(null=True)
    seats_total = NumberAttribute(null=True)
    seats_free = NumberAttribute(null=True)
    held_count = NumberAttribute(null=True)
    paid_count = NumberAttribute(null=True)
    opened_at = TimeAttribute(null=True)
    duration_seconds = NumberAttribute(null=True)
    campaign_ends_at = TimeAttribute(null=True)
    when_short = UnicodeAttribute(null=True)
    minimum_payers = NumberAttribute(null=True)
    leave_allowed = BooleanAttribute(null=True)
    group_state = UnicodeAttribute(null=True)
    expires_at = TimeAttribute(null=True)
    draw_id = UnicodeAttribute(null=True)
    drawn_at = TimeAttribute(null=True)
    settled_at = TimeAttribute(null=True)
    crowd_shards = NumberAttribute(null=True)
    crowd_id = UnicodeAttribute(null=True)
    seats_by_order = BooleanAttribute(null=True)
    headcount = NumberAttribute(null=True)
    dealt_through = UnicodeAttribute(null=True)
    dealt_units = NumberAttribute(null=True)
    dealt_stuck = BooleanAttribute(null=True)
    stock_shards = NumberAttribute(null=True)
    station_id = UnicodeAttribute(null=True)
    production = UnicodeAttribute(null=True)
    production_queue = UnicodeAttribute(null=True)
    production_requested_at = TimeAttribute(null=True)
    production_decided_by = UnicodeAttribute(null=True)
    ships_by = TimeAttribute(null=True)
    round_group_id = UnicodeAttribute(null=True)
    joinable_campaign_id = UnicodeAttribute(null=True)
    member_id = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(null=True)
    seat_state = UnicodeAttribute(null=True)
    is_leader = BooleanAttribute(null=True)
    joined_at = TimeAttribute(null=True)
    pay_deadline = TimeAttribute(null=True)
    units = NumberAttribute(null=True)
    sku_id = UnicodeAttribute(null=True)
    nickname = UnicodeAttribute(null=True)
    avatar_url = UnicodeAttribute(null=True)


_GROUP_FIELDS = frozenset(Group.__dataclass_fields__)
_SEAT_FIELDS = frozenset(Seat.__dataclass_fields__)


def group_key(group_id: str) -> Key[GroupRow]:
    return GroupRow.key(group_id, GROUP)


def seat_key(group_id: str, seat_id: str) -> Key[GroupRow]:
    """`seat_id`: the member's, or in a round the order's."""
    return GroupRow.key(group_id, SEAT + seat_id)


def group_of(row: GroupRow | None) -> Group | None:
    if row is None:
        return None
    given = row.given(_GROUP_FIELDS)
    given["group_state"] = GroupState(row.group_state)
    given["when_short"] = WhenShort(row.when_short)
    given["production"] = Production(row.production) if row.production else None
    return Group(**given)


def seat_of(row: GroupRow | None) -> Seat | None:
    if row is None:
        return None
    return Seat(**{**row.given(_SEAT_FIELDS), "seat_state": SeatState(row.seat_state)})


def find(group_id: str) -> Group | None:
    key = group_key(group_id)
    return group_of(reads.read(key).find(key))


def get(group_id: str) -> Group:
    """The group, read consistently. Raises NotFound."""
    group = find(group_id)
    if group is None:
        raise NotFound("There is no such group.")
    return group


def find_with_seats(group_id: str) -> tuple[Group | None, list[Seat]]:
    """The group and all its seats, leader first, then in the order they came: one query."""
    rows = reads.query_all(GroupRow, GroupRow.group_id == group_id, most=MOST_SEATS + 1)
    group = next((group_of(row) for row in rows if row.kind == GROUP), None)
    seats = [seat_of(row) for row in rows if row.kind.startswith(SEAT)]
    in_order = [seat for seat in seats if seat is not None]
    return group, sorted(in_order, key=lambda seat: (not seat.is_leader, seat.joined_at))


def open_group(writes: WriteSet, group: Group, seat: Seat) -> None:
    """Write the new group with its leader's seat; one that forms already can be joined, and is due
    at its end.
    """
    row = row_of(group)
    if group.group_state is GroupState.FORMING:
        row.joinable_campaign_id = group.joinable_list
        row.due_shard, row.due_at = due_shard_of(group.group_id), group.expires_at
    writes.put(row, guard=GroupRow.group_id.does_not_exist())
    put_seat(writes, seat, seat.member_id)


def row_of(group: Group) -> GroupRow:
    """The group as its item holds it, on no list."""
    given = {name: value for name, value in asdict(group).items() if value not in (None, False)}
    # What is counted is there from the start, also while it is nothing.
    counts = {name: getattr(group, name) for name in _COUNTS}
    return GroupRow(kind=GROUP, **{**given, **counts, "when_short": group.when_short.value})


_COUNTS = ("seats_free", "held_count", "paid_count", "leave_allowed")


def claim_seat(writes: WriteSet, group: Group, seat: Seat, *, now: datetime) -> None:
    """Hold a seat for a joiner. Guards: forming, not over, a seat free, not seated yet."""
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.seats_free.set(GroupRow.seats_free - 1),
            GroupRow.held_count.set(GroupRow.held_count + 1),
        ],
        guard=in_group_state(GroupState.FORMING)
        & (GroupRow.expires_at > now)
        & (GroupRow.seats_free >= 1),
        refusal=lambda row: refusal_to_join(group_of(row), now=now) or GroupFull(),
    )
    put_seat(writes, seat, seat.order_id if group.seats_by_order else seat.member_id)


def refusal_to_join(group: Group | None, *, now: datetime) -> Refusal | None:
    """Why the group as it is now takes nobody; None when it does."""
    if group is None or group.group_state in (GroupState.PENDING, GroupState.ABANDONED):
        return GroupNotOpen()
    if group.group_state is not GroupState.FORMING or group.is_over(now):
        return GroupOver()
    return GroupFull() if group.seats_free < 1 and not group.is_crowd else None


def put_seat(writes: WriteSet, seat: Seat, seat_id: str) -> None:
    """Write the seat. Guard: there is none of that id yet -> AlreadyJoined."""
    given = {name: value for name, value in asdict(seat).items() if value not in (None, "")}
    row = GroupRow(kind=SEAT + seat_id, **{**given, "seat_state": seat.seat_state.value})
    writes.put(
        row,
        guard=GroupRow.group_id.does_not_exist(),
        refusal=lambda taken: AlreadyJoined(
            context={"order_id": taken.order_id} if taken is not None else None
        ),
    )


def pay_seat(writes: WriteSet, seat_group_id: str, seat_id: str, order_id: str) -> None:
    """The seat's order is paid. Guard: it is held, by this order."""
    writes.update(
        seat_key(seat_group_id, seat_id),
        [GroupRow.seat_state.set(SeatState.PAID.value)],
        guard=_held_by(order_id, SeatState.HELD),
    )


def activate(writes: WriteSet, group: Group, *, expires_at: datetime) -> None:
    """The leader has paid: the group forms. Guard: still pending."""
    actions: list[Action] = [
        GroupRow.group_state.set(GroupState.FORMING.value),
        GroupRow.held_count.set(GroupRow.held_count - 1),
        GroupRow.paid_count.set(GroupRow.paid_count + 1),
        GroupRow.expires_at.set(expires_at),
        GroupRow.joinable_campaign_id.set(group.joinable_list),
        *due_then(GroupRow, group.group_id, expires_at),
    ]
    writes.update(group_key(group.group_id), actions, guard=in_group_state(GroupState.PENDING))


def take_payment(writes: WriteSet, group: Group) -> None:
    """A seat that is not the last is paid. Guards: forming, the seat held, more than one payment
    missing.
    """
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.held_count.set(GroupRow.held_count - 1),
            GroupRow.paid_count.set(GroupRow.paid_count + 1),
        ],
        guard=in_group_state(GroupState.FORMING)
        & (GroupRow.held_count >= 1)
        & (GroupRow.paid_count < group.seats_total - 1),
    )


def complete_by_payment(writes: WriteSet, group: Group, *, now: datetime, due_at: datetime) -> None:
    """The payment that takes the last seat completes the group. Guards: forming, exactly one
    missing.
    """
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.held_count.set(GroupRow.held_count - 1),
            GroupRow.paid_count.set(GroupRow.paid_count + 1),
            *ended(group.group_id, GroupState.COMPLETE, now=now, due_at=due_at),
        ],
        guard=in_group_state(GroupState.FORMING)
        & (GroupRow.held_count >= 1)
        & (GroupRow.paid_count == group.seats_total - 1),
    )


def abandon(writes: WriteSet, group_id: str, seat_id: str, order_id: str, *, now: datetime) -> None:
    """The leader's order ends unpaid, and its seat with it. Guards: still pending, held by it."""
    writes.update(
        group_key(group_id),
        [
            GroupRow.group_state.set(GroupState.ABANDONED.value),
            GroupRow.held_count.set(GroupRow.held_count - 1),
            GroupRow.seats_free.set(GroupRow.seats_free + 1),
            GroupRow.settled_at.set(now),
        ],
        guard=in_group_state(GroupState.PENDING),
    )
    remove_seat(writes, group_id, seat_id, order_id, SeatState.HELD)


def free_held_seat(writes: WriteSet, group_id: str, seat_id: str, order_id: str) -> None:
    """An unpaid order gives its seat back to a forming group. Guards: forming, held by this
    order.
    """
    writes.update(
        group_key(group_id),
        [
            GroupRow.seats_free.set(GroupRow.seats_free + 1),
            GroupRow.held_count.set(GroupRow.held_count - 1),
        ],
        guard=in_group_state(GroupState.FORMING) & (GroupRow.held_count >= 1),
    )
    remove_seat(writes, group_id, seat_id, order_id, SeatState.HELD)


def free_paid_seat(
    writes: WriteSet,
    group: Group,
    seat_id: str,
    order_id: str,
    *,
    now: datetime,
    minimum_payers: int | None = None,
) -> None:
    """A paid member leaves. Guards: forming, time left, paid by this order. `minimum_payers`: how
    many are enough from then on, where that changes.
    """
    fewer = [GroupRow.minimum_payers.set(minimum_payers)] if minimum_payers is not None else []
    writes.update(
        group_key(group.group_id),
        [
            GroupRow.seats_free.set(GroupRow.seats_free + 1),
            GroupRow.paid_count.set(GroupRow.paid_count - 1),
            *fewer,
        ],
        guard=in_group_state(GroupState.FORMING)
        & (GroupRow.expires_at > now)
        & (GroupRow.paid_count >= 1),
    )
    remove_seat(writes, group.group_id, seat_id, order_id, SeatState.PAID)


def remove_seat(
    writes: WriteSet, group_id: str, seat_id: str, order_id: str, state: SeatState
) -> None:
    """Take the seat away. Guard: it is this order's and in that state."""
    writes.delete(seat_key(group_id, seat_id), guard=_held_by(order_id, state))


def tell_drawn(group_id: str, *, now: datetime, due_at: datetime) -> None:
    """Its campaign's draw was held: it is to deal with its orders. Nothing happens unless it is
    complete and does not know.
    """
    actions: list[Action] = [
        GroupRow.drawn_at.set(now),
        *due_then(GroupRow, group_id, due_at),
    ]
    writes = WriteSet()
    guard = in_group_state(GroupState.COMPLETE) & GroupRow.drawn_at.does_not_exist()
    writes.update(group_key(group_id), actions, guard=guard)
    try:
        writes.commit()
    except Changed:
        return


def finish(
    writes: WriteSet, group_id: str, state: GroupState, *, drawn_at: datetime | None = None
) -> None:
    """What follows from the group's end is done. Guard: in that state and not finished yet.
    `drawn_at`: it knows of its draw.
    """
    known = [GroupRow.drawn_at.set(drawn_at)] if drawn_at is not None else []
    writes.update(
        group_key(group_id),
        [*not_due(GroupRow), *known],
        guard=in_group_state(state) & GroupRow.due_at.exists(),
    )


def ended(group_id: str, state: GroupState, *, now: datetime, due_at: datetime) -> list[Action]:
    """Over, off the joinable list, and due until its reaction is done."""
    return [
        GroupRow.group_state.set(state.value),
        GroupRow.settled_at.set(now),
        GroupRow.joinable_campaign_id.remove(),
        *due_then(GroupRow, group_id, due_at),
    ]


def in_group_state(state: GroupState) -> Condition:
    """It is still in that state."""
    return GroupRow.group_state == state.value


def _held_by(order_id: str, state: SeatState) -> Condition:
    held: Condition = (GroupRow.seat_state == state.value) & (GroupRow.order_id == order_id)
    return held
