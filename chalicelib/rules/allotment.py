"""The rule of the allotment (秒杀库存): a campaign sells units set aside for it, and no others.

They lie on several items, so that those who come in the same second do not meet on one. How they
are kept stands in stock/.
"""

from collections.abc import Iterator

from chalicelib.rules.model import Rules, Terms


def takes_stock(rules: Rules) -> bool:
    """Whether a purchase takes units that are there. What is bought or made only once it is known
    how much is wanted takes none, unless units are set aside for it.
    """
    on_demand = rules.cutoff is not None or bool(rules.custom_fields)
    return rules.allotment is not None or not on_demand


def contradictions(terms: Terms) -> Iterator[str]:
    """What does not go together."""
    for sku in terms.skus:
        if terms.rules.allotment is not None and sku.allotted_units is None:
            yield f"SKU {sku.sku_id}: the rule allotment needs its allotted_units"
        if terms.rules.allotment is None and sku.allotted_units is not None:
            yield f"SKU {sku.sku_id}: allotted_units only mean something with the rule allotment"
