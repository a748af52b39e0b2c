"""The stock table: units supplied and units left, per SKU, and per shard of what a campaign was
allotted. Every change is relative and guarded in the write.

`units_left` never goes below zero. Of a shard: what was put there equals what is left plus what its
orders hold. Of a SKU's own item: what was supplied equals what is left, plus what is allotted (all
that was put on shards that are open), plus what all other orders hold.
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.due import DueRow, not_due
from chalicelib.kit.reads import Found, read
from chalicelib.kit.tables import Key, TimeAttribute
from chalicelib.kit.writes import WriteSet
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.model import Lot, Shard, Taking

ONLY_SHARD = 0
_OF = "#"


class StockRow(DueRow):
    """The units of one SKU; or one shard of a campaign's, under `<sku>#<campaign>#<shard>`, so that
    shards lie in partitions of their own. It is due when its units go back to the SKU.
    """

    class Meta:
        table = "stock"

    sku_id = UnicodeAttribute(hash_key=True)
    shard = NumberAttribute(range_key=True)
    supplied = NumberAttribute()
    units_left = NumberAttribute()
    allotted = NumberAttribute(null=True)
    shards_total = NumberAttribute(null=True)
    closed_at = TimeAttribute(null=True)


_LOT_FIELDS = frozenset(Lot.__dataclass_fields__)


def lot_of(row: StockRow | None) -> Lot | None:
    """The row as a value."""
    if row is None:
        return None
    given = row.given(_LOT_FIELDS)
    whole = {name: int(value) for name, value in given.items() if name in _WHOLE}
    return Lot(**{**given, **whole, "stock_id": row.sku_id})


_WHOLE = ("shard", "supplied", "units_left", "allotted", "shards_total")


def stock_key(sku_id: str, shard: int = ONLY_SHARD) -> Key[StockRow]:
    return StockRow.key(sku_id, shard)


def shard_key(sku_id: str, campaign_id: str, shard: int) -> Key[StockRow]:
    """One shard of what the campaign was allotted of the SKU."""
    return StockRow.key(_OF.join((sku_id, campaign_id, str(shard))), shard)


def shard_keys(sku_id: str, campaign_id: str, shards: int) -> list[Key[StockRow]]:
    return [shard_key(sku_id, campaign_id, shard) for shard in range(shards)]


def key_of(stock_id: str) -> Key[StockRow]:
    """The key of the item that stands under this hash key."""
    shard = stock_id.rpartition(_OF)[2] if _OF in stock_id else str(ONLY_SHARD)
    return StockRow.key(stock_id, int(shard))


def sku_of(stock_id: str) -> str:
    """The SKU whose units stand under this hash key."""
    return stock_id.partition(_OF)[0]


def is_shard(stock_id: str) -> bool:
    """Whether it is a shard of an allotment, and not a SKU's own item."""
    return _OF in stock_id


def shards_in(found: Found, keys: Sequence[Key[StockRow]]) -> list[Shard]:
    """What is left in each; one that is not there has nothing."""
    rows = [found.find(key) for key in keys]
    return [
        Shard(number, int(row.units_left) if row is not None else 0)
        for number, row in enumerate(rows)
    ]


def reserve(writes: WriteSet, sku_id: str, quantity: int) -> None:
    """Take units for an order. Guard: enough left -> OutOfStock."""
    writes.update(
        stock_key(sku_id),
        [StockRow.units_left.set(StockRow.units_left - quantity)],
        guard=StockRow.units_left >= quantity,
        refusal=lambda row: OutOfStock(
            context={"sku_id": sku_id, "available": int(row.units_left) if row else 0}
        ),
    )


def release(writes: WriteSet, sku_id: str, quantity: int) -> None:
    """Give units back. Belongs in the commit that moves their order on, so that it happens once."""
    writes.update(stock_key(sku_id), [StockRow.units_left.set(StockRow.units_left + quantity)])


def take(writes: WriteSet, sku_id: str, campaign_id: str, taking: Taking, quantity: int) -> None:
    """Take units of an allotment, moving them together first where no shard has enough. Guards:
    each shard still has what is taken from it -> Changed.
    """
    moved = taking.moved_units
    actions: list[Action] = [StockRow.units_left.set(StockRow.units_left - (quantity - moved))]
    if moved:
        actions.append(StockRow.supplied.set(StockRow.supplied + moved))
    writes.update(
        shard_key(sku_id, campaign_id, taking.shard),
        actions,
        guard=StockRow.units_left >= quantity - moved,
    )
    for each in taking.moved:
        actions = [
            StockRow.units_left.set(StockRow.units_left - each.units_left),
            StockRow.supplied.set(StockRow.supplied - each.units_left),
        ]
        guard = StockRow.units_left >= each.units_left
        writes.update(shard_key(sku_id, campaign_id, each.shard), actions, guard=guard)


def give_back(writes: WriteSet, sku_id: str, campaign_id: str, shard: int, quantity: int) -> None:
    """Give units back to their shard, or to the SKU once the allotment is over. Reads the shard.
    Guard: it is over or not, as read -> Changed.
    """
    key = shard_key(sku_id, campaign_id, shard)
    lot = lot_of(read(key).find(key))
    if lot is None or lot.closed_at is None:
        back = [StockRow.units_left.set(StockRow.units_left + quantity)]
        guard = StockRow.sku_id.exists() & StockRow.closed_at.does_not_exist()
        writes.update(key, back, guard=guard)
        return
    gone = [StockRow.supplied.set(StockRow.supplied - quantity)]
    writes.update(key, gone, guard=StockRow.closed_at.exists())
    release(writes, sku_id, quantity)


def close(writes: WriteSet, lot: Lot, *, now: datetime) -> None:
    """The allotment is over: what is left in this shard is the SKU's again, and what its orders
    hold is allotted no more. Guards: not closed, due as read, and as many units as read -> Changed.
    """
    units = lot.units_left
    actions: list[Action] = [
        StockRow.units_left.set(0),
        StockRow.supplied.set(StockRow.supplied - units),
        StockRow.closed_at.set(now),
        *not_due(StockRow),
    ]
    guard: Condition = StockRow.closed_at.does_not_exist() & (StockRow.due_at == lot.due_at)
    guard &= (StockRow.units_left == units) & (StockRow.supplied == lot.supplied)
    writes.update(key_of(lot.stock_id), actions, guard=guard)
    if lot.supplied:
        back: list[Action] = [
            StockRow.units_left.set(StockRow.units_left + units),
            StockRow.allotted.set(StockRow.allotted - lot.supplied),
        ]
        writes.update(stock_key(sku_of(lot.stock_id)), back)


def units_keys(sku_id: str, campaign_id: str, shards: int | None) -> list[Key[StockRow]]:
    """What to read to know how many units a campaign can sell: its allotment (`shards`: on how
    many it lies), or the SKU's own where it has none.
    """
    if shards is None:
        return [stock_key(sku_id)]
    return shard_keys(sku_id, campaign_id, shards)


def units_in(found: Found, keys: Sequence[Key[StockRow]]) -> int:
    """How many units are left in all of these."""
    return sum(each.units_left for each in shards_in(found, keys))
