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
from chalicelib.stock.store import StockRow


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
    own_key, keys = stock.stock_key(sku_id), stock.shard_keys(sku_id, campaign_id, shards)
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
    if more:
        actions = [
            StockRow.units_left.set(StockRow.units_left - more),
            StockRow.allotted.set((StockRow.allotted | 0) + more),
        ]
        writes.update(own_key, actions, guard=StockRow.units_left >= more)
    if not dry_run:
        writes.commit()


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
    """Nothing is written where nothing changes. Guards: as much was put there as read, not over or
    over as read, and enough left to take away -> Changed.
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
    if not part and lot.due_at == until:
        return
    actions: list[Action] = [
        StockRow.units_left.set(StockRow.units_left + part),
        StockRow.supplied.set(StockRow.supplied + part),
        *due_then(StockRow, key.hash_value, until),
    ]
    guard = (StockRow.supplied == lot.supplied) & (StockRow.units_left >= max(-part, 0))
    if lot.closed_at is None:
        guard &= StockRow.closed_at.does_not_exist()
    else:
        actions.append(StockRow.closed_at.remove())
        guard &= StockRow.closed_at.exists()
    writes.update(key, actions, guard=guard)


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, errors=[{"field": "skus", "message": message}])
