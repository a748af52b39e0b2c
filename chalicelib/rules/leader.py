"""The rule of the leader (团长): free of charge (团长免单), or a bonus for whom they brought.

The bonus is earned on the others' orders that are shipped, so that it goes when they do.
"""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.catalog.settings import WHOLE_BP
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.ladder import prices_fen
from chalicelib.rules.model import LeaderRule, Terms
from chalicelib.rules.party import Entrant, Grant, Why
from chalicelib.rules.short import least_payers


def grants(terms: Terms, entrant: Entrant, left_fen: int) -> Iterator[Grant]:
    """A free leader gets back whatever no other rule gives back."""
    if terms.rules.leader.free and entrant.is_leader and left_fen > 0:
        yield Grant(Why.LEADER_FREE, left_fen)


def bonuses_fen(rule: LeaderRule, goods_fen: Sequence[tuple[str, int]]) -> Mapping[str, int]:
    """What the leader earns on each of the others' orders, given as order id and what is paid for
    goods. A fixed bonus is spread over them so that the parts make up the whole.
    """
    count = len(goods_fen)
    if rule.bonus_fen is not None:
        whole_fen = rule.bonus_fen
        return {
            order_id: whole_fen * (number + 1) // count - whole_fen * number // count
            for number, (order_id, _) in enumerate(goods_fen)
        }
    bonus_bp = rule.bonus_bp or 0
    return {order_id: paid_fen * bonus_bp // WHOLE_BP for order_id, paid_fen in goods_fen}


def is_too_much_to_be_free(terms: Terms, quantity: int) -> bool:
    """Whether somebody who is to pay nothing wants more than they should. A campaign that says how
    much one member may have means it; where none does, it is one unit.
    """
    return terms.rules.leader.free and terms.per_member_limit is None and quantity > 1


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    leader = terms.rules.leader
    if leader.bonus_fen is not None and leader.bonus_bp is not None:
        yield "leader: bonus_fen and bonus_bp are two ways to say one thing; give one of them"
    if crowd_of(terms.rules) is not None:
        return
    lowest_fen = min(
        price_fen
        for sku in terms.skus
        for price_fen in (sku.group_price_fen, *prices_fen(terms.rules, sku))
    )
    others_pay_fen = max(least_payers(terms) - 1, 1) * lowest_fen
    if leader.bonus_fen is not None and leader.bonus_fen > others_pay_fen:
        yield (
            f"leader.bonus_fen of {leader.bonus_fen} is more than the others pay in the smallest"
            f" group that completes, {others_pay_fen}"
        )
    if leader.free and least_payers(terms) < 2:
        yield (
            "leader.free gives the goods away to whoever opens a group that completes with its"
            " leader alone; set minimum_payers, or the first tier's headcount, to 2 or more"
        )
