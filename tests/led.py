"""Words for stories about groups and what their leaders get."""

from collections.abc import Mapping
from typing import Any

from tests.shop import Member, Placed, Shop

FREEZE_SECONDS = 3600


def led(
    shop: Shop,
    rules: Mapping[str, Any],
    *who: str | Member,
    campaign_id: str = "led",
    size: int | None = None,
    **changes: Any,
) -> list[Placed]:
    """A campaign of these rules, and a group that these have paid, the first leading. Nothing has
    followed from it yet.
    """
    first, *others = (shop.member(each) if isinstance(each, str) else each for each in who)
    shop.campaign(campaign_id, size=size or len(who), rules=dict(rules), **changes)
    leads = first.opens(campaign_id).pays()
    return [leads, *(each.joins(leads.group_id).pays() for each in others)]


def settled(shop: Shop, *placed: Placed) -> None:
    """The orders are shipped where they are not yet, received, and time passes."""
    for order in placed:
        if order.status == "to_ship":
            shop.ships(order)
        if order.status == "shipped":
            order.receives()
    shop.passes(FREEZE_SECONDS + 1)
    shop.passes(61)


def balances(shop: Shop) -> dict[str, int]:
    """Debits less credits of each account, in fen, where that is anything: all merchants' sales
    together, and all members.
    """
    all_fen: dict[str, int] = shop.admin("audit")["totals"]["balances_fen"]
    return {name: fen for name, fen in all_fen.items() if fen}
