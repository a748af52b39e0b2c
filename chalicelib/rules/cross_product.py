"""The rule of several products (跨产品拼团): members of one group may pick different ones.

Groups and ladders count heads, whatever each head buys.
"""

from collections.abc import Collection, Iterator

from chalicelib.rules.model import Rules


def contradictions(rules: Rules, product_ids: Collection[str]) -> Iterator[str]:
    """What does not go together with the products that the campaign's SKUs are of."""
    if len(product_ids) > 1 and not rules.cross_product:
        named = ", ".join(sorted(product_ids))
        yield f"the SKUs are of several products ({named}); that takes the rule cross_product"
