"""A shop in which every kind of row there is has been written, and all is at rest."""

from chalicelib.ledger.close_day import close_days
from tests.crowds import paid, super_campaign
from tests.flash import flash
from tests.shop import Member, Placed, Shop
from tests.vouchers.words import granted

FREEZE_SECONDS = 3600
COMMISSION = {"rates_bp": [1000], "cap_bp": 3000, "freeze_seconds": FREEZE_SECONDS}
DAY_SECONDS = 24 * 3600


def writes_everything(shop: Shop) -> None:
    """Groups that fill and fail, a draw, a crowd, a flash sale, a voucher; refunds, commission, a
    withdrawal, a balance put right, and a day that is closed.
    """
    shop.admin("put_settings", commission=COMMISSION, withdrawal={"minimum_fen": 10})
    near, buyer = shop.member("Near"), shop.member("Cy")
    assert buyer.visits(near.shares()).status == 200
    settled = _settled(shop, buyer)
    _withdraws(shop, near, 100)
    shop.admin("refund_order", order_id=settled.order_id, amount_fen=7, reason="坏了")
    shop.campaign("lots", rules={"draw": {"winners": 1}}, ends_at=shop.at(9 * DAY_SECONDS))
    super_campaign(shop, threshold=2)
    flash(shop, 9, shards=3)
    granted(shop, "Vi").opens("autumn", voucher_id="v1")
    shop.member("Di").opens().pays()
    drawn = shop.member("Lin").opens("lots").pays()
    shop.member("Ann").joins(drawn.group_id).pays()
    sold = shop.member("Bo").opens("flash", quantity=2).pays()
    shop.member("Ed").joins(sold.group_id).pays()
    paid(shop, 3)
    shop.settles()
    shop.passes(600)
    shop.passes(3600)
    shop.passes(61)
    shop.passes(DAY_SECONDS)
    shop.passes(61)
    assert close_days(clock=shop.clock)
    _puts_right(shop, near)
    shop.member("Late").buys().pays()
    shop.settles()
    shop.passes(61)
    shop.member("Held").buys()
    shop.assert_audit_is_clean()


def _settled(shop: Shop, buyer: Member) -> Placed:
    order = buyer.buys().pays()
    shop.settles()
    shop.ships(order)
    order.receives()
    shop.passes(FREEZE_SECONDS)
    shop.passes(61)
    assert order.status == "settled"
    return order


def _withdraws(shop: Shop, member: Member, amount_fen: int) -> None:
    body = {"amount_fen": amount_fen}
    reply = member.send("POST", "/v1/withdrawals", body, key=member.next_key())
    assert reply.status == 201, reply
    shop.settles()
    withdrawal_id = str(reply["withdrawal_id"])
    transfer = member.send("GET", f"/v1/withdrawals/{withdrawal_id}")["transfer"]
    shop.sandbox.confirm_transfer(member.name, transfer["package"])
    shop.settles()


def _puts_right(shop: Shop, member: Member) -> None:
    """One adjustment that is confirmed, and one that waits."""
    asked = [
        shop.admin("adjust_wallet", member_id=member.member_id, amount_fen=5, request_id=each)
        for each in ("one", "two")
    ]
    shop.admin("confirm_adjustment", adjustment_id=asked[0]["adjustment_id"], operator="wang")
