"""A small catalogue to put in tests: one merchant, products with SKUs, campaigns around noon."""

from datetime import timedelta
from typing import Any

from chalicelib.catalog.model import Campaign, CampaignSku, Merchant
from chalicelib.catalog.put_campaign import CampaignPut, put_campaign
from chalicelib.catalog.put_merchant import put_merchant
from chalicelib.catalog.put_product import ProductPut, PutProduct, SkuSupply, put_product
from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.model import Rules
from chalicelib.stock import store as stock
from tests.fakes import NOON

ORCHARD = Merchant(merchant_id="orchard", name="果园直供")
GARDEN = Merchant(merchant_id="garden", name="菜园")

RULES_LEFT_OUT: dict[str, Any] = {
    "who": "everyone",
    "when_short": "refund",
    "minimum_payers": None,
    "leave_allowed": False,
    "tiers": [],
    "draw": None,
    "leader": {"free": False, "bonus_fen": None, "bonus_bp": None},
    "cross_product": False,
    "crowd": None,
    "allotment": None,
    "stations": [],
    "cutoff": None,
    "custom_fields": [],
}
"""What is answered of a campaign whose rules ask for nothing."""


def sku(
    sku_id: str, *, solo_price_fen: int = 2000, units: int = 10, title: str = "5斤装"
) -> SkuSupply:
    return SkuSupply(sku_id=sku_id, title=title, solo_price_fen=solo_price_fen, stock=units)


def product(product_id: str = "apples", *skus: SkuSupply, **more: Any) -> PutProduct:
    """A product of the orchard; one SKU named after it when none is given."""
    given = {"merchant_id": "orchard", "title": "红富士苹果", **more}
    return PutProduct(product_id=product_id, skus=skus or (sku(f"{product_id}-5"),), **given)


def campaign(
    campaign_id: str = "autumn",
    *,
    prices_fen: dict[str, int] | None = None,
    tier_prices_fen: dict[str, tuple[int, ...]] | None = None,
    starts_in_seconds: int = -3600,
    ends_in_seconds: int = 3600,
    **more: Any,
) -> Campaign:
    """A campaign of two on `apples-5` at 15 yuan; its window is given from noon."""
    prices_fen, own_fen = prices_fen or {"apples-5": 1500}, tier_prices_fen or {}
    given = {"title": "秋季拼团", "size": 2, "duration_seconds": 600, "rules": Rules(), **more}
    return Campaign(
        campaign_id=campaign_id,
        starts_at=NOON + timedelta(seconds=starts_in_seconds),
        ends_at=NOON + timedelta(seconds=ends_in_seconds),
        skus=tuple(
            CampaignSku(sku_id=sku_id, group_price_fen=fen, tier_prices_fen=own_fen.get(sku_id, ()))
            for sku_id, fen in prices_fen.items()
        ),
        **given,
    )


def stocked(entry: PutProduct, *, clock: Clock) -> ProductPut:
    """Put the orchard and the garden, and a product of either."""
    put_merchant(ORCHARD)
    put_merchant(GARDEN)
    return put_product(entry, clock=clock)


def campaigning(given: Campaign, *, clock: Clock) -> CampaignPut:
    return put_campaign(given, clock=clock)


def sell(sku_id: str, quantity: int) -> None:
    """Take units as an order would."""
    writes = WriteSet()
    stock.reserve(writes, sku_id, quantity)
    writes.commit()


def units(sku_id: str) -> tuple[int, int] | None:
    """Units ever supplied and units left; None when there never were any."""
    key = stock.stock_key(sku_id)
    row = read(key).find(key)
    return (int(row.supplied), int(row.units_left)) if row is not None else None
