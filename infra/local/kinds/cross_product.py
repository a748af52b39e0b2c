"""Several products in one group (跨产品拼团): each member picks one, heads are counted. Each
merchant ships what is theirs and sells it.
"""

from infra.local import parcels
from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import SHOP, Play, expect, joins, opens, put_campaign, wait_for_all
from infra.local.seed import MERCHANT_ID

LEADER, FRIEND = "小魏", "小陶"
TEA_HOUSE, TEA = "tea-house", "green-tea-250g"

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-and-tea",
    "title": "脐橙绿茶任选团",
    "play": "cross_product",
    "size": 2,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {"cross_product": True},
    "skus": [
        {"sku_id": "oranges-5kg", "group_price_fen": 2990},
        {"sku_id": "green-tea-250g", "group_price_fen": 4590},
    ],
}


def play(stage: Play) -> None:
    """One takes oranges, the other tea of another merchant; each merchant has a sale."""
    put_tea(stage)
    leader = opens(stage, LEADER, put_campaign(stage, CAMPAIGN))
    friend = joins(stage, FRIEND, leader, sku_id=TEA)
    orders = [leader, friend]
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"complete: both orders are to_ship {seconds:.1f} s later")
    parcels.arrive(stage, orders)
    parcels.settle(stage, orders)
    sold = [sale(stage, order.order_id) for order in orders]
    expect("the sales", [(MERCHANT_ID, 2990), (TEA_HOUSE, 4590)], sold)
    for merchant_id, settled_fen in sold:
        stage.timeline.line(SHOP, f"{merchant_id} has sold for {yuan(settled_fen)}")


def put_tea(stage: Play) -> None:
    """A second merchant, with another product."""
    admin = stage.stack.admin
    admin("put_merchant", merchant_id=TEA_HOUSE, name="云雾茶庄")
    sku = {"sku_id": TEA, "title": "250 克装", "solo_price_fen": 5990, "stock": 200}
    admin(
        "put_product",
        product_id="green-tea",
        merchant_id=TEA_HOUSE,
        title="高山绿茶",
        skus=[sku],
    )


def sale(stage: Play, order_id: str) -> tuple[str, int]:
    """Whose sale a settled order is, and of how much."""
    order = stage.stack.admin("get_order", order_id=order_id)
    return order["merchant_id"], order["settled_fen"]


KIND = Kind("Several products in one group (跨产品拼团)", (LEADER, FRIEND), CAMPAIGN, play)
