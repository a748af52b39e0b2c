"""Put a campaign (活动): its content, the revision that groups will keep, its place on its product.

Groups under way keep the revision they began with. Pausing and ending are not its business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.errors import CampaignEnded
from chalicelib.catalog.model import (
    MOST_OFFERS,
    Campaign,
    CampaignStanding,
    CampaignState,
    Outcome,
    Product,
    outcome_of,
)
from chalicelib.catalog.refuse_rates import refuse_rates
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.reads import Found, read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


@dataclass(frozen=True)
class CampaignPut:
    """What putting a campaign did, or would do, and how the campaign stands then."""

    outcome: Outcome
    state: CampaignState


def put_campaign(campaign: Campaign, *, clock: Clock, dry_run: bool = False) -> CampaignPut:
    """Write the campaign. With `dry_run` only say what that would do.

    Raises CampaignEnded; InvalidRequest when it is over before it begins, when a SKU is unknown, of
    another product than the rest or cheaper alone than in a group, or when commission rates are not
    what the shop's settings allow.
    """
    return until_settled(lambda: _attempt(campaign, clock.now(), dry_run=dry_run))


def _attempt(campaign: Campaign, now: datetime, *, dry_run: bool) -> CampaignPut:
    if campaign.ends_at <= now:
        raise _wrong("ends_at", "ends_at must be in the future.")
    key = catalog.campaign_key(campaign.campaign_id)
    sku_keys = [catalog.sku_key(sku.sku_id) for sku in campaign.skus]
    found = read(key, catalog.settings_key(), *sku_keys)
    settings = catalog.settings_of(found.find(catalog.settings_key()))
    refuse_rates(settings, campaign.commission_rates_bp, field="commission_rates_bp")
    row = found.find(key)
    before = catalog.standing_of(row)
    if before is not None and before.ended:
        raise CampaignEnded()
    product_id = _only_product(campaign, found)
    left = (set(row.product_ids or ()) if row is not None else set()) - {product_id}
    product_key = catalog.product_key(product_id)
    found = read(product_key, *(catalog.offers_key(each) for each in {product_id, *left}))
    product_row = found.find(product_key)
    product = catalog.product_of(product_row)
    if product is None or product_row is None:
        raise _wrong("skus", f"There is no product {product_id}.")
    _refuse_dear_skus(campaign, product)

    paused = before.paused if before is not None else False
    standing = CampaignStanding(campaign=campaign, paused=paused)
    writes = WriteSet()
    new_row = catalog.campaign_row(standing, product_ids=frozenset({product_id}))
    catalog.save(writes, new_row, before=row)
    catalog.keep_revision(writes, campaign)
    catalog.check_as_read(writes, product_row)
    _put_on_product(writes, campaign, product_id, found, now)
    take_off_products(writes, campaign.campaign_id, left, found, now)
    if not dry_run:
        writes.commit()
    return CampaignPut(outcome_of(before, standing), standing.state(now))


def take_off_products(
    writes: WriteSet, campaign_id: str, product_ids: Iterable[str], found: Found, now: datetime
) -> None:
    """Let products forget a campaign. Guard: their offers are as read (in `found`) -> Changed."""
    for product_id in sorted(product_ids):
        row = found.find(catalog.offers_key(product_id))
        if row is not None:
            offers = catalog.offers_of(row).without_campaign(campaign_id, now)
            catalog.save(writes, catalog.offers_row(product_id, offers), before=row)


def _put_on_product(
    writes: WriteSet, campaign: Campaign, product_id: str, found: Found, now: datetime
) -> None:
    row = found.find(catalog.offers_key(product_id))
    offers = catalog.offers_of(row).with_campaign(campaign, now)
    if len(offers.offers) > MOST_OFFERS:
        message = f"Product {product_id} is in {MOST_OFFERS} campaigns already; end one first."
        raise _wrong("skus", message)
    catalog.save(writes, catalog.offers_row(product_id, offers), before=row)


def _only_product(campaign: Campaign, found: Found) -> str:
    """The product that all the campaign's SKUs belong to. Raises InvalidRequest."""
    skus = {
        sku.sku_id: catalog.sku_of(found.find(catalog.sku_key(sku.sku_id))) for sku in campaign.skus
    }
    unknown = [sku_id for sku_id, sku in skus.items() if sku is None]
    if unknown:
        raise _wrong("skus", f"Not on sale: {', '.join(unknown)}.")
    product_ids = sorted({sku.product_id for sku in skus.values() if sku is not None})
    if len(product_ids) > 1:
        raise _wrong("skus", f"The SKUs are of several products: {', '.join(product_ids)}.")
    return product_ids[0]


def _refuse_dear_skus(campaign: Campaign, product: Product) -> None:
    solo_price_fen = {sku.sku_id: sku.solo_price_fen for sku in product.skus}
    for sku in campaign.skus:
        alone_fen = solo_price_fen.get(sku.sku_id)
        if alone_fen is None:
            raise _wrong("skus", f"Not on sale: {sku.sku_id}.")
        if sku.group_price_fen > alone_fen:
            message = (
                f"SKU {sku.sku_id}: the group price of {sku.group_price_fen} fen is above the solo"
                f" price of {alone_fen} fen."
            )
            raise _wrong("skus", message)


def _wrong(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, errors=[{"field": field, "message": message}])
