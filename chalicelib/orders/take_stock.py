"""Take an order's units (扣库存) in the commit that places it: from its SKU, or from its campaign's
allotment, of which a purchase takes whatever shard has enough. Nothing, where goods are bought or
made only once it is known how many are wanted.
"""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.kit.ids import shard_of
from chalicelib.kit.reads import Found
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.orders.model import Order
from chalicelib.stock import store as stock
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.model import Taking, plan
from chalicelib.stock.store import StockRow


def allotment_keys(campaign_id: str, sku_id: str, shards: int | None) -> list[Key[StockRow]]:
    """What to read of a campaign's allotment; nothing where it has none (`shards` None)."""
    return stock.shard_keys(sku_id, campaign_id, shards) if shards is not None else []


def find_units(
    order: Order, keys: Sequence[Key[StockRow]], found: Found
) -> tuple[Order, Taking | None]:
    """The order with the shard it will take from. Raises OutOfStock when all shards together have
    too few.
    """
    if not keys:
        return order, None
    shards = stock.shards_in(found, keys)
    taking = plan(shards, order.quantity, start=shard_of(order.order_id, len(shards)))
    if taking is None:
        left = sum(each.units_left for each in shards)
        raise OutOfStock(context={"sku_id": order.sku_id, "available": left})
    return replace(order, stock_shard=taking.shard), taking


def take_stock(writes: WriteSet, order: Order, taking: Taking | None) -> None:
    """Guards: enough left -> OutOfStock; each shard has still what is taken from it -> Changed."""
    if taking is not None:
        stock.take(writes, order.sku_id, str(order.campaign_id), taking, order.quantity)
    elif order.units_held > 0:
        stock.reserve(writes, order.sku_id, order.quantity)
