"""Set units of a SKU aside for one campaign (秒杀库存), spread over shards, or change how many.

Says how many in all, sold ones included, so that saying it again changes nothing. When the
campaign's window is over they go back by themselves: return_units.py.
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.kit.due import due_shard_of, due_then
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.stock import store as stock
from chalicelib.stock.model import Lot, spread
from chalicelib.stock.store import StockRow, stock_key


def allot(
    sku_id: str,
    campaign_id: str,
    units: int,
    *,
    shards: int,
    until: datetime,
    dry_run: bool = False,
) -> None:
    """Raises InvalidRequest when the SKU has not that many left, when more than is left of the
    allotment would be taken away, or when it lies on another number of shards.
    """
    until_settled(lambda: _attempt(sku_id, campaign_id, units, shards, until, dry_run=dry_run))


def _attempt(
    sku_id: str, campaign_id: str, units: int, shards: int, until: datetime, *, dry_run: bool
) -> None:
    own_key, keys = stock_key(sku_id), stock.shard_keys(sku_id, campaign_id, shards)
    found = read(own_key, *keys)
    own = stock.lot_of(found.find(own_key))
    lots = [stock.lot_of(found.find(key)) for key in keys]
    if own is None:
        raise _wrong(f"SKU {sku_id} has no stock.")
    first = lots[0]
    if first is not None and first.shards_total != shards:
        raise _wrong(
            f"SKU {sku_id}: its allotment lies on {first.shards_total} shards, which cannot change."
        )
    more = units - sum(lot.supplied for lot in lots if lot is not None)
    if more > own.units_left:
        raise _wrong(
            f"SKU {sku_id}: {more} more units were to be set aside, and {own.units_left} are left."
        )
    parts = spread(more, shards) if more >= 0 else _taken_from(sku_id, lots, -more)
    writes = WriteSet()
    for key, lot, part in zip(keys, lots, parts, strict=True):
        _write(writes, key, lot, part, shards=shards, until=until)
    _take_from_sku(writes, own, more, opened_again=_held_by_closed(lots))
    if not dry_run:
        writes.commit()


def _held_by_closed(lots: Sequence[Lot | None]) -> int:
    """What orders hold of an allotment that was over and is to begin again."""
    return sum(lot.supplied for lot in lots if lot is not None and lot.closed_at is not None)


def _take_from_sku(writes: WriteSet, own: Lot, more: int, *, opened_again: int) -> None:
    """Guards: enough left, and as much set aside as read: of two who allot at once one reads again
    -> Changed.
    """
    if not more and not opened_again:
        return
    actions: list[Action] = [
        StockRow.units_left.set(StockRow.units_left - more),
        StockRow.allotted.set(own.allotted + more + opened_again),
    ]
    as_read = StockRow.allotted == own.allotted
    if not own.allotted:
        as_read |= StockRow.allotted.does_not_exist()
    writes.update(stock_key(own.stock_id), actions, guard=(StockRow.units_left >= more) & as_read)


def _taken_from(sku_id: str, lots: Sequence[Lot | None], fewer: int) -> list[int]:
    """What to take from each shard, below zero, to have so many fewer. Raises InvalidRequest."""
    parts = []
    for lot in lots:
        taken = min(lot.units_left, fewer) if lot is not None else 0
        parts.append(-taken)
        fewer -= taken
    if fewer > 0:
        raise _wrong(f"SKU {sku_id}: {fewer} units to be taken away are sold or held already.")
    return parts


def _write(
    writes: WriteSet,
    key: Key[StockRow],
    lot: Lot | None,
    part: int,
    *,
    shards: int,
    until: datetime,
) -> None:
    """Nothing is written where nothing changes; but they were not read in one moment, so that each
    is guarded. Guards: as much was put there as read, not over or over as read, and enough left to
    take away -> Changed.
    """
    if lot is None:
        new = StockRow(
            sku_id=key.hash_value,
            shard=key.range_value,
            supplied=part,
            units_left=part,
            shards_total=shards,
            due_shard=due_shard_of(key.hash_value),
            due_at=until,
        )
        writes.put(new, guard=StockRow.sku_id.does_not_exist())
        return
    guard = StockRow.supplied == lot.supplied
    if not part and lot.due_at == until:
        writes.check(key, guard=guard & StockRow.closed_at.does_not_exist())
        return
    actions: list[Action] = [
        StockRow.units_left.set(StockRow.units_left + part),
        StockRow.supplied.set(StockRow.supplied + part),
        *due_then(StockRow, key.hash_value, until),
    ]
    guard &= StockRow.units_left >= max(-part, 0)
    if lot.closed_at is None:
        guard &= StockRow.closed_at.does_not_exist()
    else:
        actions.append(StockRow.closed_at.remove())
        guard &= StockRow.closed_at.exists()
    writes.update(key, actions, guard=guard)


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, errors=[{"field": "skus", "message": message}])
