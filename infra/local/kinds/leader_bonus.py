"""The leader earns a bonus (团长奖励) on what the others buy: announced when their orders may ship,
the leader's own once they have arrived and the time to send them back is over.
"""

from functools import partial

from infra.local import parcels
from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    Play,
    after_a_sweep,
    joins,
    opens,
    put_campaign,
    wait_for_all,
)
from infra.local.shopper import Shopper, wait_until

LEADER, FRIENDS = "小尤", ("小许", "小吕")
BONUS_FEN = 600

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-leader-bonus",
    "title": "脐橙团长奖励",
    "play": "leader_bonus",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {"leader": {"bonus_fen": 600}},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2690}],
}


def play(stage: Play) -> None:
    """The bonus is earned when the group completes, and paid once the friends have their goods."""
    leader = opens(stage, LEADER, put_campaign(stage, CAMPAIGN))
    friends = [joins(stage, name, leader) for name in FRIENDS]
    seconds = wait_for_all([leader, *friends], "to_ship")
    stage.timeline.line(SHOP, f"complete: all three orders are to_ship {seconds:.1f} s later")
    look = partial(in_the_wallet, leader.shopper)
    wait_until(look, (BONUS_FEN, 0), "what the leader is to earn")
    stage.timeline.line(LEADER, f"is to earn {yuan(BONUS_FEN)}", "half of it on each friend")
    parcels.arrive(stage, friends)
    seconds = wait_until(after_a_sweep(stage, look), (0, BONUS_FEN), "the leader's balance")
    stage.timeline.line(LEADER, f"has {yuan(BONUS_FEN)} to take out {seconds:.1f} s later")


def in_the_wallet(leader: Shopper) -> tuple[int, int]:
    """What is announced, and what is the leader's own."""
    wallet = leader.wallet()
    return wallet["pending_fen"], wallet["available_fen"]


KIND = Kind("The leader earns a bonus (团长奖励)", (LEADER, *FRIENDS), CAMPAIGN, play)
