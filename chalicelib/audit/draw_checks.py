"""The invariants of draws, in the way of checks.py: the published winners are those which
seed and entries give, and nothing ships before it is drawn, nor to anybody else.

Looks at draws, and at the orders that take part in one.
"""

from collections.abc import Iterator

from chalicelib.audit.books import Books
from chalicelib.audit.checks import nothing_is_overdue
from chalicelib.draws.model import Draw, DrawState, hash_of, winners_of
from chalicelib.orders.model import SOLD, Order
from chalicelib.refunds.model import Cause
from chalicelib.rules.model import DrawScope

# Of a draw


def draws_can_be_recomputed(books: Books, draw_id: str) -> Iterator[str]:
    """A seed is secret until it is drawn and fits its hash then; the winners follow from it and
    from the entries.
    """
    draw = books.draws.get(draw_id)
    if draw is None:
        yield "groups take part in it, and it is not there"
        return
    if not draw.is_drawn:
        if draw.seed is not None or draw.winners:
            yield f"{draw.draw_state.value}, and its seed or winners are known"
        return
    if draw.seed is None or hash_of(draw.seed) != draw.seed_hash:
        yield "its seed does not fit the hash announced"
        return
    entered = [one for one in books.participations.get(draw_id, []) if one.has_entered]
    entries = [entry for one in entered for entry in one.entries]
    passed_over = {order_id for one in entered for order_id in one.passed_over}
    expected = winners_of(draw.seed, entries, draw.winners_wanted, passed_over)
    if draw.winners != expected or draw.entries_count != len(entries):
        yield f"{len(draw.winners)} winners of {draw.entries_count}, not those of its entries"


def draw_is_not_overdue(books: Books, draw_id: str) -> Iterator[str]:
    draw = books.draws.get(draw_id)
    yield from nothing_is_overdue(books, draw.due_at if draw is not None else None)


def draw_waits_on_a_clock(books: Books, draw_id: str) -> Iterator[str]:
    """The draw of a campaign has a time when a sweep holds it."""
    draw = books.draws.get(draw_id)
    if draw is None or draw.is_drawn or draw.scope is not DrawScope.CAMPAIGN:
        return
    if draw.due_at is None:
        yield f"{draw.draw_state.value}, and no sweep will ever look"


# Of an order


def only_winners_ship(books: Books, order_id: str) -> Iterator[str]:
    """Of orders that take part in a draw, winners are shipped and others refunded, once it is
    drawn.
    """
    order = books.orders[order_id]
    draw = _draw_of(books, order)
    if draw is None:
        return
    won = draw.is_drawn and order_id in draw.winners
    if order.order_state in SOLD and not won:
        yield f"{order.order_state.value}, and its draw is {_standing(draw)}"
    refunds = books.refunds_of(order) or []
    if any(one.cause is Cause.DRAW_LOST for one in refunds) and (won or not draw.is_drawn):
        yield f"refunded as lost, and its draw is {_standing(draw)}"


def _draw_of(books: Books, order: Order) -> Draw | None:
    """The draw the order takes part in; None as well when nothing can be said of it."""
    group = books.groups.get(order.group_id or "")
    if group is None or group.draw_id is None or books.is_unknown("draws", group.draw_id):
        return None
    return books.draws.get(group.draw_id)


def _standing(draw: Draw) -> str:
    return "drawn" if draw.draw_state is DrawState.DRAWN else draw.draw_state.value
