"""A crowd (超级团): heads are counted, on as many items as the rush takes. At its end it is
complete or all of it goes back, and the more have come, the less each pays.
"""

from functools import partial

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    SHOP,
    Play,
    at_once,
    expect,
    put_campaign,
    the_time_is_over,
    wait_for_all,
)
from infra.local.shopper import Purchase, Shopper

FIRST, LATE = "小奚", "小范"
CROWD = ("小彭", "小郎", "小鲁", "小韦", "小昌", "小马", "小苗", "小凤", "小花", "小方", "小俞")
SOON_SECONDS = 25
PRICE_FEN, REACHED_FEN = 2990, 2490

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-super",
    "title": "脐橙万人团",
    "play": "super",
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {
        "crowd": {"threshold": 8, "shards": 4},
        "tiers": [
            {"headcount": 8, "price_fen": 2990},
            {"headcount": 10, "price_fen": 2690},
            {"headcount": 12, "price_fen": 2490},
        ],
    },
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2990}],
}


def play(stage: Play) -> None:
    """Twelve come and pay, a thirteenth comes and does not."""
    campaign_id = put_campaign(stage, CAMPAIGN, duration_seconds=SOON_SECONDS)
    first = comes_and_pays(stage.members[FIRST], campaign_id)
    stage.timeline.line(FIRST, f"is the first to come, and pays {yuan(PRICE_FEN)}")
    again = stage.members[FIRST].tries_to_open(campaign_id).expect(409, "coming twice")
    stage.timeline.line(FIRST, f"tries to come once more: {again.code} {again['title']}")
    others = at_once(partial(comes_and_pays, stage.members[name], campaign_id) for name in CROWD)
    orders = [first, *others]
    expect("the crowds they came to", {first.group_id}, {order.group_id for order in orders})
    stage.timeline.line("eleven", "come at once, to the same crowd, and pay")
    late = stage.members[LATE].opens(campaign_id)
    stage.timeline.line(LATE, "comes, and has the cashier open")
    the_time_is_over(stage, first, "complete")
    late.waits_for("cancelled")
    stage.timeline.line(LATE, "has not paid in time: the order is cancelled")
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"four shards closed and summed: all to_ship {seconds:.1f} s later")
    for order in orders:
        order.waits_for_refunds("succeeded")
        back_fen = order.now()["refunded_fen"]
        expect(f"what {order.shopper.name} has back", PRICE_FEN - REACHED_FEN, back_fen)
    each = f"everybody has {yuan(PRICE_FEN - REACHED_FEN)} back"
    stage.timeline.line(SHOP, f"twelve came: {yuan(REACHED_FEN)} each", each)


def comes_and_pays(shopper: Shopper, campaign_id: str) -> Purchase:
    """Whoever opens a group comes to the crowd that is under way."""
    order = shopper.opens(campaign_id).pays()
    order.waits_for("paid")
    return order


KIND = Kind("A crowd (超级团)", (FIRST, *CROWD, LATE), CAMPAIGN, play)
