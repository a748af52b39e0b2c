"""A free-leader voucher (免单券): its member opens a group for which nothing is due, at the shop's
expense. The group forms at once, without a payment to wait for.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

from infra.local import parcels
from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    OPERATOR,
    SHOP,
    Play,
    balance_fen,
    expect,
    joins,
    put_campaign,
    wait_for_all,
)
from infra.local.shopper import Purchase, wait_until

LEADER, FRIENDS = "小施", ("小张", "小孔")
VOUCHER_ID = "mid-autumn-1"
PRICE_FEN = 2690

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-voucher",
    "title": "脐橙免单券开团",
    "play": "voucher",
    "size": 3,
    "duration_seconds": 86400,
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 5,
    "rules": {},
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2690}],
}


def play(stage: Play) -> None:
    """The voucher opens one group and no second; the merchant still has the whole sale."""
    spent_fen = balance_fen(stage, "marketing_expense")
    campaign_id = put_campaign(stage, CAMPAIGN)
    grant_voucher(stage, campaign_id)
    leader = opens_with_the_voucher(stage, campaign_id)
    again = stage.members[LEADER].tries_to_open(campaign_id, voucher_id=VOUCHER_ID)
    expect("the second use", (409, "voucher_not_valid"), (again.status, again.code))
    stage.timeline.line(LEADER, f"tries it once more: {again.code} {again['title']}")
    orders = [leader, *(joins(stage, name, leader) for name in FRIENDS)]
    seconds = wait_for_all(orders, "to_ship")
    stage.timeline.line(SHOP, f"complete: all three orders are to_ship {seconds:.1f} s later")
    parcels.arrive(stage, [leader])
    parcels.settle(stage, [leader])
    spent = partial(balance_fen, stage, "marketing_expense")
    wait_until(spent, spent_fen + PRICE_FEN, "the expense for marketing")
    stage.timeline.line(SHOP, f"settled: {yuan(PRICE_FEN)} from marketing to the merchant")


def grant_voucher(stage: Play, campaign_id: str) -> None:
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    stage.stack.admin(
        "grant_voucher",
        member_id=stage.members[LEADER].member_id,
        voucher_id=VOUCHER_ID,
        campaign_id=campaign_id,
        expires_at=expires_at.isoformat(),
    )
    stage.timeline.line(OPERATOR, f"grants {LEADER} the voucher {VOUCHER_ID}", "good for a day")


def opens_with_the_voucher(stage: Play, campaign_id: str) -> Purchase:
    order = stage.members[LEADER].opens(campaign_id, voucher_id=VOUCHER_ID)
    group = order.shopper.group(order.group_id)
    stands = (order.amount_fen, order.payment, group["status"], group["paid_count"])
    expect("what is due, how it is paid, and the group", (0, None, "forming", 1), stands)
    due = f"opens a group with it: {yuan(order.amount_fen)} due"
    stage.timeline.line(LEADER, due, f"the group is {group['status']} at once")
    return order


KIND = Kind("Opened with a voucher (免单券)", (LEADER, *FRIENDS), CAMPAIGN, play)
