"""All rules together: what contradicts what, and what a complete group gives each who is in it.

Pure. The order in which rules are listed is the order in which they have their say.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.rules import allotment, crowd, custom, draw, ladder, leader, short, stations
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import Rules, Terms
from chalicelib.rules.party import Entrant, Grant, Share, Why

CONTRADICTIONS: tuple[Callable[[Terms], Iterator[str]], ...] = (
    short.contradictions,
    ladder.contradictions,
    draw.contradictions,
    leader.contradictions,
    crowd.contradictions,
    allotment.contradictions,
    stations.contradictions,
    custom.contradictions,
)


def contradictions(terms: Terms) -> list[str]:
    """Every sentence that says which rules do not go together."""
    return [sentence for rule in CONTRADICTIONS for sentence in rule(terms)]


def shares(
    terms: Terms,
    entrants: Sequence[Entrant],
    winners: Collection[str] | None = None,
    *,
    headcount: int | None = None,
) -> Mapping[str, Share]:
    """What each order of a complete group gets, by order id. `winners`: their order ids, where
    something was drawn. `headcount`: how many there are, should these not be all of them; a leader
    who is missing may be free.
    """
    heads = len(entrants) if headcount is None else headcount
    has_leader = crowd_of(terms.rules) is None
    leader_missing = heads > len(entrants) and not any(each.is_leader for each in entrants)
    leader_unknown = has_leader and leader_missing
    free_leader = leader_unknown or any(
        _is_free(terms, each) and draw.gets_goods(each, winners) for each in entrants
    )
    given = {
        each.order_id: _share(terms, each, heads, free_leader=free_leader)
        if draw.gets_goods(each, winners)
        else Share(gets_goods=False)
        for each in entrants
    }
    at_station = bool(terms.rules.stations)
    is_led = at_station or any(each.is_leader for each in entrants)
    if terms.rules.leader.has_bonus and is_led:
        goods_fen = [
            (each.order_id, _goods_fen(each, given[each.order_id]))
            for each in entrants
            if (at_station or not each.is_leader)
            and not each.has_voucher  # nothing is earned on what nobody pays for
            and given[each.order_id].gets_goods
        ]
        for order_id, bonus_fen in leader.bonuses_fen(terms.rules.leader, goods_fen).items():
            given[order_id] = replace(given[order_id], bonus_fen=bonus_fen)
    return given


def hangs_on_all(rules: Rules) -> bool:
    """Whether what one gets hangs on who the others are, and not only on how many."""
    shares_of_each = bool(rules.stations) and rules.leader.bonus_fen is None
    return rules.draw is not None or (rules.leader.has_bonus and not shares_of_each)


def _share(terms: Terms, entrant: Entrant, heads: int, *, free_leader: bool) -> Share:
    """Never more back than what is left, whatever else went back before."""
    left_fen, granted = entrant.left_fen, []
    price_cut_fen = ladder.price_cut_fen(terms, entrant, heads)
    if not entrant.has_voucher:
        price_cut_fen = min(price_cut_fen, left_fen)
        granted.append(Grant(Why.LADDER, price_cut_fen))
        left_fen -= price_cut_fen
    granted += leader.grants(terms, entrant, left_fen)
    return Share(
        grants=tuple(grant for grant in granted if grant.amount_fen > 0),
        price_cut_fen=price_cut_fen,
        carries_others=price_cut_fen > 0 or (free_leader and not _is_free(terms, entrant)),
    )


def _is_free(terms: Terms, entrant: Entrant) -> bool:
    return entrant.has_voucher or (entrant.is_leader and terms.rules.leader.free)


def _goods_fen(entrant: Entrant, share: Share) -> int:
    return max(entrant.unit_price_fen * entrant.quantity - share.price_cut_fen, 0)
