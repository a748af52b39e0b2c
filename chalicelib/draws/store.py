"""The draws table: the draw itself, and an item per group that takes part. Reads, and the guarded
writes between them.

A draw is never undone. Nothing here decides; guards only hold what the verb decided.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.draws.model import Draw, DrawState, Entry, Participation
from chalicelib.kit import reads
from chalicelib.kit.clock import stored
from chalicelib.kit.due import DueRow, due_shard_of, due_then, not_due
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.rules.model import DrawScope

DRAW = "draw"
_GROUP = "group#"
_GROUPS_PER_PAGE = 1000


class DrawRow(DueRow):
    """A draw, or a group that takes part in it, told apart by `entry`."""

    class Meta:
        table = "draws"

    draw_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    campaign_id = UnicodeAttribute(null=True)
    scope = UnicodeAttribute(null=True)
    winners_wanted = NumberAttribute(null=True)
    seed_hash = UnicodeAttribute(null=True)
    seed_sealed = UnicodeAttribute(null=True)
    announced_at = TimeAttribute(null=True)
    draw_state = UnicodeAttribute(null=True)
    group_id = UnicodeAttribute(null=True)
    draws_at = TimeAttribute(null=True)
    seed = UnicodeAttribute(null=True)
    drawn_at = TimeAttribute(null=True)
    drawn_campaign_id = UnicodeAttribute(null=True)
    entries_count = NumberAttribute(null=True)
    winners: ListAttribute[Any] = ListAttribute(null=True)
    passed_over_count = NumberAttribute(null=True)
    told_through = UnicodeAttribute(null=True)
    order_ids: ListAttribute[Any] = ListAttribute(null=True)
    transaction_ids: ListAttribute[Any] = ListAttribute(null=True)
    passed_over: ListAttribute[Any] = ListAttribute(null=True)
    has_entered = BooleanAttribute(null=True)


_MODEL_FIELDS = frozenset(Draw.__dataclass_fields__)


def draw_key(draw_id: str) -> Key[DrawRow]:
    return DrawRow.key(draw_id, DRAW)


def participation_key(draw_id: str, group_id: str) -> Key[DrawRow]:
    return DrawRow.key(draw_id, _GROUP + group_id)


def draw_of(row: DrawRow | None) -> Draw | None:
    if row is None:
        return None
    given = row.given(_MODEL_FIELDS)
    given["scope"] = DrawScope(row.scope)
    given["draw_state"] = DrawState(row.draw_state)
    given["winners"] = tuple(row.winners or ())
    return Draw(**given)


def participation_of(row: DrawRow | None) -> Participation | None:
    if row is None:
        return None
    return _participation_in(row.to_item())


def _participation_in(item: Mapping[str, Any]) -> Participation:
    """From DynamoDB's own JSON: a draw reads tens of thousands, and a row of each takes longer than
    a sweep has.
    """
    order_ids, transaction_ids, passed_over = (
        [each["S"] for each in item.get(name, {"L": ()})["L"]]
        for name in ("order_ids", "transaction_ids", "passed_over")
    )
    return Participation(
        draw_id=item["draw_id"]["S"],
        group_id=item["group_id"]["S"],
        entries=tuple(Entry(*pair) for pair in zip(order_ids, transaction_ids, strict=True)),
        has_entered="has_entered" in item,
        passed_over=frozenset(passed_over),
    )


def find(draw_id: str) -> Draw | None:
    key = draw_key(draw_id)
    return draw_of(reads.read(key).find(key))


def get(draw_id: str) -> Draw:
    """The draw, read consistently. Raises NotFound."""
    draw = find(draw_id)
    if draw is None:
        raise NotFound("There is no such draw.")
    return draw


def find_all(draw_ids: Iterable[str | None]) -> Mapping[str, Draw]:
    """Those of them that there are, by id; Nones are passed over."""
    keys = [draw_key(draw_id) for draw_id in draw_ids if draw_id is not None]
    found = reads.read(*keys)
    draws = (draw_of(found.find(key)) for key in keys)
    return {draw.draw_id: draw for draw in draws if draw is not None}


def find_participation(draw_id: str, group_id: str) -> Participation | None:
    key = participation_key(draw_id, group_id)
    return participation_of(reads.read(key).find(key))


def participations_page(
    draw_id: str,
    *,
    limit: int,
    start: dict[str, Any] | None = None,
    has_entered: bool | None = None,
) -> tuple[list[Participation], dict[str, Any] | None]:
    """Groups of a draw in the order of their ids, and where the next page starts; given
    `has_entered`, only those of which that is so, and then a page may be short while more follows.
    """
    keys = (DrawRow.draw_id == draw_id) & DrawRow.entry.startswith(_GROUP)
    entered = DrawRow.has_entered
    keep = None
    if has_entered is not None:
        keep = entered.exists() if has_entered else entered.does_not_exist()
    items, following = reads.query(DrawRow, keys, limit=limit, start=start, keep=keep)
    return [_participation_in(item) for item in items], following


def participations(draw_id: str, *, has_entered: bool | None = None) -> Iterator[Participation]:
    """All of them, or only those of which that is so, page by page."""
    start: dict[str, Any] | None = None
    while True:
        page, start = participations_page(
            draw_id, limit=_GROUPS_PER_PAGE, start=start, has_entered=has_entered
        )
        yield from page
        if start is None:
            return


def participations_after(
    draw_id: str, group_id: str | None, *, limit: int
) -> tuple[list[Participation], bool]:
    """The next groups of a draw after that one, in the order of their ids, and whether more
    follow: a page of long ones may hold fewer than `limit`.
    """
    start = participation_key(draw_id, group_id).to_item() if group_id is not None else None
    page, following = participations_page(draw_id, limit=limit, start=start)
    return page, following is not None


def has_groups(draw_id: str) -> bool:
    """Whether anybody was promised to take part."""
    return bool(participations_page(draw_id, limit=1)[0])


def drawn_page(
    campaign_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[Draw], dict[str, Any] | None]:
    """Draws of a campaign that have been held, newest first, and where the next page starts."""
    items, following = reads.query(
        DrawRow,
        DrawRow.drawn_campaign_id == campaign_id,
        index="drawn",
        limit=limit,
        start=start,
        backward=True,
    )
    draw_ids = [item["draw_id"]["S"] for item in items]
    found = find_all(draw_ids)
    return [found[draw_id] for draw_id in draw_ids if draw_id in found], following


def announce(writes: WriteSet, draw: Draw) -> None:
    """Write a new draw, due when it is to be drawn. Guard: it is new -> Changed."""
    given = {name: value for name, value in asdict(draw).items() if value not in (None, (), 0)}
    given |= {"scope": draw.scope.value, "draw_state": draw.draw_state.value}
    row = DrawRow(entry=DRAW, **given)
    if draw.draws_at is not None:
        row.due_shard, row.due_at = due_shard_of(draw.draw_id), draw.draws_at
    writes.put(row, guard=DrawRow.draw_id.does_not_exist())


def reschedule(writes: WriteSet, draw: Draw, *, draws_at: datetime, winners_wanted: int) -> None:
    """Draw at another time, or so many. Guards: still open, and for as many as was read."""
    actions: list[Action] = [
        DrawRow.draws_at.set(draws_at),
        DrawRow.winners_wanted.set(winners_wanted),
        *due_then(DrawRow, draw.draw_id, draws_at),
    ]
    guard = _in(DrawState.OPEN) & (DrawRow.winners_wanted == draw.winners_wanted)
    writes.update(draw_key(draw.draw_id), actions, guard=guard)


def register(writes: WriteSet, draw_id: str, group_id: str) -> None:
    """A group that may take part in a campaign's draw, should it complete."""
    row = DrawRow(draw_id=draw_id, entry=_GROUP + group_id, group_id=group_id)
    writes.put(row, guard=DrawRow.draw_id.does_not_exist())


def enter(writes: WriteSet, draw_id: str, group_id: str, entries: Collection[Entry]) -> None:
    """A complete group takes part with these. Guards: the draw is open, the group has not entered
    yet.
    """
    writes.check(draw_key(draw_id), guard=_in(DrawState.OPEN))
    in_order = sorted(entries, key=attrgetter("order_id"))
    actions: list[Action] = [
        DrawRow.group_id.set(group_id),
        DrawRow.order_ids.set([entry.order_id for entry in in_order]),
        DrawRow.transaction_ids.set([entry.transaction_id for entry in in_order]),
        DrawRow.has_entered.set(True),
    ]
    key = participation_key(draw_id, group_id)
    writes.update(key, actions, guard=DrawRow.has_entered.does_not_exist())


def close(draw: Draw) -> None:
    """Nobody enters from here on. Guards: still open, and to be drawn when it was as read ->
    Changed.
    """
    writes = WriteSet()
    actions = [DrawRow.draw_state.set(DrawState.CLOSED.value)]
    guard = _in(DrawState.OPEN)
    if draw.draws_at is not None:
        guard &= DrawRow.draws_at == stored(draw.draws_at)
    writes.update(draw_key(draw.draw_id), actions, guard=guard)
    writes.commit()


def pass_over(draw: Draw, group: Participation, order_ids: Collection[str]) -> Draw:
    """These entries of a group cannot win either; once written, never taken back. The draw as it is
    then. Guards: closed, and as many passed over as was read -> Changed.
    """
    count = draw.passed_over_count + len(order_ids)
    writes = WriteSet()
    writes.update(
        draw_key(draw.draw_id),
        [DrawRow.passed_over_count.set(count)],
        guard=_in(DrawState.CLOSED) & _passed_over_as_read(draw),
    )
    actions = [DrawRow.passed_over.set(sorted({*group.passed_over, *order_ids}))]
    key = participation_key(draw.draw_id, group.group_id)
    writes.update(key, actions, guard=DrawRow.has_entered.exists())
    writes.commit()
    return replace(draw, passed_over_count=count)


def publish(
    draw: Draw,
    *,
    seed: str,
    winners: Collection[str],
    entries_count: int,
    now: datetime,
    due_at: datetime | None,
) -> None:
    """Winners and seed are public. Guards: closed, not drawn yet, and as many passed over as was
    read -> Changed. `due_at`: when groups are told.
    """
    actions: list[Action] = [
        DrawRow.draw_state.set(DrawState.DRAWN.value),
        DrawRow.seed.set(seed),
        DrawRow.winners.set(list(winners)),
        DrawRow.entries_count.set(entries_count),
        DrawRow.drawn_at.set(now),
        DrawRow.drawn_campaign_id.set(draw.campaign_id),
        *(due_then(DrawRow, draw.draw_id, due_at) if due_at else not_due(DrawRow)),
    ]
    writes = WriteSet()
    guard = _in(DrawState.CLOSED) & _passed_over_as_read(draw)
    writes.update(draw_key(draw.draw_id), actions, guard=guard)
    writes.commit()


def tell_through(draw: Draw, group_id: str | None, *, goes_on: bool) -> Draw | None:
    """Groups up to that one know, and all of them unless it goes on; then nothing is due any more.
    The draw as it is then; None when somebody else is telling them. Guards: drawn, and told as far
    as was read.
    """
    actions: list[Action] = [DrawRow.told_through.set(group_id)] if group_id is not None else []
    actions += [] if goes_on else not_due(DrawRow)
    told = DrawRow.told_through
    as_read: Condition = told.does_not_exist()
    if draw.told_through is not None:
        as_read = told == draw.told_through
    writes = WriteSet()
    writes.update(draw_key(draw.draw_id), actions, guard=_in(DrawState.DRAWN) & as_read)
    try:
        writes.commit()
    except Changed:
        return None
    return replace(draw, told_through=group_id)


def _passed_over_as_read(draw: Draw) -> Condition:
    count = DrawRow.passed_over_count
    as_read: Condition = count.does_not_exist()
    return as_read if draw.passed_over_count == 0 else count == draw.passed_over_count


def _in(state: DrawState) -> Condition:
    return DrawRow.draw_state == state.value
