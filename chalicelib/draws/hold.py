"""Hold a draw (开奖): close it, work out the winners, publish them with the seed.

Each of the three is a commit of its own and can be done again: entries do not change once it is
closed, and winners follow from them. An entry whose money is on its way back is passed over.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, DrawState, Entry, in_rank_order
from chalicelib.draws.seeds import Seeds
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order, OrderState

_ORDERS_AT_ONCE = 100


def hold(draw_id: str, *, clock: Clock, seeds: Seeds, due_at: datetime | None = None) -> Draw:
    """The draw as it is afterwards: drawn. Raises NotFound; CannotOpen when the key of its seed is
    gone. `due_at`: when groups are to be told.
    """
    return until_settled(lambda: _hold(draw_id, clock, seeds, due_at))


def _hold(draw_id: str, clock: Clock, seeds: Seeds, due_at: datetime | None) -> Draw:
    draw = draws.get(draw_id)
    if draw.is_drawn:
        return draw
    seed = seeds.reveal(draw)
    if draw.draw_state is DrawState.OPEN:
        if draw.draws_at is not None and draw.draws_at > clock.now():
            raise TryAgain("Its campaign's end was put off.")
        draws.close(draw)  # guards: still open, its time not put off meanwhile -> Changed
    groups = list(draws.participations(draw_id, has_entered=True))
    entries = [entry for group in groups for entry in group.entries]
    known = {order_id for group in groups for order_id in group.passed_over}
    winners, passed_over = _pick(seed, entries, draw.winners_wanted, known, clock)
    for group in groups if passed_over else ():
        more = passed_over & {entry.order_id for entry in group.entries}
        if more:
            draw = draws.pass_over(draw, group, more)
    draws.publish(
        draw,
        seed=seed,
        winners=winners,
        entries_count=len(entries),
        now=clock.now(),
        due_at=due_at,
    )
    return draws.get(draw_id)


def _pick(
    seed: str, entries: Sequence[Entry], wanted: int, known: set[str], clock: Clock
) -> tuple[list[str], set[str]]:
    """The winners in rank order; and who stood before the last of them and cannot win, beside
    those known already. Raises TryAgain while an order that may have won cannot be read.
    """
    winners: list[str] = []
    passed_over: set[str] = set()
    ranked = (order_id for order_id in in_rank_order(seed, entries) if order_id not in known)
    while len(winners) < wanted and (batch := list(islice(ranked, _ORDERS_AT_ONCE))):
        waiting = {order.order_id for order in _read(batch, clock) if _waits(order)}
        for order_id in batch:
            if len(winners) == wanted:
                break
            if order_id in waiting:
                winners.append(order_id)
            else:
                passed_over.add(order_id)
    return winners, passed_over


def _read(order_ids: Sequence[str], clock: Clock) -> list[Order]:
    """These orders. One that makes no sense is set aside for a person, who mends it, and one that
    is not there is being restored: neither must be passed over in silence.
    """
    keys = [orders.order_key(order_id) for order_id in order_ids]
    found = read(*keys)
    its_orders = []
    for key in keys:
        try:
            order = orders.order_of(found.find(key))
        except (ValueError, TypeError, LookupError) as error:
            findings.poison(key.hash_value, error, clock=clock)
            raise TryAgain(f"Order {key.hash_value} cannot be read.") from error
        if order is None:
            raise TryAgain(f"Order {key.hash_value} is not there.")
        its_orders.append(order)
    return its_orders


def _waits(order: Order) -> bool:
    """Whether the order still waits for the draw, none of its money on its way back."""
    return order.order_state is OrderState.PAID
