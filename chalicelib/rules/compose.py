"""All rules together: what contradicts what, and what a complete group gives each who is in it.

Pure. The order in which rules are listed is the order in which they have their say.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.rules import draw, ladder, leader, short
from chalicelib.rules.model import Terms
from chalicelib.rules.party import Entrant, Grant, Share

CONTRADICTIONS: tuple[Callable[[Terms], Iterator[str]], ...] = (
    short.contradictions,
    ladder.contradictions,
    draw.contradictions,
    leader.contradictions,
)


def contradictions(terms: Terms) -> list[str]:
    """Every sentence that says which rules do not go together."""
    return [sentence for rule in CONTRADICTIONS for sentence in rule(terms)]


def shares(
    terms: Terms, entrants: Sequence[Entrant], winners: Collection[str] | None = None
) -> Mapping[str, Share]:
    """What each order of a complete group gets, by order id. `winners`: their order ids, where
    something was drawn.
    """
    headcount = len(entrants)
    given = {
        each.order_id: Share(grants=_grants(terms, each, headcount))
        if draw.gets_goods(each, winners)
        else Share(gets_goods=False)
        for each in entrants
    }
    if terms.rules.leader.has_bonus and any(each.is_leader for each in entrants):
        goods_fen = [
            (each.order_id, _goods_fen(each, given[each.order_id]))
            for each in entrants
            if not each.is_leader and given[each.order_id].gets_goods
        ]
        for order_id, bonus_fen in leader.bonuses_fen(terms.rules.leader, goods_fen).items():
            given[order_id] = replace(given[order_id], bonus_fen=bonus_fen)
    return given


def _grants(terms: Terms, entrant: Entrant, headcount: int) -> tuple[Grant, ...]:
    """Never more than what is left, whatever else went back before."""
    left_fen, granted = entrant.left_fen, []
    for grant in ladder.grants(terms, entrant, headcount):
        amount_fen = min(grant.amount_fen, left_fen)
        granted.append(replace(grant, amount_fen=amount_fen))
        left_fen -= amount_fen
    granted += leader.grants(terms, entrant, left_fen)
    return tuple(grant for grant in granted if grant.amount_fen > 0)


def _goods_fen(entrant: Entrant, share: Share) -> int:
    return max(entrant.unit_price_fen * entrant.quantity - share.price_cut_fen, 0)
