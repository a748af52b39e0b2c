"""End a campaign for good: no group opens in it again.

Groups under way go on by their own rules; this touches none of them. A draw over all its groups is
held once the last of them is over, and units set aside for it go back by then.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import CampaignState
from chalicelib.catalog.put_campaign import take_off_products
from chalicelib.catalog.set_aside import groups_until, let_go
from chalicelib.draws import store as draws
from chalicelib.draws.model import DrawState, campaign_draw_id
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def end_campaign(campaign_id: str, *, clock: Clock, dry_run: bool = False) -> CampaignState:
    """End it; ending it again changes nothing. Raises NotFound."""
    state = until_settled(lambda: _attempt(campaign_id, clock.now(), dry_run=dry_run))
    if not dry_run:
        let_go(campaign_id)
    return state


def _attempt(campaign_id: str, now: datetime, *, dry_run: bool) -> CampaignState:
    key, draw_key = catalog.campaign_key(campaign_id), draws.draw_key(campaign_draw_id(campaign_id))
    found = read(key, draw_key, catalog.settings_key())
    row, draw = found.find(key), draws.draw_of(found.find(draw_key))
    before = catalog.standing_of(row)
    if before is None or row is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    if before.ended:
        return CampaignState.ENDED
    product_ids = frozenset(row.product_ids or ())
    offers = read(*(catalog.offers_key(product_id) for product_id in product_ids))
    ended = before.model_copy(update={"ended": True})
    writes = WriteSet()
    settings = catalog.settings_of(found.find(catalog.settings_key()))
    until = groups_until(row, settings, now=now)
    new_row = catalog.campaign_row(ended, product_ids=product_ids, groups_until=until)
    catalog.save(writes, new_row, before=row)
    take_off_products(writes, campaign_id, product_ids, offers, now)
    if draw is not None and draw.draw_state is DrawState.OPEN:
        draws.reschedule(writes, draw, draws_at=now, winners_wanted=draw.winners_wanted)
    if not dry_run:
        writes.commit()
    return ended.state(now)
