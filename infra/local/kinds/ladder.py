"""The ladder (阶梯团): the more come, the less each pays. Everyone pays the first tier's price, and
has the difference to the tier reached back.
"""

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    Play,
    expect,
    joins,
    opens,
    put_campaign,
    the_time_is_over,
    wait_for_all,
)

LEADER, FRIENDS = "小曹", ("小严", "小华")
FEW_SECONDS = 8

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-ladder",
    "title": "脐橙阶梯团",
    "play": "ladder",
    "size": 5,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {
        "tiers": [
            {"headcount": 2, "price_fen": 2990},
            {"headcount": 3, "price_fen": 2690},
            {"headcount": 5, "price_fen": 2290},
        ]
    },
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2990}],
}
DIFFERENCE_FEN = 300


def play(stage: Play) -> None:
    """Three of five come in time, which is the middle tier; one of them has bought two."""
    campaign_id = put_campaign(stage, CAMPAIGN, duration_seconds=FEW_SECONDS)
    leader = opens(stage, LEADER, campaign_id)
    first, second = FRIENDS
    orders = [leader, joins(stage, first, leader, quantity=2), joins(stage, second, leader)]
    wait_for_all(orders, "paid")
    the_time_is_over(stage, leader, "complete")
    wait_for_all(orders, "to_ship")
    for order, quantity in zip(orders, (1, 2, 1), strict=True):
        order.waits_for_refunds("succeeded")
        back_fen, status = order.now()["refunded_fen"], order.status
        name = order.shopper.name
        expect(f"what {name} has back", (DIFFERENCE_FEN * quantity, "to_ship"), (back_fen, status))
        stage.timeline.line(name, f"has {yuan(back_fen)} back", status)
    stage.timeline.line(SHOP, f"three came: {yuan(leader.amount_fen - DIFFERENCE_FEN)} each")


KIND = Kind("The ladder (阶梯团)", (LEADER, *FRIENDS), CAMPAIGN, play)
