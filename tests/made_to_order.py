"""Groups whose goods are made to order, and what their merchant says."""

from typing import Any

from tests.shop import Placed, Shop

DAY_SECONDS = 24 * 3600
ANSWER_SECONDS = 3 * DAY_SECONDS
FIELDS: list[dict[str, Any]] = [
    {"name": "engraving", "label": "刻字"},
    {"name": "colour", "options": ["红", "蓝"], "required": False},
]
WISHES = {"engraving": "小满", "colour": "红"}


def takes_orders(shop: Shop, campaign_id: str = "mug", **changes: Any) -> str:
    """A campaign of two on goods made to order. `rules` are added to that one."""
    rules = {"custom_fields": FIELDS, **changes.pop("rules", {})}
    return shop.campaign(campaign_id, rules=rules, **changes)


def paid_for(shop: Shop, *names: str, campaign_id: str = "mug") -> list[Placed]:
    """Who has opened and joined one group and paid; it asks its merchant once it is full."""
    leader = shop.member(names[0]).opens(campaign_id, custom_fields=WISHES).pays()
    placed = [leader]
    for name in names[1:]:
        wishes = {"engraving": name}
        placed.append(shop.member(name).joins(leader.group_id, custom_fields=wishes).pays())
    shop.settles()
    return placed


def answers(shop: Shop, group_id: str, decision: str, *, days: int | None = None) -> Any:
    """The merchant answers, perhaps with so many days to go; what follows is yet to happen."""
    ships_by = {} if days is None else {"ships_by": shop.at(days * DAY_SECONDS)}
    return shop.admin("decide_production", group_id=group_id, decision=decision, **ships_by)


def accepts(shop: Shop, group_id: str, *, days: int) -> None:
    """The merchant makes it, and what follows happens."""
    assert answers(shop, group_id, "accept", days=days)["outcome"] == "accepted"
    shop.settles()


def rejects(shop: Shop, group_id: str) -> None:
    """The merchant does not, and what follows happens."""
    assert answers(shop, group_id, "reject")["outcome"] == "rejected"
    shop.settles()


def production_of(shop: Shop, group_id: str) -> Any:
    """What the group's page says of it."""
    return shop.group(group_id)["production"]
