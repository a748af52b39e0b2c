"""Bring an order's commissions (分佣) to where they have to be: the one verb that accrues, takes
back, releases and claws back, whatever happened and in whatever order it is told.

Reads the order as it stands, works out each level's target, and commits the difference: guarded by
the order's state and refunded amount, by the commission's own, and, for a release, by no refund
being open. Told again, it finds nothing to do.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.commissions import store as commissions
from chalicelib.commissions.errors import ReleaseBlocked
from chalicelib.commissions.model import (
    BONUS_LEVEL,
    Commission,
    Step,
    commission_id_for,
    earners,
    is_release_blocked,
    next_step,
)
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import store as ledger
from chalicelib.ledger.errors import AccountClosed
from chalicelib.orders import store as orders
from chalicelib.orders.model import REACTION_SECONDS, Order

_MOST_STEPS = 8
"""From nothing to the end a level takes three: announced, taken back in part, released. The rest
is room for uplines who have left, and for what happens meanwhile.
"""


def adjust(order_id: str, *, clock: Clock) -> None:
    """Raises ReleaseBlocked while a refund keeps a settled order's commission from being released
    (all else is done), TryAgain, NotFound.
    """
    closed: set[str] = set()
    for _ in range(_MOST_STEPS):
        try:
            done = until_settled(lambda: _one_step_each(order_id, closed, clock.now()))
        except AccountClosed as left:
            closed.add(left.member_id)
            continue
        if done:
            return
    raise TryAgain(f"The commissions of {order_id} kept changing.")


def _one_step_each(order_id: str, closed: set[str], now: datetime) -> bool:
    """One commit with the next step of every level; whether there was none left to take."""
    order, held = _read(order_id)
    if order is None:
        return True
    earning = list(earners(order))
    steps = []
    for earner in earning:
        step = next_step(order, earner, held.get(earner.level), now)
        if step is not None and not (step.opens and earner.member_id in closed):
            steps.append(step)
    if steps:
        _commit(order, steps, now)
        return False
    if any(is_release_blocked(order, held.get(earner.level)) for earner in earning):
        raise ReleaseBlocked(f"A refund of {order_id} is open.")
    return True


def _read(order_id: str) -> tuple[Order | None, Mapping[int, Commission]]:
    """The order and what is earned on it by level, in one read."""
    order_key = orders.order_key(order_id)
    keys = {
        level: commissions.commission_key(commission_id_for(order_id, level)) for level in _LEVELS
    }
    found = read(order_key, *keys.values())
    held = {level: commissions.commission_of(found.find(key)) for level, key in keys.items()}
    order = orders.order_of(found.find(order_key))
    return order, {level: each for level, each in held.items() if each is not None}


_LEVELS = (1, 2, BONUS_LEVEL)
"""An order pays two uplines at most, and the leader of its group."""


def _commit(order: Order, steps: list[Step], now: datetime) -> None:
    writes = WriteSet()
    releases = any(step.releases for step in steps)
    orders.check_unmoved(writes, order, without_open_refund=releases)
    due_at = after(now, REACTION_SECONDS)
    for step in steps:
        commissions.move(writes, step.before, step.after, due_at=due_at)
    for member_id in dict.fromkeys(step.after.beneficiary_id for step in steps):
        own = [step for step in steps if step.after.beneficiary_id == member_id]
        opens = any(step.opens for step in own)
        ledger.earn(writes, member_id, *(step.transfer for step in own), opens=opens)
    writes.commit()
