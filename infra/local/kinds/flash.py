"""A flash sale (秒杀团): units of its own on several shards, for all who come in the same second.
What is sold never exceeds them, and a quantity larger than a shard still sells.
"""

import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    OPERATOR,
    SHOP,
    Play,
    at_once,
    expect,
    joins,
    opens,
    put_campaign,
    wait_for_all,
)
from infra.local.seed import PRODUCT_ID, SKU_ID
from infra.local.shopper import Purchase, Reply, Shopper, Unexpected

LEADERS, GREEDY = ("小邹", "小喻", "小柏", "小水", "小窦"), "小章"
FRIENDS = ("小云", "小苏", "小潘", "小葛")
MORE_THAN_A_SHARD = 4
TRY_AGAIN = 503
WHY = {"operator": "Mei", "reason": "nobody else has come"}

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-flash",
    "title": "脐橙整点秒杀",
    "play": "flash",
    "size": 2,
    "duration_seconds": 1800,
    "starts_at": "2027-01-01T12:00:00+08:00",
    "ends_at": "2027-01-01T13:00:00+08:00",
    "per_member_limit": 5,
    "rules": {"allotment": {"shards": 4}},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 1990, "allotted_units": 12}],
}


def play(stage: Play) -> None:
    """Five groups want a second member each, and after the one who takes four there are three units
    left for four of them.
    """
    units = units_left(stage)
    campaign_id = put_campaign(stage, CAMPAIGN)
    expect("what everybody else can buy", units - 12, units_left(stage))
    stage.timeline.line(SHOP, f"sets 12 of {units} units aside", "3 on each of 4 shards")
    leaders = at_once(partial(opens_and_pays, stage.members[name], campaign_id) for name in LEADERS)
    stage.timeline.line("five", f"open a group each, all at once, and pay {yuan(1990)}")
    greedy = joins(stage, GREEDY, leaders[0], quantity=MORE_THAN_A_SHARD)
    stage.timeline.line(SHOP, "moves units together: no shard had four of them")
    friends = race(stage, leaders[1:])
    complete = [order for order in leaders if order.group_id in {one.group_id for one in friends}]
    seconds = wait_for_all([leaders[0], greedy, *complete, *friends], "to_ship")
    stage.timeline.line(SHOP, f"four groups are complete {seconds:.1f} s later", "11 units")
    (alone,) = [order for order in leaders[1:] if order not in complete]
    stage.stack.admin("cancel_group", group_id=alone.group_id, **WHY)
    alone.waits_for("refunded")
    stage.timeline.line(OPERATOR, "cancels the group that nobody joined", f"{yuan(1990)} go back")
    (refused,) = set(FRIENDS) - {order.shopper.name for order in friends}
    opens(stage, refused, campaign_id)
    again = stage.members[GREEDY].tries_to_open(campaign_id).expect(409, "buying one more")
    expect("why nobody can buy one more", "out_of_stock", again.code)
    stage.timeline.line(GREEDY, f"wants one more: {again.code} {again['title']}")
    expect("what everybody else can buy", units - 12, units_left(stage))
    stage.timeline.line(SHOP, f"sold 12 of 12, and none of the other {units - 12}")


def opens_and_pays(shopper: Shopper, campaign_id: str) -> Purchase:
    order = shopper.placed(until_answered(partial(shopper.tries_to_open, campaign_id))).pays()
    order.waits_for("paid")
    return order


def until_answered(ask: Callable[..., Reply]) -> Reply:
    """The answer; while it is "try again", asked again under the same key."""
    key = uuid.uuid4().hex
    while (reply := ask(key=key)).status == TRY_AGAIN:
        continue
    return reply


def race(stage: Play, leaders: list[Purchase]) -> list[Purchase]:
    """Each friend joins another group in the same second; one finds nothing left."""
    pairs = list(zip(FRIENDS, leaders, strict=True))
    replies = at_once(
        partial(until_answered, partial(stage.members[name].tries_to_join, leader.group_id))
        for name, leader in pairs
    )
    answers = Counter(str(reply.code or reply.status) for reply in replies)
    expect("what the four are answered", {"201": 3, "out_of_stock": 1}, dict(answers))
    for (name, _), reply in zip(pairs, replies, strict=True):
        if reply.code is not None:
            stage.timeline.line(name, f"joining is refused: {reply.code} {reply['title']}")
    in_time = [
        stage.members[name].placed(reply).pays()
        for (name, _), reply in zip(pairs, replies, strict=True)
        if reply.code is None
    ]
    names = ", ".join(order.shopper.name for order in in_time)
    stage.timeline.line("three", f"join in the same second, and pay {yuan(1990)}: {names}")
    return in_time


def units_left(stage: Play) -> int:
    """What can be bought outside the sale."""
    anyone = stage.members[GREEDY]
    reply = anyone.send("GET", f"/v1/products/{PRODUCT_ID}").expect(200, "the product")
    for sku in reply["skus"]:
        if sku["sku_id"] == SKU_ID:
            return int(sku["available"])
    raise Unexpected(f"the SKU {SKU_ID}", reply.content)


KIND = Kind("A flash sale (秒杀团)", (*LEADERS, GREEDY, *FRIENDS), CAMPAIGN, play)
