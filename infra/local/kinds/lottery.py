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
from infra.local.play import SHOP, TWICE, Play, expect, joins, pays, put_campaign
from infra.local.shopper import Purchase, wait_until

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
    announced = draw_of(leader)
    expect("the draw before it is held", ("announced", None), told_of(announced))
    stage.timeline.line(LEADER, "opens a group", "has not paid yet")
    stage.timeline.line(SHOP, f"seed_hash {announced['seed_hash']}")
    leader.pays(times=TWICE).waits_for("paid")
    stage.timeline.line(LEADER, pays(leader))
    orders = [leader, *(joins(stage, name, leader) for name in FRIENDS)]
    seconds = wait_until(lambda: draw_of(leader)["status"], "drawn", "the draw")
    draw = draw_of(leader)
    stage.timeline.line(SHOP, f"complete, and drawn {seconds:.1f} s later")
    stage.timeline.line(SHOP, f"seed {draw['seed']}")
    winners = worked_out_again(draw, announced["seed_hash"])
    what = f"{len(orders)} order ids, and WeChat's numbers of their payments"
    stage.timeline.line("anyone", f"works it out again from the seed, {what}", "the same winner")
    for order in orders:
        gets_what_was_drawn(stage, order, has_won=order.order_id in winners)


def draw_of(order: Purchase) -> Mapping[str, Any]:
    """The draw of the order's group, as its member sees it."""
    path = f"/v1/groups/{order.group_id}/draw"
    content: Mapping[str, Any] = order.shopper.send("GET", path).expect(200, "the draw").content
    return content


def told_of(draw: Mapping[str, Any]) -> tuple[str, str | None]:
    """How far it is, and whether its seed is told."""
    return draw["status"], draw["seed"]


def worked_out_again(draw: Mapping[str, Any], seed_hash: str) -> list[str]:
    """The order ids of the winners, best first. Raises `Unexpected` unless the seed is the one that
    was promised, and the winners that were published are those that follow from it.
    """
    expect("the hash of the seed", seed_hash, sha256(draw["seed"]))
    entries = sorted(draw["entries"], key=lambda entry: entry["order_id"])
    lines = [f"{entry['order_id']} {entry['transaction_id']}" for entry in entries]
    digest = sha256("\n".join([draw["seed"], *lines]))
    can_win = [entry["order_id"] for entry in entries if not entry["passed_over"]]
    ranked = sorted(can_win, key=lambda order_id: sha256(f"{digest} {order_id}"))
    winners = ranked[: draw["winners_wanted"]]
    expect("the winners", winners, draw["winners"])
    return winners


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def gets_what_was_drawn(stage: Play, order: Purchase, *, has_won: bool) -> None:
    """Goods or money, and both the member and we say the same."""
    name = order.shopper.name
    expect(f"whether {name} is told to have won", has_won, draw_of(order)["won"])
    order.waits_for("to_ship" if has_won else "refunded")
    back = f"has {yuan(order.amount_fen)} back"
    stage.timeline.line(name, "has won: the order is to_ship" if has_won else back)


KIND = Kind("A lottery (抽奖团)", (LEADER, *FRIENDS), CAMPAIGN, play)
