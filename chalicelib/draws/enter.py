"""Let a complete group take part in its draw: every paid order is an entry, with the number WeChat
gave its payment.

Safe to run any number of times; who has entered stays so. After the draw nobody enters any more.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress

from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, Entry
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders.model import Order


def enter(draw_id: str, group_id: str, its_orders: Collection[Order]) -> Draw:
    """The draw as it is afterwards. Raises NotFound."""
    writes = WriteSet()
    draws.enter(writes, draw_id, group_id, entries_of(its_orders))
    with suppress(Changed):  # it has entered before, or comes too late
        writes.commit()
    return draws.get(draw_id)


def entries_of(its_orders: Collection[Order]) -> Sequence[Entry]:
    """An entry for each of them that was paid."""
    return [
        Entry(order.order_id, order.transaction_id)
        for order in its_orders
        if order.transaction_id is not None
    ]
