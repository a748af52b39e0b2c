"""Pause a campaign, or resume it: no new groups meanwhile.

Groups under way go on by their own rules; this touches none of them.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.errors import CampaignEnded
from chalicelib.catalog.model import CampaignState
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def pause_campaign(
    campaign_id: str, *, resume: bool = False, clock: Clock, dry_run: bool = False
) -> CampaignState:
    """Pause, or end the pause; doing it twice does it once. Raises NotFound, CampaignEnded."""
    return until_settled(lambda: _attempt(campaign_id, resume, clock.now(), dry_run=dry_run))


def _attempt(campaign_id: str, resume: bool, now: datetime, *, dry_run: bool) -> CampaignState:
    key = catalog.campaign_key(campaign_id)
    row = read(key).find(key)
    before = catalog.standing_of(row)
    if before is None or row is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    if before.ended:
        raise CampaignEnded()
    after = before.model_copy(update={"paused": not resume})
    writes = WriteSet()
    product_ids = frozenset(row.product_ids or ())
    catalog.save(writes, catalog.campaign_row(after, product_ids=product_ids), before=row)
    if not dry_run:
        writes.commit()
    return after.state(now)
