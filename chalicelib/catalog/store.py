"""The catalogue table: merchants, stores, products, SKUs, freight, campaigns, their revisions,
settings.

Each item's `content` is the value of model.py as it is; the other attributes only carry the sparse
browsing indexes, the figures, and what belongs to what. Guards live here; no verb's decision does.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.update import Action

from chalicelib.catalog.model import (
    AS_STORED,
    CROWDED_PARTS,
    Campaign,
    CampaignStanding,
    Freight,
    Merchant,
    Offers,
    Product,
    Sku,
    Store,
)
from chalicelib.catalog.settings import Settings
from chalicelib.kit.clock import stored
from chalicelib.kit.reads import Found, query
from chalicelib.kit.tables import Key, PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.writes import RefusalOf, WriteSet

V = TypeVar("V", bound=BaseModel)

_REVISIONS_A_PAGE = 100


class CatalogRow(Row):
    """One thing of the catalogue, by what it is and its id."""

    class Meta:
        table = "catalog"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    content = PlainMapAttribute()
    shelf = UnicodeAttribute(null=True)
    category_shelf = UnicodeAttribute(null=True)
    merchant_shelf = UnicodeAttribute(null=True)
    sort_key = UnicodeAttribute(null=True)
    live_shelf = UnicodeAttribute(null=True)
    ends_at = TimeAttribute(null=True)
    is_crowded = BooleanAttribute(null=True)
    sold_count = NumberAttribute(null=True)
    product_id = UnicodeAttribute(null=True)
    product_ids = UnicodeSetAttribute(null=True)
    skus_aside = UnicodeSetAttribute(null=True)
    groups_until = TimeAttribute(null=True)


CatalogKey = Key[CatalogRow]


def merchant_key(merchant_id: str) -> CatalogKey:
    return CatalogRow.key(merchant_id, "merchant")


def store_key(store_id: str) -> CatalogKey:
    return CatalogRow.key(store_id, "store")


def freight_key(merchant_id: str) -> CatalogKey:
    return CatalogRow.key(merchant_id, "freight")


def product_key(product_id: str) -> CatalogKey:
    return CatalogRow.key(product_id, "product")


def sku_key(sku_id: str) -> CatalogKey:
    return CatalogRow.key(sku_id, "sku")


def campaign_key(campaign_id: str) -> CatalogKey:
    return CatalogRow.key(campaign_id, "campaign")


def revision_key(campaign_id: str, revision: str) -> CatalogKey:
    return CatalogRow.key(campaign_id, f"revision#{revision}")


def figures_key(campaign_id: str, part: int | None = None) -> CatalogKey:
    """Where its sales are counted; in `part` by those of its groups that have an allotment."""
    return CatalogRow.key(campaign_id, "figures" if part is None else f"figures#{part}")


def figures_keys(row: CatalogRow) -> list[CatalogKey]:
    """Everywhere a campaign's sales are counted."""
    parts = range(CROWDED_PARTS) if row.is_crowded else ()
    return [figures_key(row.id), *(figures_key(row.id, part) for part in parts)]


def offers_key(product_id: str) -> CatalogKey:
    return CatalogRow.key(product_id, "offers")


def settings_key() -> CatalogKey:
    return CatalogRow.key("settings", "settings")


def merchant_of(row: CatalogRow | None) -> Merchant | None:
    return _value(Merchant, row)


def store_of(row: CatalogRow | None) -> Store | None:
    return _value(Store, row)


def freight_of(row: CatalogRow | None, merchant_id: str) -> Freight:
    """The merchant's freight rule; without one, freight is free and goes everywhere."""
    return _value(Freight, row) or Freight(merchant_id=merchant_id)


def product_of(row: CatalogRow | None) -> Product | None:
    return _value(Product, row)


def sku_of(row: CatalogRow | None) -> Sku | None:
    return _value(Sku, row)


def standing_of(row: CatalogRow | None) -> CampaignStanding | None:
    return _value(CampaignStanding, row)


def revision_of(row: CatalogRow | None) -> Campaign | None:
    return _value(Campaign, row)


def revisions_of(campaign_id: str, *, most: int) -> Iterator[Campaign]:
    """Everything a campaign has ever said, in no order, a page at a time. Raises OverflowError when
    that is more than `most`: a part of it would be taken for all.
    """
    condition = (CatalogRow.id == campaign_id) & CatalogRow.kind.startswith("revision#")
    count, start = 0, None
    while True:
        items, start = query(CatalogRow, condition, limit=_REVISIONS_A_PAGE, start=start)
        count += len(items)
        if count > most:
            raise OverflowError(f"campaign {campaign_id} has more than {most} revisions")
        found = (revision_of(CatalogRow.from_item(item)) for item in items)
        yield from (campaign for campaign in found if campaign is not None)
        if start is None:
            return


def groups_until_of(row: CatalogRow) -> datetime | None:
    """By when the groups are over that a campaign had before it was last put or ended; None where
    none of them could take of what was set aside.
    """
    return row.groups_until


def offers_of(row: CatalogRow | None) -> Offers:
    """The campaigns a product is in; none when no campaign ever was put on it."""
    return _value(Offers, row) or Offers()


def sold_count_in(found: Found, row: CatalogRow) -> int:
    """Units sold, all figures of the campaign together; nothing counted yet is 0."""
    figures = (found.find(key) for key in figures_keys(row))
    return sum(int(each.sold_count or 0) for each in figures if each is not None)


def count_sold(writes: WriteSet, key: CatalogKey, units: int) -> None:
    """Add to a campaign's sales."""
    writes.update(key, [CatalogRow.sold_count.set((CatalogRow.sold_count | 0) + units)])


def settings_of(row: CatalogRow | None) -> Settings:
    """What the operator set, defaults for the rest."""
    return _value(Settings, row) or Settings()


def _value(kind: type[V], row: CatalogRow | None) -> V | None:
    return kind.model_validate(row.content, context=AS_STORED) if row is not None else None


def content_of(value: BaseModel) -> dict[str, object]:
    """A value as the item holds it: JSON types, nothing empty."""
    return value.model_dump(mode="json", exclude_none=True)


def merchant_row(merchant: Merchant) -> CatalogRow:
    return CatalogRow(id=merchant.merchant_id, kind="merchant", content=content_of(merchant))


def store_row(store: Store) -> CatalogRow:
    return CatalogRow(id=store.store_id, kind="store", content=content_of(store))


def freight_row(freight: Freight) -> CatalogRow:
    return CatalogRow(id=freight.merchant_id, kind="freight", content=content_of(freight))


def settings_row(settings: Settings) -> CatalogRow:
    return CatalogRow(id="settings", kind="settings", content=content_of(settings))


def product_row(product: Product, *, sort_key: str) -> CatalogRow:
    """The product, on its shelves while it is on sale. `sort_key` is its place there, for good."""
    on_sale = product.on_sale
    return CatalogRow(
        id=product.product_id,
        kind="product",
        content=content_of(product),
        shelf="products" if on_sale else None,
        category_shelf=product.category if on_sale and product.category else None,
        merchant_shelf=product.merchant_id if on_sale else None,
        sort_key=sort_key,
    )


def offers_row(product_id: str, offers: Offers) -> CatalogRow:
    return CatalogRow(id=product_id, kind="offers", content=content_of(offers))


def campaign_row(
    standing: CampaignStanding,
    *,
    product_ids: frozenset[str] = frozenset(),
    groups_until: datetime | None = None,
) -> CatalogRow:
    """The campaign as it is now; on the live shelf unless it was ended by hand. Once it had an
    allotment it is crowded for good: what its groups wrote is found where they wrote it. So are
    the SKUs that it ever had any of. `groups_until`: when those it had so far are over.
    """
    campaign = standing.campaign
    return CatalogRow(
        id=campaign.campaign_id,
        kind="campaign",
        content=content_of(standing),
        live_shelf=None if standing.ended else "campaigns",
        ends_at=stored(campaign.ends_at),
        is_crowded=True if campaign.rules.allotment is not None else None,
        product_ids=set(product_ids) or None,
        skus_aside=set(campaign.skus_aside) or None,
        groups_until=groups_until,
    )


def revision_row(campaign: Campaign) -> CatalogRow:
    """The campaign's content for the groups that begin under it."""
    kind = f"revision#{campaign.revision}"
    return CatalogRow(id=campaign.campaign_id, kind=kind, content=content_of(campaign))


def save(writes: WriteSet, row: CatalogRow, *, before: CatalogRow | None) -> None:
    """Write a thing over what was read of it. Guard: its content is as read -> Changed.

    Attributes that are not part of the row's own business (figures) keep their value.
    """
    if before is None:
        writes.put(row, guard=CatalogRow.id.does_not_exist())
        return
    actions = [_set_or_remove(row, name) for name in _REPLACED]
    if row.is_crowded:
        actions.append(CatalogRow.is_crowded.set(True))
    if row.skus_aside:
        actions.append(CatalogRow.skus_aside.add(row.skus_aside))
    if row.groups_until is not None:
        actions.append(CatalogRow.groups_until.set(row.groups_until))
    key = CatalogRow.key(row.id, row.kind)
    writes.update(key, actions, guard=CatalogRow.content == before.content)


def check_as_read(writes: WriteSet, row: CatalogRow) -> None:
    """Let the commit fail with Changed unless this row's content is as read."""
    writes.check(CatalogRow.key(row.id, row.kind), guard=CatalogRow.content == row.content)


def check_merchant(writes: WriteSet, merchant_id: str) -> None:
    """Let the commit fail with Changed unless the merchant exists."""
    writes.check(merchant_key(merchant_id), guard=CatalogRow.id.exists())


def offer_sku(writes: WriteSet, sku: Sku, *, refusal: RefusalOf) -> None:
    """Let a SKU be bought. Guard: no other product has this id for one of its own -> `refusal`."""
    writes.update(
        sku_key(sku.sku_id),
        [CatalogRow.content.set(content_of(sku)), CatalogRow.product_id.set(sku.product_id)],
        guard=CatalogRow.id.does_not_exist() | (CatalogRow.product_id == sku.product_id),
        refusal=refusal,
    )


def withdraw_sku(writes: WriteSet, sku_id: str, product_id: str) -> None:
    """Let a SKU no longer be bought. Guard: it is this product's, or gone already -> Changed."""
    writes.delete(
        sku_key(sku_id),
        guard=CatalogRow.id.does_not_exist() | (CatalogRow.product_id == product_id),
    )


def keep_revision(writes: WriteSet, campaign: Campaign) -> None:
    """Write the revision. Needs no guard: its key names its content."""
    writes.put(revision_row(campaign))


_REPLACED = (
    "content",
    "shelf",
    "category_shelf",
    "merchant_shelf",
    "sort_key",
    "live_shelf",
    "ends_at",
    "product_ids",
)


def _set_or_remove(row: CatalogRow, name: str) -> Action:
    attribute, value = getattr(CatalogRow, name), getattr(row, name)
    action: Action = attribute.remove() if value is None else attribute.set(value)
    return action
