"""Goods made to order (定制团): members say what is to be made, and the complete group asks the
merchant, who accepts with a day to ship by, or rejects, and then everyone has the money back.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    OPERATOR,
    SHOP,
    TWICE,
    Play,
    expect,
    pays,
    put_campaign,
    wait_for_all,
)
from infra.local.seed import MERCHANT_ID
from infra.local.shopper import Purchase, Reply, wait_until

FIRST, SECOND = ("小唐", "小费"), ("小廉", "小岑")
CUP = "cup-350ml"
REFUSED_BY_WECHAT = "违规"
WHY = {"operator": "Mei", "reason": "what the kiln can take"}
DAYS_TO_MAKE = 20

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "cups-custom",
    "title": "刻字马克杯",
    "play": "custom",
    "size": 2,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {
        "custom_fields": [
            {"name": "engraving", "label": "刻字", "max_length": 8},
            {"name": "colour", "label": "颜色", "options": ["白", "青"]},
        ]
    },
    "skus": [{"sku_id": "cup-350ml", "group_price_fen": 4900}],
}


def play(stage: Play) -> None:
    """One group's cups are made, the other's are not."""
    put_cup(stage)
    campaign_id = put_campaign(stage, CAMPAIGN)
    is_refused(stage, campaign_id)
    leader = opens_with_a_wish(stage, FIRST[0], campaign_id, "小满", "青")
    accepts(stage, [leader, joins_with_a_wish(stage, FIRST[1], leader, "平安", "白")])
    leader = opens_with_a_wish(stage, SECOND[0], campaign_id, "岁岁", "白")
    rejects(stage, [leader, joins_with_a_wish(stage, SECOND[1], leader, "年年", "青")])


def put_cup(stage: Play) -> None:
    """Something that can be engraved; nothing of it has to be in stock."""
    sku = {"sku_id": CUP, "title": "350 毫升", "solo_price_fen": 6900, "stock": 0}
    stage.stack.admin(
        "put_product",
        product_id="cup",
        merchant_id=MERCHANT_ID,
        title="景德镇马克杯",
        skus=[sku],
    )


def is_refused(stage: Play, campaign_id: str) -> None:
    """What is too long for the cup, of another colour, or not fit to be read by others."""
    name = FIRST[0]
    for text, colour, status, code in (
        ("一个很长很长的名字", "青", 422, "invalid_request"),
        ("小满", "金", 422, "invalid_request"),
        (REFUSED_BY_WECHAT, "青", 409, "content_refused"),
    ):
        reply = asks_for(stage, name, campaign_id, text, colour)
        expect(f"what {name} is answered", (status, code), (reply.status, reply.code))
        stage.timeline.line(name, f"wants {text} in {colour}: {reply.code}", reply["detail"])


def asks_for(stage: Play, name: str, campaign_id: str, text: str, colour: str) -> Reply:
    wanted = {"engraving": text, "colour": colour}
    return stage.members[name].tries_to_open(campaign_id, sku_id=CUP, custom_fields=wanted)


def opens_with_a_wish(stage: Play, name: str, campaign_id: str, text: str, colour: str) -> Purchase:
    """Opens a group, and says what is to be on the cup."""
    order = stage.members[name].placed(asks_for(stage, name, campaign_id, text, colour))
    order.pays(times=TWICE).waits_for("paid")
    stage.timeline.line(name, f"opens a group, {text} in {colour}", pays(order))
    return order


def joins_with_a_wish(stage: Play, name: str, leader: Purchase, text: str, colour: str) -> Purchase:
    """Joins it, with a wish of their own."""
    wanted = {"engraving": text, "colour": colour}
    order = stage.members[name].joins(leader.group_id, sku_id=CUP, custom_fields=wanted)
    order.pays(times=TWICE).waits_for("paid")
    stage.timeline.line(name, f"joins, {text} in {colour}", pays(order))
    return order


def asked(stage: Play, leader: Purchase) -> str:
    """The group is complete, and its merchant is asked for what its members said; their words."""
    admin, group_id = stage.stack.admin, leader.group_id
    wait_until(lambda: is_asked(stage, group_id), True, "the merchant to be asked")
    request = admin("get_production", group_id=group_id)
    words = [order["custom_fields"] for order in request["orders"]]
    return ", ".join(f"{each['engraving']} in {each['colour']}" for each in words)


def is_asked(stage: Play, group_id: str) -> bool:
    found = stage.stack.admin("list_productions")["items"]
    return group_id in {request["group_id"] for request in found}


def accepts(stage: Play, orders: list[Purchase]) -> None:
    """The goods are made, and their members know until when."""
    words = asked(stage, orders[0])
    stage.timeline.line(SHOP, f"complete: asks the merchant for {words}")
    expect("the orders", ["paid", "paid"], [order.status for order in orders])
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=DAYS_TO_MAKE)
    answer = {"decision": "accept", "ships_by": day.isoformat(), **WHY}
    stage.stack.admin("decide_production", group_id=orders[0].group_id, **answer)
    wait_for_all(orders, "to_ship")
    stage.timeline.line(OPERATOR, f"accepts, ships by {day:%Y-%m-%d}", "both orders are to_ship")
    for order in orders:
        look = partial(stage.wechat.reported_late, order.order_id)
        wait_until(look, True, "WeChat to know how late it ships")
    stage.timeline.line(SHOP, "tells WeChat that both ship late")


def rejects(stage: Play, orders: list[Purchase]) -> None:
    """The goods are not made, and all of the money goes back."""
    words = asked(stage, orders[0])
    stage.timeline.line(SHOP, f"complete: asks the merchant for {words}")
    stage.stack.admin("decide_production", group_id=orders[0].group_id, decision="reject", **WHY)
    wait_for_all(orders, "refunded")
    stage.timeline.line(OPERATOR, "rejects", f"both have {yuan(orders[0].amount_fen)} back")


KIND = Kind("Made to order (定制团)", (*FIRST, *SECOND), CAMPAIGN, play)
