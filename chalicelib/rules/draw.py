"""The rule of the draw (抽奖团): everyone pays; after completion so many get the goods, the others
their money back. How winners are found stands in draws/model.py.
"""

from collections.abc import Collection, Iterator

from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import DrawRule, DrawScope, Rules, Terms
from chalicelib.rules.party import Entrant
from chalicelib.rules.short import least_payers


def gets_goods(entrant: Entrant, winners: Collection[str] | None) -> bool:
    """Whether this one gets the goods: everyone does where nothing is drawn."""
    return winners is None or entrant.order_id in winners


def over_all_groups(rules: Rules) -> DrawRule | None:
    """The draw over all groups of a campaign, if that is what is drawn."""
    rule = rules.draw
    return rule if rule is not None and rule.scope is DrawScope.CAMPAIGN else None


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    draw = terms.rules.draw
    if draw is None or draw.scope is not DrawScope.GROUP or crowd_of(terms.rules) is not None:
        return
    least = least_payers(terms)
    if draw.winners >= least:
        yield (
            f"draw.winners of {draw.winners} leaves nobody to lose in a group that completes with"
            f" {least}"
        )
