"""The plain group (拼团): complete when every seat is paid, at the price it began with."""

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import SHOP, Play, expect, joins, opens, put_campaign, wait_for_all

LEADER, FRIENDS = "小赵", ("小钱", "小孙")
PRICE_FEN = 2490
DEARER = [{"sku_id": "oranges-5kg", "group_price_fen": 2790}]

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-team",
    "title": "脐橙三人团",
    "play": "team",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2490}],
}


def play(stage: Play) -> None:
    """The campaign gets dearer while the group runs; the group does not."""
    campaign_id = put_campaign(stage, CAMPAIGN)
    leader = opens(stage, LEADER, campaign_id)
    put_campaign(stage, CAMPAIGN, skus=DEARER)
    orders = [leader, *(joins(stage, name, leader) for name in FRIENDS)]
    expect("what everyone pays", [PRICE_FEN] * 3, [order.amount_fen for order in orders])
    stage.timeline.line(SHOP, f"the group began at {yuan(PRICE_FEN)}", "so it ends at that")
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"complete: all three orders are to_ship {seconds:.1f} s later")


KIND = Kind("A plain group (拼团)", (LEADER, *FRIENDS), CAMPAIGN, play)
