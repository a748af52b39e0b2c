"""Settle a crowd whose time has run out: close its shards one by one, each once nothing in it is
held, then sum them, then decide.

Run by the sweep at the deadline, and again until it is done. Nobody can come to a closed shard, and
a payment that meets one goes back by itself; so the sum stands still when it is taken. What follows
hangs on the shards' change of state.
"""

from dataclasses import replace

from chalicelib.catalog import store as catalog
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.groups import crowds, ending
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState, settlement
from chalicelib.groups.settle import BECOMES, resolve
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import Refusal, TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import Changed
from chalicelib.orders.model import REACTION_SECONDS

_MOST_RESOLVED = 50
"""Held seats in one run, each of which takes WeChat's word; the others are left to the next run,
and to the sweep of orders.
"""


def settle_crowd(group_id: str, *, clock: Clock, wechat_pay: WechatPay) -> Group:
    """The crowd as it is afterwards. Raises WechatUnavailable while a held seat cannot be resolved,
    TryAgain while more are held than one run gets through, NotFound.
    """
    return until_settled(lambda: _settle(group_id, clock, wechat_pay))


def _settle(group_id: str, clock: Clock, wechat_pay: WechatPay) -> Group:
    crowd = groups.get(group_id)
    if crowd.group_state is not GroupState.FORMING or not crowd.is_over(clock.now()):
        return crowd
    _close_all(crowd, clock, wechat_pay)
    _decide(crowd, clock)
    return groups.get(group_id)


def _close_all(crowd: Group, clock: Clock, wechat_pay: WechatPay) -> None:
    """Every shard that can be, before the first that could not be is told of."""
    stuck: Refusal | None = None
    most = _MOST_RESOLVED
    for shard in crowds.read_shards(crowd):
        if shard.group_state is not GroupState.FORMING:
            continue
        try:
            if shard.held_count > 0:
                held = crowds.held_seats(shard.group_id, most=most)
                most -= len(held)
                resolve(held, clock=clock, wechat_pay=wechat_pay)
            _close(shard.group_id)
        except Refusal as refusal:
            stuck = stuck or refusal
    if stuck is not None:
        raise stuck


def _close(shard_id: str) -> None:
    try:
        ending.close_shard(shard_id)  # guard: no seat is held
    except Changed:
        shard = groups.get(shard_id)
        if shard.group_state is GroupState.FORMING:
            raise TryAgain(f"{shard.held_count} seats of {shard_id} are held.") from None


def _decide(crowd: Group, clock: Clock) -> None:
    """Guards: all shards are closed, the crowd is not decided -> Changed."""
    shards = crowds.read_shards(crowd)
    if len(shards) < len(crowd.shard_ids):
        raise LookupError(f"{len(shards)} shards of {crowd.group_id} are there")
    headcount = sum(shard.paid_count for shard in shards)
    becomes = BECOMES[settlement(replace(crowd, paid_count=headcount))]
    now = clock.now()
    due_at = after(now, REACTION_SECONDS)
    asks = becomes is GroupState.COMPLETE and _is_made_to_order(crowd)
    ending.decide_crowd(crowd, shards, becomes, now=now, due_at=due_at, asks_production=asks)


def _is_made_to_order(crowd: Group) -> bool:
    key = catalog.revision_key(crowd.campaign_id, crowd.campaign_revision)
    campaign = catalog.revision_of(read(key).find(key))
    return campaign is not None and bool(campaign.rules.custom_fields)
