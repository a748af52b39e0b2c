"""The invariants of units set aside for campaigns, in the way of checks.py: what lies on each
shard of an allotment, and what its SKU says of them.
"""

from collections.abc import Iterator

from chalicelib.audit.books import Books, Supply
from chalicelib.audit.checks import nothing_is_overdue


def allotments_add_up(books: Books, sku_id: str) -> Iterator[str]:
    """What was put on a shard is what is left there and what its orders hold; nothing is left once
    it is over. A SKU's `allotted` is what was put on all that are not.
    """
    supply = books.supplies.get(sku_id, Supply())
    held = dict(books.shard_units_held.get(sku_id, {}))
    for lot in supply.shards:
        held_here = held.pop(lot.stock_id, 0)
        left = lot.units_left
        if left < 0 or lot.supplied != left + held_here:
            yield f"{lot.stock_id}: {lot.supplied} put there, {left} left, {held_here} held"
        if lot.closed_at is not None and left != 0:
            yield f"{lot.stock_id}: it is over, and {left} are left"
    for stock_id, units in sorted(held.items()):
        yield f"{stock_id}: orders hold {units}, and it is not there"
    put_there = sum(lot.supplied for lot in supply.shards if lot.closed_at is None)
    if supply.allotted != put_there:
        yield f"{supply.allotted} set aside, {put_there} put on shards"


def allotment_waits_on_a_clock(books: Books, sku_id: str) -> Iterator[str]:
    """A shard that is not over has a time when it will be."""
    for lot in books.supplies.get(sku_id, Supply()).shards:
        if lot.closed_at is None and lot.due_at is None:
            yield f"{lot.stock_id}: not over, and no sweep will ever look"


def allotment_is_not_overdue(books: Books, sku_id: str) -> Iterator[str]:
    """Its units do not wait for a sweep."""
    for lot in books.supplies.get(sku_id, Supply()).shards:
        for detail in nothing_is_overdue(books, lot.due_at):
            yield f"{lot.stock_id}: {detail}"
