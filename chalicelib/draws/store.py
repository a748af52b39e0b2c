"""The draws table: the draw itself, and an item per group that takes part. Reads, and the guarded
writes between them.

A draw is never undone. Nothing here decides; guards only hold what the verb decided.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from datetime import datetime
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
_GROUPS_PER_PAGE = 500


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
    pairs = zip(row.order_ids or (), row.transaction_ids or (), strict=True)
    return Participation(
        draw_id=row.draw_id,
        group_id=str(row.group_id),
        entries=tuple(Entry(order_id, transaction_id) for order_id, transaction_id in pairs),
        has_entered=bool(row.has_entered),
        passed_over=frozenset(row.passed_over or ()),
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


def find_participation(draw_id: str, group_id: str) -> Participation | None:
    key = participation_key(draw_id, group_id)
    return participation_of(reads.read(key).find(key))


def participations_page(
    draw_id: str, *, limit: int, start: dict[str, Any] | None = None
) -> tuple[list[Participation], dict[str, Any] | None]:
    """Groups of a draw in the order of their ids, and where the next page starts."""
    keys = (DrawRow.draw_id == draw_id) & DrawRow.entry.startswith(_GROUP)
    items, following = reads.query(DrawRow, keys, limit=limit, start=start)
    found = (participation_of(DrawRow.from_item(item)) for item in items)
    return [each for each in found if each is not None], following


def participations(draw_id: str) -> Iterator[Participation]:
    """All of them, page by page."""
    start: dict[str, Any] | None = None
    while True:
        page, start = participations_page(draw_id, limit=_GROUPS_PER_PAGE, start=start)
        yield from page
        if start is None:
            return


def participations_after(draw_id: str, group_id: str | None, *, limit: int) -> list[Participation]:
    """The next groups of a draw after that one, in the order of their ids."""
    start = participation_key(draw_id, group_id).to_item() if group_id is not None else None
    page, _ = participations_page(draw_id, limit=limit, start=start)
    return page


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
    keys = [draw_key(item["draw_id"]["S"]) for item in items]
    found = reads.read(*keys)
    draws = (draw_of(found.find(key)) for key in keys)
    return [draw for draw in draws if draw is not None], following


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
    in_order = sorted(entries)
    actions: list[Action] = [
        DrawRow.group_id.set(group_id),
        DrawRow.order_ids.set([entry.order_id for entry in in_order]),
        DrawRow.transaction_ids.set([entry.transaction_id for entry in in_order]),
        DrawRow.has_entered.set(True),
    ]
    key = participation_key(draw_id, group_id)
    writes.update(key, actions, guard=DrawRow.has_entered.does_not_exist())


def close(draw: Draw) -> None:
    """Nobody enters from here on. Nothing happens when it was closed before."""
    writes = WriteSet()
    actions = [DrawRow.draw_state.set(DrawState.CLOSED.value)]
    writes.update(draw_key(draw.draw_id), actions, guard=_in(DrawState.OPEN))
    try:
        writes.commit()
    except Changed:
        return


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


def tell_through(draw: Draw, group_id: str | None, *, due_at: datetime | None) -> None:
    """Groups up to that one know; all of them do when nothing is due any more."""
    actions: list[Action] = [DrawRow.told_through.set(group_id)] if group_id is not None else []
    actions += due_then(DrawRow, draw.draw_id, due_at) if due_at else not_due(DrawRow)
    guard = _in(DrawState.DRAWN)
    if draw.due_at is not None:
        guard &= DrawRow.due_at == stored(draw.due_at)
    writes = WriteSet()
    writes.update(draw_key(draw.draw_id), actions, guard=guard)
    try:
        writes.commit()
    except Changed:
        return


def _passed_over_as_read(draw: Draw) -> Condition:
    count = DrawRow.passed_over_count
    as_read: Condition = count.does_not_exist()
    return as_read if draw.passed_over_count == 0 else count == draw.passed_over_count


def _in(state: DrawState) -> Condition:
    return DrawRow.draw_state == state.value
