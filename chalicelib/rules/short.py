"""The rule of groups that are not filled in time (凑不满): from how many real payers on they
complete after all. Nobody is ever invented.
"""

from collections.abc import Iterator

from chalicelib.rules.crowd import crowd_of, heads_to_complete
from chalicelib.rules.model import Rules, Terms, WhenShort


def honours_from(rules: Rules, *, leader_pays: bool = True) -> int | None:
    """The least heads with whom a group whose time has run out completes; None: it has to be full.
    A ladder completes from its first tier on.

    A leader with a voucher is a head and no payer, and at least one has to pay.
    """
    who_pays_nothing = 0 if leader_pays else 1
    least = [max(rules.tiers[0].headcount, 1 + who_pays_nothing)] if rules.tiers else []
    if rules.when_short is WhenShort.HONOUR:
        least.append((rules.minimum_payers or 1) + who_pays_nothing)
    return min(least) if least else None


def least_payers(terms: Terms) -> int:
    """The smallest number of payers with whom a group of these terms can complete."""
    crowd = crowd_of(terms.rules)
    if crowd is not None:
        return heads_to_complete(terms.rules, crowd)
    return honours_from(terms.rules) or terms.size


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    rules = terms.rules
    if rules.minimum_payers is None:
        return
    is_round = rules.cutoff is not None and rules.crowd is None
    if rules.when_short is not WhenShort.HONOUR and not is_round:
        yield "minimum_payers only means something with when_short: honour"
    if crowd_of(rules) is not None:
        return
    if rules.minimum_payers > terms.size:
        yield f"minimum_payers of {rules.minimum_payers} is more than size, {terms.size}"
    if rules.tiers and rules.minimum_payers > rules.tiers[0].headcount:
        yield (
            f"minimum_payers of {rules.minimum_payers} is more than the first tier's headcount,"
            f" {rules.tiers[0].headcount}"
        )
