"""A group for newcomers (老带新): its leader may be an old customer, everyone else must never have
paid for anything.
"""

from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    TWICE,
    Play,
    expect,
    joins,
    opens,
    pays,
    put_campaign,
    wait_for_all,
)

LEADER, OLD, NEW, HASTY = "小李", "小冯", "小褚", "小卫"

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-newcomers",
    "title": "脐橙老带新",
    "play": "newcomers",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 1,
    "rules": {"who": "newcomers"},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 1990}],
}


def play(stage: Play) -> None:
    """An old customer leads, another is refused, and so is who is about to pay elsewhere."""
    for name in (LEADER, OLD):
        order = stage.members[name].buys().pays(times=TWICE)
        order.waits_for("to_ship")
        stage.timeline.line(name, "buys alone", pays(order), "no newcomer any more")
    leader = opens(stage, LEADER, put_campaign(stage, CAMPAIGN))
    is_refused(stage, OLD, leader.group_id, "has paid before")
    orders = [leader, joins(stage, NEW, leader)]
    elsewhere = stage.members[HASTY].buys()
    is_refused(stage, HASTY, leader.group_id, "is about to pay for something else")
    cancelled = elsewhere.cancels().expect(200, "cancelling")["status"]
    stage.timeline.line(HASTY, f"cancels the other order: {cancelled}")
    orders.append(joins(stage, HASTY, leader))
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"complete: all three orders are to_ship {seconds:.1f} s later")


def is_refused(stage: Play, name: str, group_id: str, why: str) -> None:
    reply = stage.members[name].tries_to_join(group_id).expect(409, f"{name}'s joining")
    expect(f"why {name} may not join", "newcomers_only", reply.code)
    stage.timeline.line(name, why, f"joining is refused: {reply.code} {reply['title']}")


KIND = Kind("A group for newcomers (老带新)", (LEADER, OLD, NEW, HASTY), CAMPAIGN, play)
