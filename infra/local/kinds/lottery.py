"""The lottery (抽奖团): everyone pays; once the group is complete, so many are drawn who get the
goods, and the others have their money back.

The winners are worked out a second time here, from what the API publishes, with nothing but the
standard library: anyone can.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    TWICE,
    Play,
    expect,
    joins,
    pays,
    put_campaign,
)
from infra.local.shopper import Shopper, wait_until

LEADER, FRIENDS = "小蒋", ("小沈", "小韩")

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-lottery",
    "title": "脐橙抽奖团",
    "play": "lottery",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {"draw": {"winners": 1, "scope": "group"}},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 990}],
}


def play(stage: Play) -> None:
    """The hash of the seed is public before anybody pays; the seed only after the draw."""
    campaign_id = put_campaign(stage, CAMPAIGN)
    leader = stage.members[LEADER].opens(campaign_id)
    published = draw_of(leader.shopper, leader.group_id)
    expect("the seed before the draw", None, published["seed"])
    stage.timeline.line(LEADER, "opens a group", "has not paid yet")
    stage.timeline.line(SHOP, f"seed_hash {published['seed_hash']}")
    leader.pays(times=TWICE).waits_for("paid")
    stage.timeline.line(LEADER, pays(leader))
    orders = [leader, *(joins(stage, name, leader) for name in FRIENDS)]
    seconds = wait_until(lambda: draw_of(leader.shopper, leader.group_id)["status"], "drawn", "it")
    draw = draw_of(leader.shopper, leader.group_id)
    stage.timeline.line(SHOP, f"complete, and drawn {seconds:.1f} s later", f"seed {draw['seed']}")
    anyone_can_check(stage, draw, published["seed_hash"])
    for order in orders:
        has_won = order.order_id in draw["winners"]
        order.waits_for("to_ship" if has_won else "refunded")
        back = f"has {yuan(order.amount_fen)} back"
        stage.timeline.line(order.shopper.name, "has won the goods: to_ship" if has_won else back)


def draw_of(anyone: Shopper, group_id: str) -> Mapping[str, Any]:
    """What is public of the group's draw."""
    path = f"/v1/groups/{group_id}/draw"
    content: Mapping[str, Any] = anyone.send("GET", path).expect(200, "the draw").content
    return content


def anyone_can_check(stage: Play, draw: Mapping[str, Any], seed_hash: str) -> None:
    """Raises `Unexpected` unless the seed is the one that was promised, and the winners are those
    that follow from it.
    """
    expect("the hash of the seed", seed_hash, sha256(draw["seed"]))
    expect("the winners", recomputed(draw), list(draw["winners"]))
    entries = f"{len(draw['entries'])} orders with WeChat's numbers of their payments"
    stage.timeline.line("anyone", "the seed has the hash", f"with {entries} it gives the winner")


def recomputed(draw: Mapping[str, Any]) -> list[str]:
    """The order ids of the winners, best first."""
    entries = draw["entries"]
    lines = sorted(f"{entry['order_id']} {entry['transaction_id']}" for entry in entries)
    digest = sha256("\n".join([draw["seed"], *lines]))
    ranked = sorted(entries, key=lambda entry: sha256(f"{digest} {entry['order_id']}"))
    return [entry["order_id"] for entry in ranked][: draw["winners_wanted"]]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


KIND = Kind("A lottery (抽奖团)", (LEADER, *FRIENDS), CAMPAIGN, play)
