"""A group that was not filled is honoured (凑不满也成团) from so many who have really paid; below
that it fails, and everyone has the money back.
"""

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    Play,
    joins,
    opens,
    put_campaign,
    the_time_is_over,
    wait_for_all,
)

LEADER, FRIEND, ALONE = "小姜", "小戚", "小谢"
FEW_SECONDS = 8

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-honour",
    "title": "脐橙到点成团",
    "play": "honour",
    "size": 5,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {"when_short": "honour", "minimum_payers": 2},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2790}],
}


def play(stage: Play) -> None:
    """Two groups of five run out of time: two have paid in one, one in the other."""
    campaign_id = put_campaign(stage, CAMPAIGN, duration_seconds=FEW_SECONDS)
    leader = opens(stage, LEADER, campaign_id)
    orders = [leader, joins(stage, FRIEND, leader)]
    wait_for_all(orders, "paid")
    alone = opens(stage, ALONE, campaign_id)
    the_time_is_over(stage, leader, "complete")
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"honoured: both orders are to_ship {seconds:.1f} s later")
    the_time_is_over(stage, alone, "failed")
    alone.waits_for("refunded")
    stage.timeline.line(ALONE, f"has {yuan(alone.amount_fen)} back")


KIND = Kind("Honoured when short (凑不满也成团)", (LEADER, FRIEND, ALONE), CAMPAIGN, play)
