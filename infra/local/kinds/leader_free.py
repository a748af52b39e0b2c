"""The leader's goods are free (团长免单): the payment goes back once the group is complete, at the
shop's expense, and the goods are shipped like everybody's.
"""

from functools import partial

from infra.local import parcels
from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    Play,
    balance_fen,
    expect,
    joins,
    opens,
    put_campaign,
    wait_for_all,
)
from infra.local.shopper import wait_until

LEADER, FRIENDS = "小杨", ("小朱", "小秦")

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-leader-free",
    "title": "脐橙团长免单",
    "play": "leader_free",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 1,
    "rules": {"leader": {"free": True}},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2690}],
}


def play(stage: Play) -> None:
    """The leader pays, gets it back, and is sent the goods."""
    spent_fen = balance_fen(stage, "marketing_expense")
    leader = opens(stage, LEADER, put_campaign(stage, CAMPAIGN))
    orders = [leader, *(joins(stage, name, leader) for name in FRIENDS)]
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"complete: all three orders are to_ship {seconds:.1f} s later")
    seconds = leader.waits_for_refunds("succeeded")
    back_fen = leader.now()["refunded_fen"]
    expect("what the leader has back", leader.amount_fen, back_fen)
    stage.timeline.line(LEADER, f"has {yuan(back_fen)} back {seconds:.1f} s later", leader.status)
    expect("the friends' refunds", [[], []], [order.now()["refunds"] for order in orders[1:]])
    parcels.arrive(stage, [leader])  # WeChat has no payment left whose shipment it could be told
    spent = partial(balance_fen, stage, "marketing_expense")
    wait_until(spent, spent_fen + back_fen, "the expense for marketing")
    stage.timeline.line(SHOP, f"books {yuan(back_fen)} as marketing")


KIND = Kind("The leader goes free (团长免单)", (LEADER, *FRIENDS), CAMPAIGN, play)
