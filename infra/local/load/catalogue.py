"""What is on sale while the stack is under load: times so short that everything ends by itself
within the run, and one product that runs out.

Must never write to a table: it sends the commands that an operator would send.
"""

from infra.local.play import window_around_now
from infra.local.seed import MERCHANT_ID, NOTICES
from infra.local.stack import Stack

PAY_WINDOW_SECONDS = 8
GROUP_SECONDS = 12
FREEZE_SECONDS = 1
COMMISSION_BP = 1000
PLENTY, SCARCE = "pears-5kg", "truffles-100g"
PLENTY_UNITS, SCARCE_UNITS = 1_000_000, 60
SIZES = {"pears-for-two": 2, "pears-for-three": 3, "pears-for-five": 5}
"""The campaigns, each with how many make a group of it."""


def put_catalogue(stack: Stack) -> None:
    """Two products, three campaigns, and settings that let nobody wait long."""
    stack.admin(
        "put_settings",
        pay_window_seconds=PAY_WINDOW_SECONDS,
        commission={"rates_bp": [COMMISSION_BP], "freeze_seconds": FREEZE_SECONDS},
        withdrawal={"daily_count": 1000, "daily_fen": 10_000_000},
        notices=NOTICES,
    )
    stack.admin("put_merchant", merchant_id=MERCHANT_ID, name="青山果园")
    for sku_id, title, units, price_fen in (
        (PLENTY, "秋月梨", PLENTY_UNITS, 3990),
        (SCARCE, "黑松露", SCARCE_UNITS, 19900),
    ):
        stack.admin(
            "put_product",
            product_id=sku_id.partition("-")[0],
            merchant_id=MERCHANT_ID,
            title=title,
            skus=[{"sku_id": sku_id, "title": "一份", "solo_price_fen": price_fen, "stock": units}],
        )
    for campaign_id, size in SIZES.items():
        stack.admin(
            "put_campaign",
            campaign_id=campaign_id,
            title=f"秋月梨{size}人团",
            play="team",
            size=size,
            duration_seconds=GROUP_SECONDS,
            **window_around_now(),
            rules={"leave_allowed": True},
            skus=[{"sku_id": PLENTY, "group_price_fen": 2490}],
        )
