"""Browse products: what a shopper sees of one, and pages of them.

Stock, merchants and campaigns are read with them, in batches; a campaign is shown only when it says
itself that it is live and holds one of the product's SKUs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import shelves
from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign, CampaignState, Product
from chalicelib.catalog.store import CatalogRow
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.stock.store import StockRow, stock_key


@dataclass(frozen=True)
class ShownProduct:
    """A product on sale. `units_left` is by SKU id."""

    product: Product
    merchant_name: str
    sold_count: int
    units_left: Mapping[str, int]
    campaigns: tuple[Campaign, ...]


def get_product(product_id: str, *, clock: Clock) -> ShownProduct:
    """One product. Raises NotFound when it is unknown or not on sale."""
    key = catalog.product_key(product_id)
    row = read(key).find(key)
    if row is None or not _is_on_sale(row):
        raise NotFound()
    return _shown([row], clock.now())[0]


def list_products(
    *,
    category: str | None,
    merchant_id: str | None,
    limit: int,
    cursor: str | None,
    clock: Clock,
) -> tuple[list[ShownProduct], shelves.Start | None]:
    """A page of products on sale, the newest first, and where the next one starts."""
    shelf = shelves.all_products()
    if merchant_id is not None:
        shelf = shelves.products_of(merchant_id)
    elif category is not None:
        shelf = shelves.products_in(category)

    def keep(row: CatalogRow) -> bool:
        product = catalog.product_of(row)
        return product is not None and product.on_sale and category in {None, product.category}

    rows, start = shelves.browse(shelf, keep, limit=limit, cursor=cursor)
    return _shown(rows, clock.now()), start


def _is_on_sale(row: CatalogRow) -> bool:
    product = catalog.product_of(row)
    return product is not None and product.on_sale


def _shown(rows: Sequence[CatalogRow], now: datetime) -> list[ShownProduct]:
    products = [product for row in rows if (product := catalog.product_of(row)) is not None]
    found = read(
        *(catalog.merchant_key(product.merchant_id) for product in products),
        *(catalog.offers_key(product.product_id) for product in products),
        *(stock_key(sku.sku_id) for product in products for sku in product.skus),
    )
    candidates = {
        product.product_id: catalog.offers_of(
            found.find(catalog.offers_key(product.product_id))
        ).perhaps_live(now)
        for product in products
    }
    campaigns = read(
        *(catalog.campaign_key(campaign_id) for ids in candidates.values() for campaign_id in ids)
    )
    return [
        _with_stock(
            product, found, _live_with(product, candidates[product.product_id], campaigns, now)
        )
        for product in products
    ]


def _with_stock(product: Product, found: Found, campaigns: tuple[Campaign, ...]) -> ShownProduct:
    stock = {sku.sku_id: found.find(stock_key(sku.sku_id)) for sku in product.skus}
    merchant = catalog.merchant_of(found.find(catalog.merchant_key(product.merchant_id)))
    return ShownProduct(
        product=product,
        merchant_name=merchant.name if merchant is not None else product.merchant_name,
        sold_count=sum(_sold(row) for row in stock.values() if row),
        units_left={sku_id: int(row.units_left) if row else 0 for sku_id, row in stock.items()},
        campaigns=campaigns,
    )


def _sold(row: StockRow) -> int:
    """Units sold or held. Those set aside for a campaign count once it is over."""
    return int(row.supplied - row.units_left - (row.allotted or 0))


def _live_with(
    product: Product, campaign_ids: Sequence[str], found: Found, now: datetime
) -> tuple[Campaign, ...]:
    """Those of the campaigns that are live and hold one of the product's SKUs."""
    sku_ids = {sku.sku_id for sku in product.skus}
    standings = (
        catalog.standing_of(found.find(catalog.campaign_key(campaign_id)))
        for campaign_id in campaign_ids
    )
    return tuple(
        standing.campaign
        for standing in standings
        if standing is not None
        and standing.state(now) is CampaignState.LIVE
        and any(sku.sku_id in sku_ids for sku in standing.campaign.skus)
    )
