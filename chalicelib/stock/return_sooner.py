"""Let a campaign's allotment be over sooner: the campaign was ended by hand, or sells the SKU no
more. Groups under way take from it until then.
"""

from datetime import datetime

from chalicelib.kit.due import due_then
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.stock import store as stock
from chalicelib.stock.store import StockRow


def return_sooner(sku_id: str, campaign_id: str, *, by: datetime) -> None:
    """Never later than it was to be over; nothing happens to one that is over."""
    until_settled(lambda: _attempt(sku_id, campaign_id, by))


def _attempt(sku_id: str, campaign_id: str, by: datetime) -> None:
    first_key = stock.shard_key(sku_id, campaign_id, 0)
    first = stock.lot_of(read(first_key).find(first_key))
    if first is None:
        return
    keys = stock.shard_keys(sku_id, campaign_id, first.shards_total or 1)
    found, writes = read(*keys), WriteSet()
    for key in keys:
        lot = stock.lot_of(found.find(key))
        if lot is not None and lot.due_at is not None and lot.due_at > by:
            guard = StockRow.due_at == lot.due_at  # so it is not over either -> Changed
            writes.update(key, due_then(StockRow, key.hash_value, by), guard=guard)
    writes.commit()
