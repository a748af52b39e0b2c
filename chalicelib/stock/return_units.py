"""Return what is left of a campaign's allotment to its SKU, shard by shard, once the campaign's
window is over. What its orders still hold goes the same way when they give it back.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.stock import store as stock


def return_units(stock_id: str, *, clock: Clock) -> None:
    """Nothing happens before its time, or twice."""
    until_settled(lambda: _attempt(stock_id, clock))


def _attempt(stock_id: str, clock: Clock) -> None:
    key, now = stock.key_of(stock_id), clock.now()
    lot = stock.lot_of(read(key).find(key))
    if lot is None or lot.due_at is None or lot.due_at > now:
        return
    writes = WriteSet()
    stock.close(writes, lot, now=now)
    writes.commit()
