"""A shop in the middle of its day for the fuzzing: two members who own one of everything.

Goes the way that members and operators go: HTTP, the sandbox, commands. Its goods and campaigns
are its own, and there are more of them than anybody can buy.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from infra.local.seed import ADDRESS, MERCHANT_ID, PRODUCT_ID
from infra.local.shopper import Purchase, Shopper, wait_until
from infra.local.stack import Stack

SKU_ID = "endless-oranges"
STATION_ID = "wild-gate"
TEMPLATE_ID = "template-wild"
PLAIN, DRAWN, MADE, FETCHED = "wild-plain", "wild-drawn", "wild-made", "wild-fetched"
UNITS = 5_000_000
EARNED_AT_LEAST_FEN = 100


@dataclass(frozen=True)
class Scene:
    """Who asks, the ids of what is there, by the names that requests use for them, and bodies that
    go through.
    """

    tokens: dict[str, str]
    ids: dict[str, list[str]]
    bodies: dict[str, list[dict[str, Any]]]


def set_scene(stack: Stack) -> Scene:
    """Takes some seconds: payments, a commission and refunds have to go their way."""
    _put_catalogue(stack)
    lin = Shopper(stack.endpoints, "wild-lin").signs_in()
    eve = Shopper(stack.endpoints, "wild-eve").signs_in()
    _put_station(stack, lin)
    earning = {"rates_bp": [2000], "freeze_seconds": 1}
    stack.admin("put_settings", commission=earning, most_unpaid_orders=50)
    try:
        belongings = [_belongings(stack, each) for each in (lin, eve)]
    finally:
        stack.admin("put_settings", commission={"rates_bp": [0]})
    ids = {
        "sku_id": [SKU_ID],
        "product_id": [PRODUCT_ID, "wild-goods"],
        "merchant_id": [MERCHANT_ID],
        "campaign_id": [PLAIN, DRAWN, MADE, FETCHED],
        "station_id": [STATION_ID],
        "target_id": [PLAIN, "wild-goods"],
    }
    for owned in belongings:
        for name, found in owned.items():
            ids[name] = [*ids.get(name, []), *found]
    return Scene({"lin": lin.token, "eve": eve.token}, ids, _good_bodies())


def _good_bodies() -> dict[str, list[dict[str, Any]]]:
    """A purchase in each way of buying, by operation."""
    goods = {"sku_id": SKU_ID, "quantity": 1}
    sent = {**goods, "address": ADDRESS}
    made = {**sent, "campaign_id": MADE, "custom_fields": {"engraving": "平安"}}
    fetched = {**goods, "campaign_id": FETCHED, "station_id": STATION_ID}
    return {
        "post_order": [sent, {**sent, "quantity": 2, "remark": "放门口"}],
        "post_group": [{**sent, "campaign_id": PLAIN}, made, fetched],
        "post_group_member": [sent],
        "post_quote": [goods, {**sent, "campaign_id": PLAIN}],
        "post_redemption": [{"pickup_code": "00000000"}],
    }


def _put_catalogue(stack: Stack) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    skus = [{"sku_id": SKU_ID, "title": "5 斤装", "solo_price_fen": 3990, "stock": UNITS}]
    stack.admin(
        "put_product",
        product_id="wild-goods",
        merchant_id=MERCHANT_ID,
        title="取之不尽的脐橙",
        skus=skus,
    )
    campaign: dict[str, Any] = {
        "title": "脐橙团",
        "size": 3,
        "duration_seconds": 24 * 3600,
        "starts_at": (now - timedelta(minutes=1)).isoformat(),
        "ends_at": (now + timedelta(days=2)).isoformat(),
        "skus": [{"sku_id": SKU_ID, "group_price_fen": 2990}],
    }
    stack.admin("put_campaign", campaign_id=PLAIN, rules={"leave_allowed": True}, **campaign)
    stack.admin("put_campaign", campaign_id=DRAWN, rules={"draw": {"winners": 1}}, **campaign)
    fields = {"custom_fields": [{"name": "engraving", "max_length": 20}]}
    stack.admin("put_campaign", campaign_id=MADE, rules=fields, **campaign)


def _put_station(stack: Stack, leader: Shopper) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    stack.admin(
        "put_station",
        station_id=STATION_ID,
        name="东门",
        address="科技园一路 1 号",
        leader_id=leader.member_id,
    )
    stack.admin(
        "put_campaign",
        campaign_id=FETCHED,
        title="自提团",
        size=3,
        duration_seconds=24 * 3600,
        starts_at=(now - timedelta(minutes=1)).isoformat(),
        ends_at=(now + timedelta(days=2)).isoformat(),
        rules={"stations": [STATION_ID]},
        skus=[{"sku_id": SKU_ID, "group_price_fen": 2790}],
    )


def _belongings(stack: Stack, owner: Shopper) -> dict[str, list[str]]:
    """One of everything of the owner's: an order in each state that lasts, a group that draws, a
    refund that waits for an operator, a voucher, a withdrawal, a share.
    """
    share_code = owner.shares("home")["share_code"]
    friend = Shopper(stack.endpoints, f"friend-of-{owner.name}").signs_in()
    friend.visits(share_code)
    voucher_id = f"voucher-of-{owner.name}"
    _grant(stack, owner, voucher_id)
    earning = _bought(friend).pays()
    paid, shipped = _bought(owner, quantity=2).pays(), _bought(owner).pays()
    leading = owner.opens(DRAWN, sku_id=SKU_ID).pays()
    unpaid = _bought(owner)
    for order in (earning, paid, shipped):
        order.waits_for("to_ship")
    leading.waits_for("paid")
    for order in (earning, shipped):
        stack.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no="SF1")
    earning.is_received().expect(200, "receipt")
    refund = paid.asks_refund(amount_fen=100).expect(201, "asking for a refund")
    looks = partial(_has_earned, stack, owner)
    wait_until(looks, True, f"what {owner.name} has earned")
    withdrawal = owner.withdraws(EARNED_AT_LEAST_FEN)
    return {
        "order_id": [order.order_id for order in (paid, shipped, leading, unpaid)],
        "group_id": [leading.group_id],
        "draw_id": [owner.group(leading.group_id)["draw"]["draw_id"]],
        "refund_id": [refund["refund_id"]],
        "withdrawal_id": [withdrawal.withdrawal_id],
        "voucher_id": [voucher_id],
        "share_code": [share_code],
    }


def _bought(shopper: Shopper, **changes: Any) -> Purchase:
    return shopper.buys(sku_id=SKU_ID, **changes)


def _grant(stack: Stack, owner: Shopper, voucher_id: str) -> None:
    stack.admin(
        "grant_voucher",
        member_id=owner.member_id,
        voucher_id=voucher_id,
        expires_at=(datetime.now(UTC) + timedelta(days=1)).isoformat(),
    )


def _has_earned(stack: Stack, owner: Shopper) -> bool:
    stack.admin("sweep")
    return bool(owner.wallet()["available_fen"] >= EARNED_AT_LEAST_FEN)
