"""Announce a draw: make its seed, publish the hash, keep the seed sealed.

A group's own draw is announced when the group opens, a campaign's when the campaign is put; both
before anybody pays.
"""

from datetime import datetime

from chalicelib.draws import store as draws
from chalicelib.draws.model import Draw, campaign_draw_id, group_draw_id
from chalicelib.draws.seeds import Seeds
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.model import DrawRule, DrawScope


def announce_for_group(
    writes: WriteSet,
    rule: DrawRule,
    campaign_id: str,
    group_id: str,
    *,
    seeds: Seeds,
    now: datetime,
) -> str:
    """The id of the draw the new group takes part in: its own, which is announced, or its
    campaign's, where the group is noted. Raises DrawsOff.
    """
    if rule.scope is DrawScope.CAMPAIGN:
        draw_id = campaign_draw_id(campaign_id)
        draws.register(writes, draw_id, group_id)
        return draw_id
    draw_id = group_draw_id(group_id)
    seed_hash, seed_sealed = seeds.announce(draw_id)
    draw = Draw(
        draw_id=draw_id,
        campaign_id=campaign_id,
        scope=DrawScope.GROUP,
        winners_wanted=rule.winners,
        seed_hash=seed_hash,
        seed_sealed=seed_sealed,
        announced_at=now,
        group_id=group_id,
    )
    draws.announce(writes, draw)
    return draw_id


def announce_for_campaign(
    writes: WriteSet,
    rule: DrawRule,
    campaign_id: str,
    *,
    draws_at: datetime,
    seeds: Seeds,
    now: datetime,
) -> None:
    """Announce the draw of a new campaign. Raises DrawsOff."""
    draw_id = campaign_draw_id(campaign_id)
    seed_hash, seed_sealed = seeds.announce(draw_id)
    draw = Draw(
        draw_id=draw_id,
        campaign_id=campaign_id,
        scope=DrawScope.CAMPAIGN,
        winners_wanted=rule.winners,
        seed_hash=seed_hash,
        seed_sealed=seed_sealed,
        announced_at=now,
        draws_at=draws_at,
    )
    draws.announce(writes, draw)
