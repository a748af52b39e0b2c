"""The stock table: units supplied and units left, per SKU. Every change is relative and guarded in
the write.

`units_left` never goes below zero; what was supplied equals what is left plus what orders hold.
"""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit.tables import Key, Row
from chalicelib.kit.writes import WriteSet
from chalicelib.stock.errors import OutOfStock

ONLY_SHARD = 0


class StockRow(Row):
    """The units of one SKU (in one shard of it)."""

    class Meta:
        table = "stock"

    sku_id = UnicodeAttribute(hash_key=True)
    shard = NumberAttribute(range_key=True)
    supplied = NumberAttribute()
    units_left = NumberAttribute()


def stock_key(sku_id: str, shard: int = ONLY_SHARD) -> Key[StockRow]:
    return StockRow.key(sku_id, shard)


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
