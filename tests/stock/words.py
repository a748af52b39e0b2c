"""What the tests of allotments are told with: a SKU's own units, its shards, taking from them and
giving back.
"""

from datetime import datetime, timedelta

from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.stock import store as stock
from chalicelib.stock.allot import allot
from chalicelib.stock.model import Lot, plan
from chalicelib.stock.store import StockRow
from tests.fakes import NOON

SKU, CAMPAIGN = "apples-5", "flash"
SHARDS = 4
ENDS_AT = NOON + timedelta(seconds=3600)


def stocked(units: int, sku_id: str = SKU) -> None:
    """So many units of a SKU, none of them set aside."""
    writes = WriteSet()
    row = StockRow(sku_id=sku_id, shard=0, supplied=units, units_left=units)
    writes.put(row)
    writes.commit()


def allotted(units: int, *, shards: int = SHARDS, until: datetime = ENDS_AT) -> None:
    allot(SKU, CAMPAIGN, units, shards=shards, until=until)


def own() -> tuple[int, int, int]:
    """Of the SKU itself: supplied, left, set aside."""
    lot = _lot(stock.stock_key(SKU))
    return lot.supplied, lot.units_left, lot.allotted


def shard(number: int) -> Lot:
    return _lot(stock.shard_key(SKU, CAMPAIGN, number))


def shards(count: int = SHARDS) -> list[tuple[int, int]]:
    """Of each shard: put there, left."""
    return [(lot.supplied, lot.units_left) for lot in map(shard, range(count))]


def take(quantity: int, *, start: int = 0, count: int = SHARDS) -> int:
    """Take units as an order would; from which shard."""
    keys = stock.shard_keys(SKU, CAMPAIGN, count)
    taking = plan(stock.shards_in(read(*keys), keys), quantity, start=start)
    assert taking is not None
    writes = WriteSet()
    stock.take(writes, SKU, CAMPAIGN, taking, quantity)
    writes.commit()
    return taking.shard


def give_back(number: int, quantity: int) -> None:
    writes = WriteSet()
    stock.give_back(writes, SKU, CAMPAIGN, number, quantity)
    writes.commit()


def _lot(key: Key[StockRow]) -> Lot:
    lot = stock.lot_of(read(key).find(key))
    assert lot is not None
    return lot
