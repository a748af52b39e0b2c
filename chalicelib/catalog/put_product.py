"""Put a product: its content, its SKUs and the units ever supplied of each, in one commit.

Replaces the content as a whole. Stock is relative: the write adds what is new to what is left, so
that units sold meanwhile stay sold. Sending it again changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import (
    MOST_SKUS,
    MOST_UNITS,
    Category,
    Identifier,
    Merchant,
    Outcome,
    Product,
    Sku,
    SpecName,
    SpecValue,
    Title,
    Url,
    outcome_of,
)
from chalicelib.catalog.refuse_changed import refuse_changed
from chalicelib.catalog.refuse_rates import refuse_rates
from chalicelib.catalog.settings import Frozen, Rates
from chalicelib.catalog.store import CatalogRow
from chalicelib.kit.clock import Clock, stored
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.money import PriceFen
from chalicelib.kit.reads import Found, read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.stock.store import ONLY_SHARD, StockRow, stock_key


class SkuSupply(Frozen):
    """A variant as it is put. `stock` is the number of units ever supplied, sold ones included."""

    sku_id: Identifier
    title: Title
    solo_price_fen: PriceFen
    stock: Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)]
    image_url: Url | None = None
    commission_rates_bp: Rates | None = None


class PutProduct(Frozen):
    """A product as it is put; what is left out takes its default."""

    product_id: Identifier
    merchant_id: Identifier
    title: Title
    description: Annotated[str, Field(max_length=5000)] = ""
    images: Annotated[tuple[Url, ...], Field(max_length=15)] = ()
    detail_images: Annotated[tuple[Url, ...], Field(max_length=30)] = ()
    category: Category = ""
    specs: Annotated[dict[SpecName, SpecValue], Field(max_length=30)] = Field(default_factory=dict)
    skus: Annotated[tuple[SkuSupply, ...], Field(min_length=1, max_length=MOST_SKUS)]
    on_sale: bool = True

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        if len({sku.sku_id for sku in self.skus}) != len(self.skus):
            raise ValueError("a SKU stands twice in skus")
        return self


@dataclass(frozen=True)
class SkuStock:
    """Units of one SKU after a put: ever supplied, and left to sell."""

    sku_id: str
    supplied: int
    units_left: int


@dataclass(frozen=True)
class ProductPut:
    """What putting a product did, or would do. `revision_before` is that of what it is put over,
    if there is any.
    """

    outcome: Outcome
    revision: str
    revision_before: str | None
    stock: tuple[SkuStock, ...]
    withdrawn_sku_ids: tuple[str, ...]


def put_product(
    entry: PutProduct, *, clock: Clock, if_revision: str | None = None, dry_run: bool = False
) -> ProductPut:
    """Write the product; with `if_revision` only over that one. With `dry_run` only say what that
    would do.

    Raises NotFound for an unknown merchant; InvalidRequest when a SKU id belongs to another
    product, when `stock` is less than what is already sold or held, or when commission rates are
    not what the shop's settings allow; ChangedSince.
    """
    return until_settled(lambda: _attempt(entry, clock.now(), if_revision, dry_run=dry_run))


def _attempt(
    entry: PutProduct, now: datetime, if_revision: str | None, *, dry_run: bool
) -> ProductPut:
    found = read(
        catalog.product_key(entry.product_id),
        catalog.merchant_key(entry.merchant_id),
        catalog.settings_key(),
        *(catalog.sku_key(sku.sku_id) for sku in entry.skus),
        *(stock_key(sku.sku_id) for sku in entry.skus),
    )
    merchant = catalog.merchant_of(found.find(catalog.merchant_key(entry.merchant_id)))
    if merchant is None:
        raise NotFound(f"There is no merchant {entry.merchant_id}; put it first.")
    _refuse_skus_of_others(entry, found)
    settings = catalog.settings_of(found.find(catalog.settings_key()))
    for supply in entry.skus:
        refuse_rates(settings, supply.commission_rates_bp, field="skus")
    row = found.find(catalog.product_key(entry.product_id))
    before, after = catalog.product_of(row), _product(entry, merchant)
    refuse_changed(if_revision, before, after)
    withdrawn = _withdrawn(before, after)

    writes = WriteSet()
    catalog.check_merchant(writes, merchant.merchant_id)
    sort_key = row.sort_key if row is not None and row.sort_key else _sort_key(entry, now)
    catalog.save(writes, catalog.product_row(after, sort_key=sort_key), before=row)
    if after.on_sale:
        for sku in after.skus:
            catalog.offer_sku(writes, sku, refusal=_of_another_product)
    for sku_id in withdrawn:
        catalog.withdraw_sku(writes, sku_id, after.product_id)
    stock = [_supply(writes, sku, found.find(stock_key(sku.sku_id))) for sku in entry.skus]
    if not dry_run:
        writes.commit()
    outcome = _outcome(before, after, stock, found)
    return ProductPut(
        outcome=outcome,
        revision=after.revision,
        revision_before=before.revision if before is not None else None,
        stock=tuple(stock),
        withdrawn_sku_ids=withdrawn,
    )


def _product(entry: PutProduct, merchant: Merchant) -> Product:
    skus = tuple(
        Sku(
            sku_id=sku.sku_id,
            product_id=entry.product_id,
            merchant_id=merchant.merchant_id,
            product_title=entry.title,
            title=sku.title,
            image_url=sku.image_url,
            solo_price_fen=sku.solo_price_fen,
            commission_rates_bp=sku.commission_rates_bp,
        )
        for sku in entry.skus
    )
    content = entry.model_dump(include=set(Product.model_fields) - {"skus"})
    return Product.model_validate({**content, "merchant_name": merchant.name, "skus": skus})


def _sort_key(entry: PutProduct, now: datetime) -> str:
    """A product's place on the shelf: when it first came, so that the newest can be shown first."""
    return f"{stored(now)}#{entry.product_id}"


def _withdrawn(before: Product | None, after: Product) -> tuple[str, ...]:
    """SKUs that can no longer be bought: those dropped, or all when it is not on sale."""
    known = {sku.sku_id for sku in before.skus} if before is not None else set()
    offered = {sku.sku_id for sku in after.skus} if after.on_sale else set()
    return tuple(sorted(known - offered))


def _refuse_skus_of_others(entry: PutProduct, found: Found) -> None:
    for sku in entry.skus:
        row = found.find(catalog.sku_key(sku.sku_id))
        if row is not None and row.product_id != entry.product_id:
            raise _of_another_product(row)


def _of_another_product(row: CatalogRow) -> InvalidRequest:
    message = f"SKU {row.id} belongs to product {row.product_id}."
    return InvalidRequest(message, errors=[{"field": "skus", "message": message}])


def _supply(writes: WriteSet, sku: SkuSupply, row: StockRow | None) -> SkuStock:
    """Add what is newly supplied to what is left. Guard: as read, and enough to take away."""
    if row is None:
        new = StockRow(
            sku_id=sku.sku_id, shard=ONLY_SHARD, supplied=sku.stock, units_left=sku.stock
        )
        writes.put(new, guard=StockRow.sku_id.does_not_exist())
        return SkuStock(sku.sku_id, sku.stock, sku.stock)
    difference = sku.stock - int(row.supplied)
    units_left = int(row.units_left) + difference
    if units_left < 0:
        raise _too_few(sku, taken=int(row.supplied) - int(row.units_left))
    if difference != 0:
        guard = StockRow.supplied == int(row.supplied)
        if difference < 0:
            guard = guard & (StockRow.units_left >= -difference)
        writes.update(
            stock_key(sku.sku_id),
            [
                StockRow.supplied.set(sku.stock),
                StockRow.units_left.set(StockRow.units_left + difference),
            ],
            guard=guard,
        )
    return SkuStock(sku.sku_id, sku.stock, units_left)


def _too_few(sku: SkuSupply, *, taken: int) -> InvalidRequest:
    message = (
        f"SKU {sku.sku_id}: {taken} units are already sold, held or set aside, so stock, the total"
        f" ever supplied, cannot be {sku.stock}."
    )
    return InvalidRequest(message, errors=[{"field": "skus", "message": message}])


def _outcome(
    before: Product | None, after: Product, stock: list[SkuStock], found: Found
) -> Outcome:
    rows = [found.find(stock_key(sku.sku_id)) for sku in stock]
    supplied_before = [int(row.supplied) if row is not None else None for row in rows]
    if supplied_before == [sku.supplied for sku in stock]:
        return outcome_of(before, after)
    return Outcome.CREATED if before is None else Outcome.CHANGED
