"""Put a campaign (活动): its content, the revision that groups will keep, its place on its
products, and the draw it ends with if it has one.

Groups under way keep the revision they began with. Pausing and ending are not its business.
"""

from collections.abc import Iterable, Sequence
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
    outcome_of,
)
from chalicelib.catalog.refuse_changed import refuse_changed
from chalicelib.catalog.refuse_rates import refuse_rates
from chalicelib.catalog.set_aside import groups_until, let_go, put_back, set_aside
from chalicelib.catalog.store import CatalogRow
from chalicelib.draws import store as draws
from chalicelib.draws.announce import announce_for_campaign
from chalicelib.draws.model import Draw, DrawState, campaign_draw_id
from chalicelib.draws.seeds import NO_SEEDS, Seeds
from chalicelib.draws.store import DrawRow
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest, Refusal
from chalicelib.kit.reads import Found, read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.cross_product import contradictions
from chalicelib.rules.draw import over_all_groups
from chalicelib.stations import store as stations


@dataclass(frozen=True)
class CampaignPut:
    """What putting a campaign did, or would do, and how the campaign stands then.
    `revision_before` is that of what it is put over, if there is any.
    """

    outcome: Outcome
    state: CampaignState
    revision_before: str | None


@dataclass
class _Aside:
    """Whether an attempt has come so far as to set units aside."""

    moved: bool = False


def put_campaign(
    campaign: Campaign,
    *,
    clock: Clock,
    seeds: Seeds = NO_SEEDS,
    if_revision: str | None = None,
    dry_run: bool = False,
) -> CampaignPut:
    """Write the campaign; with `if_revision` only over that one. With `dry_run` only say what that
    would do.

    Raises CampaignEnded; ChangedSince; InvalidRequest when it is over before it begins, when a SKU
    is unknown, cheaper alone than in a group or of another product than the rules allow, when
    commission rates are not what the shop's settings allow, or when it changes a draw that people
    take part in; DrawsOff.
    """
    aside = _Aside()
    try:
        put = until_settled(
            lambda: _attempt(campaign, clock.now(), seeds, if_revision, aside, dry_run=dry_run)
        )
    except Refusal:
        if aside.moved:
            put_back(campaign.campaign_id, besides=campaign.skus_aside, now=clock.now())
        raise
    if not dry_run:
        let_go(campaign.campaign_id)
    return put


def _attempt(
    campaign: Campaign,
    now: datetime,
    seeds: Seeds,
    if_revision: str | None,
    aside: _Aside,
    *,
    dry_run: bool,
) -> CampaignPut:
    if campaign.ends_at <= now:
        raise _wrong("ends_at", "ends_at must be in the future.")
    key, draw_key = catalog.campaign_key(campaign.campaign_id), _draw_key(campaign)
    sku_keys = [catalog.sku_key(sku.sku_id) for sku in campaign.skus]
    station_keys = [stations.station_key(each) for each in campaign.rules.stations]
    found = read(key, catalog.settings_key(), draw_key, *sku_keys, *station_keys)
    _refuse_unknown_stations(campaign, found)
    settings = catalog.settings_of(found.find(catalog.settings_key()))
    refuse_rates(settings, campaign.commission_rates_bp, field="commission_rates_bp")
    row = found.find(key)
    before = catalog.standing_of(row)
    if before is not None and before.ended:
        raise CampaignEnded()
    until = groups_until(row, settings, now=now)
    refuse_changed(if_revision, before.campaign if before is not None else None, campaign)
    product_ids = _products(campaign, found)
    left = (set(row.product_ids or ()) if row is not None else set()) - product_ids
    product_keys = [catalog.product_key(each) for each in sorted(product_ids)]
    draw = draws.draw_of(found.find(draw_key))
    found = read(*product_keys, *(catalog.offers_key(each) for each in product_ids | left))
    product_rows = [found.find(each) for each in product_keys]
    _refuse_dear_skus(campaign, product_rows)

    paused = before.paused if before is not None else False
    standing = CampaignStanding(campaign=campaign, paused=paused)
    writes = WriteSet()
    new_row = catalog.campaign_row(standing, product_ids=frozenset(product_ids), groups_until=until)
    catalog.save(writes, new_row, before=row)
    catalog.keep_revision(writes, campaign)
    for product_row in product_rows:
        if product_row is not None:
            catalog.check_as_read(writes, product_row)
    for product_id in sorted(product_ids):
        _put_on_product(writes, campaign, product_id, found, now)
    take_off_products(writes, campaign.campaign_id, left, found, now)
    _put_draw(writes, campaign, before, draw, seeds, now)
    set_aside(campaign, groups_until=until, dry_run=True)
    if not dry_run:
        aside.moved = campaign.stock_shards is not None
        set_aside(campaign, groups_until=until, dry_run=False)
        writes.commit()
    revision_before = before.campaign.revision if before is not None else None
    return CampaignPut(outcome_of(before, standing), standing.state(now), revision_before)


def _draw_key(campaign: Campaign) -> Key[DrawRow]:
    return draws.draw_key(campaign_draw_id(campaign.campaign_id))


def _put_draw(
    writes: WriteSet,
    campaign: Campaign,
    before: CampaignStanding | None,
    draw: Draw | None,
    seeds: Seeds,
    now: datetime,
) -> None:
    """Announce the draw of the whole campaign with it, and keep its time. Once it has begun, what
    it draws can no longer change.
    """
    if campaign.rules.draw is not None:
        seeds.check()
    of_all = over_all_groups(campaign.rules)
    was = over_all_groups(before.campaign.rules) if before is not None else None
    if of_all is None and was is None:
        if draw is not None and draw.draw_state is DrawState.OPEN:  # one that was taken out again
            draws.reschedule(
                writes, draw, draws_at=campaign.ends_at, winners_wanted=draw.winners_wanted
            )
        return
    if draw is None:
        if of_all is not None:
            announce_for_campaign(
                writes,
                of_all,
                campaign.campaign_id,
                draws_at=campaign.ends_at,
                seeds=seeds,
                now=now,
            )
        return
    if draw.draw_state is not DrawState.OPEN:
        raise _wrong("rules.draw", "Its draw has been held; put another campaign.")
    has_begun = before is not None and before.campaign.starts_at <= now
    if of_all != was and ((was and has_begun) or draws.has_groups(draw.draw_id)):
        raise _wrong("rules.draw", "It has begun: what it draws can no longer change.")
    if was and has_begun and campaign.starts_at > now:
        raise _wrong("starts_at", "It has begun, and so has its draw: it cannot begin later.")
    winners_wanted = of_all.winners if of_all is not None else draw.winners_wanted
    draws.reschedule(writes, draw, draws_at=campaign.ends_at, winners_wanted=winners_wanted)


def _refuse_unknown_stations(campaign: Campaign, found: Found) -> None:
    unknown = [
        station_id
        for station_id in campaign.rules.stations
        if found.find(stations.station_key(station_id)) is None
    ]
    if unknown:
        raise _wrong("rules.stations", f"There is no station {', '.join(unknown)}; put it first.")


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


def _products(campaign: Campaign, found: Found) -> set[str]:
    """The products that the campaign's SKUs belong to. Raises InvalidRequest."""
    skus = {
        sku.sku_id: catalog.sku_of(found.find(catalog.sku_key(sku.sku_id))) for sku in campaign.skus
    }
    unknown = [sku_id for sku_id, sku in skus.items() if sku is None]
    if unknown:
        raise _wrong("skus", f"Not on sale: {', '.join(unknown)}.")
    product_ids = {sku.product_id for sku in skus.values() if sku is not None}
    for sentence in contradictions(campaign.rules, product_ids):
        raise _wrong("rules.cross_product", sentence)
    return product_ids


def _refuse_dear_skus(campaign: Campaign, product_rows: Sequence[CatalogRow | None]) -> None:
    """Raises InvalidRequest for a SKU that is not on sale, or cheaper alone."""
    products = [catalog.product_of(row) for row in product_rows]
    solo_price_fen = {
        sku.sku_id: sku.solo_price_fen
        for product in products
        if product is not None
        for sku in product.skus
    }
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
