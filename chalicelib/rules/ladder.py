"""The rule of the ladder (阶梯团): the price falls with the number of heads. Everyone pays the
first tier's price; on completion the difference to the tier reached goes back.
"""

from collections.abc import Iterator
from itertools import pairwise

from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import Rules, SkuTerms, Terms, Tier
from chalicelib.rules.party import Entrant


def tier_reached(rules: Rules, headcount: int) -> Tier | None:
    """The best tier that so many heads have reached; None below the first, or without a ladder."""
    reached = [tier for tier in rules.tiers if tier.headcount <= headcount]
    return reached[-1] if reached else None


def next_tier(rules: Rules, headcount: int) -> Tier | None:
    """The next better one; None when there is none."""
    return next((tier for tier in rules.tiers if tier.headcount > headcount), None)


def prices_fen(rules: Rules, sku: SkuTerms) -> tuple[int, ...]:
    """What one unit of the SKU costs at each tier: what it says itself, else what the tiers say."""
    return sku.tier_prices_fen or tuple(tier.price_fen for tier in rules.tiers)


def price_fen(terms: Terms, sku_id: str, headcount: int) -> int | None:
    """What one unit costs once so many heads have come; None when no tier says anything."""
    reached = tier_reached(terms.rules, headcount)
    sku = next((sku for sku in terms.skus if sku.sku_id == sku_id), None)
    if reached is None or sku is None:
        return None
    return prices_fen(terms.rules, sku)[terms.rules.tiers.index(reached)]


def lowest_price_fen(terms: Terms, tier: Tier) -> int:
    """What one unit of the cheapest SKU costs at this tier."""
    place = terms.rules.tiers.index(tier)
    return min(prices_fen(terms.rules, sku)[place] for sku in terms.skus)


def price_cut_fen(terms: Terms, entrant: Entrant, headcount: int) -> int:
    """The difference between what everybody pays and what the tier reached costs."""
    reached_fen = price_fen(terms, entrant.sku_id, headcount)
    if reached_fen is None or reached_fen >= entrant.unit_price_fen:
        return 0
    return (entrant.unit_price_fen - reached_fen) * entrant.quantity


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    tiers = terms.rules.tiers
    for lower, higher in pairwise(tiers):
        if higher.headcount <= lower.headcount or higher.price_fen >= lower.price_fen:
            yield (
                f"tiers: {higher.price_fen} fen from {higher.headcount} heads on is no better than"
                f" {lower.price_fen} fen from {lower.headcount}"
            )
    if tiers and tiers[-1].headcount > terms.size and crowd_of(terms.rules) is None:
        yield f"tiers: {tiers[-1].headcount} heads never come to a group of size {terms.size}"
    for sku in terms.skus:
        if sku.tier_prices_fen:
            yield from _of_own_prices(sku.sku_id, sku.tier_prices_fen, sku.group_price_fen, tiers)
        elif tiers and sku.group_price_fen != tiers[0].price_fen:
            yield (
                f"SKU {sku.sku_id}: group_price_fen of {sku.group_price_fen} is not the first"
                f" tier's price, {tiers[0].price_fen}, which everybody pays; give the SKU"
                " tier_prices_fen of its own if it costs something else"
            )


def _of_own_prices(
    sku_id: str, prices_fen: tuple[int, ...], group_price_fen: int, tiers: tuple[Tier, ...]
) -> Iterator[str]:
    if len(prices_fen) != len(tiers):
        yield f"SKU {sku_id}: {len(prices_fen)} tier_prices_fen for {len(tiers)} tiers"
    if prices_fen[0] != group_price_fen:
        yield (
            f"SKU {sku_id}: group_price_fen of {group_price_fen} is not the first of its"
            f" tier_prices_fen, {prices_fen[0]}"
        )
    if any(higher >= lower for lower, higher in pairwise(prices_fen)):
        yield f"SKU {sku_id}: each of tier_prices_fen must be below the one before"
