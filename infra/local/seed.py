"""A small catalogue for a stack that is kept up: one merchant, one product, one campaign.

Must never write to a table: it sends the commands that an operator would send.
"""

from datetime import UTC, datetime, timedelta

from infra.local.stack import Stack

MERCHANT_ID = "orchard"
PRODUCT_ID = "oranges"
SKU_ID = "oranges-5kg"
CAMPAIGN_ID = "oranges-for-two"
CAMPAIGN_DAYS = 7
ADDRESS = {
    "recipient": "林小姐",
    "phone": "13800000000",
    "province": "广东省",
    "city": "深圳市",
    "county": "南山区",
    "detail": "科技园一路 1 号",
}


NOTICES = {
    kind: {
        "template_id": f"template-{kind.replace('_', '-')}",
        "fields": {"thing1": "title", "amount2": "amount", "phrase3": "status", "time4": "time"},
    }
    for kind in (
        "group_complete",
        "group_failed",
        "refund_paid",
        "commission_earned",
        "withdrawal_to_confirm",
    )
}
"""One template for each thing that members are told of."""


def seed_catalogue(stack: Stack) -> None:
    """Puts the catalogue; a group of two is open to everyone for a week from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    stack.admin("put_settings", notices=NOTICES)
    stack.admin("put_merchant", merchant_id=MERCHANT_ID, name="青山果园")
    stack.admin(
        "put_product",
        product_id=PRODUCT_ID,
        merchant_id=MERCHANT_ID,
        title="赣南脐橙",
        skus=[{"sku_id": SKU_ID, "title": "5 斤装", "solo_price_fen": 3990, "stock": 200}],
    )
    stack.admin(
        "put_campaign",
        campaign_id=CAMPAIGN_ID,
        title="脐橙两人团",
        play="team",
        size=2,
        duration_seconds=24 * 3600,
        starts_at=_text(now - timedelta(minutes=1)),
        ends_at=_text(now + timedelta(days=CAMPAIGN_DAYS)),
        per_member_limit=5,
        rules={},
        skus=[{"sku_id": SKU_ID, "group_price_fen": 2990}],
    )


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
