"""Hold stock against the units that all orders held at one moment of the past.

Orders are placed and given back while they are walked through, so nobody asks what they hold now:
their rows say since when they hold it, or until when they did. What was placed or given back within
a minute and a half of the moment is in doubt, and the doubt speaks for the stock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.audit.bookings import text, whole
from chalicelib.audit.books import Books, Supply
from chalicelib.audit.invariants import STOCK, Violation, violations_of
from chalicelib.audit.model import UnitsWalk
from chalicelib.audit.stock_snapshot import (
    CLOSED,
    MOST_LOTS,
    NOT_THERE,
    KeptLot,
    is_in,
    take_snapshot,
)
from chalicelib.kit import reads
from chalicelib.kit.clock import Clock, after, from_stored, stored
from chalicelib.orders.store import OrderRow
from chalicelib.stock.model import Lot
from chalicelib.stock.store import is_shard, shard_key, sku_of

DOUBT_SECONDS = 90
"""Longer than any function of ours runs: a row's times are those of the run that wrote it."""

_ORDERS_PER_PAGE = 1000


@dataclass(frozen=True)
class Walked:
    """`walk`: where to go on, None at the end. `rows`: read, by what they are counted under."""

    walk: UnitsWalk | None
    rows: Mapping[str, int]
    violations: Sequence[Violation] = ()
    looked_count: int = 0
    unreadable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    too_many: Sequence[str] = ()


def walk_units(walk: UnitsWalk | None, rows_left: int, clock: Clock) -> Walked:
    """Take a snapshot of stock, or go on through the orders; at their end, judge it."""
    if walk is None:
        return _begin(0, None, clock)
    start = dict(walk.start) if walk.start else None
    items, following = reads.scan_items(
        OrderRow, limit=min(_ORDERS_PER_PAGE, rows_left), start=start, consistent=False
    )
    walk = replace(walk, lots=_with(walk, items), start=following)
    rows = {"units": len(items)}
    if following is not None:
        return Walked(walk, rows)
    return replace(_end(walk, clock), rows=rows)


def _begin(
    portion: int,
    portions: int | None,
    clock: Clock,
    *,
    look: int = 1,
    only: Sequence[str] = (),
    said: Sequence[Sequence[str]] = (),
) -> Walked:
    taken = take_snapshot(portion, portions, only=only, clock=clock)
    walk = UnitsWalk(
        from_at=taken.from_at,
        until_at=taken.until_at,
        lots=taken.lots,
        portion=portion,
        portions=taken.portions,
        look=look,
        left_out=taken.left_out,
        only=only,
        said=said,
    )
    is_first = look == 1 and portion == 0
    return Walked(
        walk,
        {"stock": taken.rows_read} if is_first else {},
        looked_count=len({sku_of(stock_id) for stock_id in taken.lots}) if look == 1 else 0,
        unreadable=taken.unreadable if is_first else {},
        too_many=taken.too_many if look == 1 else (),
    )


def _end(walk: UnitsWalk, clock: Clock) -> Walked:
    """All orders have been seen: what seems wrong is looked at once more, with another snapshot;
    what then still is, is.
    """
    found = _judge(walk)
    if found and walk.look == 1:
        skus = sorted({one.id for one in found})
        said = sorted({(one.invariant, one.id) for one in found})
        return _begin(walk.portion, walk.portions, clock, look=2, only=skus, said=said)
    again = {(invariant, id) for invariant, id in walk.said}
    violations = [one for one in found if (one.invariant, one.id) in again]
    following = Walked(None, {})
    if walk.portion + 1 < walk.portions:
        following = _begin(walk.portion + 1, walk.portions, clock)
    return replace(following, violations=violations)


def _with(walk: UnitsWalk, items: Iterable[dict[str, Any]]) -> Mapping[str, KeptLot]:
    """The lots, and what these orders held of each."""
    earliest = stored(after(walk.from_at, -DOUBT_SECONDS))
    latest = stored(after(walk.until_at, DOUBT_SECONDS))
    lots = dict(walk.lots)
    for item in items:
        try:
            held, in_doubt = _held(item, earliest, latest)
        except ValueError:  # the row is unreadable, and named as such
            continue
        sku_id = text(item, "sku_id")
        if not held + in_doubt or not _is_looked_at(walk, sku_id):
            continue
        stock_id = _stock_id(item, sku_id)
        if stock_id not in lots and len(lots) >= 2 * MOST_LOTS:
            continue
        lot = [*lots.get(stock_id, (0, 0, 0, NOT_THERE, "", 0, 0))]
        lots[stock_id] = [*lot[:5], lot[5] + held, lot[6] + in_doubt]
    return lots


def _held(item: dict[str, Any], earliest: str, latest: str) -> tuple[int, int]:
    """The units an order held then: for certain, and perhaps. Times are text, in its order."""
    back_at, placed_at = text(item, "units_back_at"), text(item, "placed_at")
    units = whole(item, "units_held") or (whole(item, "quantity") if back_at else 0)
    if placed_at > latest or (back_at and back_at < earliest):
        return 0, 0
    if placed_at >= earliest or (back_at and back_at <= latest):
        return 0, units
    return units, 0


def _is_looked_at(walk: UnitsWalk, sku_id: str) -> bool:
    if sku_id in walk.left_out or (walk.only and sku_id not in walk.only):
        return False
    return is_in(sku_id, walk.portion, walk.portions)


def _stock_id(item: dict[str, Any], sku_id: str) -> str:
    if "stock_shard" not in item:
        return sku_id
    number = whole(item, "stock_shard")
    return shard_key(sku_id, text(item, "campaign_id"), number).hash_value


def _judge(walk: UnitsWalk) -> list[Violation]:
    """The checks of stock, over what was there at that moment."""
    books = Books(walk.from_at)
    by_sku: dict[str, dict[str, KeptLot]] = {}
    for stock_id, kept in walk.lots.items():
        by_sku.setdefault(sku_of(stock_id), {})[stock_id] = kept
    for sku_id, lots in by_sku.items():
        _add(books, sku_id, lots)
    return [one for sku_id in by_sku for one in violations_of(books, STOCK, sku_id)]


def _add(books: Books, sku_id: str, lots: Mapping[str, KeptLot]) -> None:
    there = {id: _lot(id, kept, books.now) for id, kept in lots.items() if kept[3] != NOT_THERE}
    own = there.get(sku_id)
    supply = Supply(
        supplied=own.supplied if own is not None else 0,
        units_left=sum(lot.units_left for lot in there.values()),
        allotted=own.allotted if own is not None else 0,
        shards=frozenset(lot for id, lot in there.items() if is_shard(id)),
    )
    books.supplies[sku_id] = supply
    held = sum(kept[5] for kept in lots.values())
    in_doubt = sum(kept[6] for kept in lots.values())
    books.units_held[sku_id] = _in_favour(supply.supplied - supply.units_left, held, in_doubt)
    for stock_id, kept in lots.items():
        if is_shard(stock_id):
            lot = there.get(stock_id)
            wanted = lot.supplied - lot.units_left if lot is not None else 0
            units = _in_favour(wanted, kept[5], kept[6])
            if units:
                books.shard_units_held.setdefault(sku_id, Counter())[stock_id] = units


def _in_favour(wanted: int, held: int, in_doubt: int) -> int:
    """What orders held, as near to what stock says as doubt allows."""
    return min(max(wanted, held), held + in_doubt)


def _lot(stock_id: str, kept: KeptLot, now: datetime) -> Lot:
    """Of one that is over, since when is not kept."""
    supplied, units_left, allotted, standing, due_at, *_ = kept
    return Lot(
        stock_id=stock_id,
        shard=0,
        supplied=supplied,
        units_left=units_left,
        allotted=allotted,
        closed_at=now if standing == CLOSED else None,
        due_at=from_stored(due_at) if due_at else None,
    )
