"""Crowds as tests play them: a campaign of one, so many who come to it, and how they end."""

from typing import Any

from chalicelib.orders import store as orders
from tests.shop import Placed, Shop

DURATION_SECONDS = 600


def super_campaign(shop: Shop, threshold: int = 3, *, shards: int = 4, **rules: Any) -> None:
    """The campaign `super`, whose crowds have ten minutes."""
    crowd = {"threshold": threshold, "shards": shards}
    shop.campaign("super", rules={"crowd": crowd, **rules}, duration_seconds=DURATION_SECONDS)


def come(shop: Shop, count: int, *, name: str = "M", campaign_id: str = "super") -> list[Placed]:
    """So many open a group, and have not paid yet."""
    return [shop.member(f"{name}{number}").opens(campaign_id) for number in range(count)]


def paid(shop: Shop, count: int, **given: Any) -> list[Placed]:
    """So many come and pay."""
    placed = [each.pays() for each in come(shop, count, **given)]
    shop.settles()
    return placed


def end(shop: Shop) -> None:
    """The time is over, and everything that follows from it is done."""
    shop.passes(DURATION_SECONDS)
    shop.passes(61)


def statuses(placed: list[Placed]) -> list[str]:
    return [each.status for each in placed]


def shard_of(placed: Placed) -> dict[str, Any]:
    """The shard that counts the order."""
    shard_id = orders.get(placed.order_id).seat_group_id
    (row,) = placed.member.shop.rows("groups", group_id=shard_id, kind="group")
    return row


def shards(shop: Shop, group_id: str) -> list[dict[str, Any]]:
    """All shards of a crowd, in their order."""
    rows = [row for row in shop.rows("groups", kind="group") if row.get("crowd_id") == group_id]
    return sorted(rows, key=lambda row: int(row["group_id"].split("#")[1]))
