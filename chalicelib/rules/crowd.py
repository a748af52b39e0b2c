"""The rule of the crowd (超级团): heads are counted, far past what a list of seats can hold, and at
the end so many are enough or all of it goes back. A daily cut-off (截单) makes one each day.

Nobody leads a crowd, and it keeps no list to draw from.
"""

from collections.abc import Iterator

from chalicelib.rules.allotment import takes_stock
from chalicelib.rules.model import MOST_SEATS, CrowdRule, Rules, Terms, WhenShort

MANY_HEADS = 500
"""So many do not come one by one."""


def crowd_of(rules: Rules) -> CrowdRule | None:
    """How the campaign's groups count heads; None: they have a list of seats."""
    if rules.crowd is not None:
        return rules.crowd
    if rules.cutoff is not None:
        return CrowdRule(threshold=rules.minimum_payers or 1, shards=1)
    return None


def heads_to_complete(rules: Rules, crowd: CrowdRule) -> int:
    """With how many who have paid it completes at its end."""
    if rules.when_short is WhenShort.HONOUR:
        return min(crowd.threshold, rules.minimum_payers or 1)
    return crowd.threshold


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    rules = terms.rules
    crowd = crowd_of(rules)
    if crowd is None:
        if terms.size > MOST_SEATS:
            yield f"size of {terms.size} is above {MOST_SEATS}; so many take the rule crowd"
        return
    named = "a crowd" if rules.crowd is not None else "a round that ends at a cut-off"
    if rules.draw is not None:
        yield f"draw: {named} keeps no list to draw from; draw in groups that have a size instead"
    yield from _of_its_leader(rules, named)
    if rules.minimum_payers is not None and rules.minimum_payers > crowd.threshold:
        yield (
            f"minimum_payers of {rules.minimum_payers} is more than crowd.threshold,"
            f" {crowd.threshold}"
        )
    if rules.tiers and rules.cutoff is not None:
        yield (
            "tiers: a round that ends at a cut-off counts orders, of which one member may place"
            " several; leave cutoff out for a ladder"
        )
    elif rules.tiers and rules.tiers[0].headcount > crowd.threshold:
        yield (
            f"tiers: a crowd completes with {crowd.threshold}, and everybody pays the first tier's"
            f" price, which is said to begin with {rules.tiers[0].headcount}; begin the tiers at"
            f" {crowd.threshold} or below"
        )


def _of_its_leader(rules: Rules, named: str) -> Iterator[str]:
    if rules.leader.free:
        yield f"leader.free: nobody leads {named}, so nobody's goods can be free"
    if rules.leader.bonus_fen is not None:
        yield (
            f"leader.bonus_fen: nobody leads {named}, and no one sum is spread over it; with"
            " stations, give leader.bonus_bp"
        )
    if rules.leader.bonus_bp is not None and not rules.stations:
        yield (
            f"leader.bonus_bp: nobody leads {named}; name stations, whose leaders earn it, or leave"
            " it out"
        )


def advice(terms: Terms) -> list[str]:
    """What goes together, and is slower than it could be."""
    crowd = terms.rules.crowd
    from_one_item = takes_stock(terms.rules) and terms.rules.allotment is None
    if crowd is None or crowd.threshold < MANY_HEADS or not from_one_item:
        return []
    sentence = (
        f"a crowd of {crowd.threshold} takes all its units from one item per SKU, a few dozen"
        " purchases a second; set units aside with the rule allotment to sell faster"
    )
    return [sentence]
