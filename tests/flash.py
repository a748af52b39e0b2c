"""What stories and races of flash sales (秒杀团) are told with: a campaign that sells units set
aside for it, and where they lie.
"""

from typing import Any

from chalicelib.catalog.recent_allotments import forget_allotments
from tests.shop import Shop

GROUP_PRICE_FEN = 1500


def flash(
    shop: Shop, units: int, *, shards: int = 4, campaign_id: str = "flash", **changes: Any
) -> str:
    """A flash sale of so many units that lasts an hour from now."""
    rules = {"allotment": {"shards": shards}, **changes.pop("rules", {})}
    fields = {"play": "flash", "starts_at": shop.at(0), "ends_at": shop.at(3600), **changes}
    return shop.campaign(campaign_id, rules=rules, skus=[offered(units)], **fields)


def offered(units: int, sku_id: str = "apples-5") -> dict[str, Any]:
    return {"sku_id": sku_id, "group_price_fen": GROUP_PRICE_FEN, "allotted_units": units}


def lots(shop: Shop, campaign_id: str = "flash", sku_id: str = "apples-5") -> list[int]:
    """What is left in each shard."""
    found = {
        row["shard"]: row["units_left"]
        for row in shop.rows("stock")
        if row["sku_id"].startswith(f"{sku_id}#{campaign_id}#")
    }
    return [int(found[number]) for number in sorted(found)]


def available(shop: Shop, campaign_id: str = "flash") -> Any:
    """What the campaign's page says is left of its first SKU, to who looks for the first time."""
    forget_allotments()
    reply = shop.send("GET", f"/v1/campaigns/{campaign_id}")
    assert reply.status == 200, reply
    return reply["skus"][0]["available"]


def set_aside(shop: Shop, sku_id: str = "apples-5") -> int:
    """What the SKU itself says is set aside."""
    return int(shop.rows("stock", sku_id=sku_id)[0].get("allotted", 0))
