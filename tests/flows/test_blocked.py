"""Stories of members who are blocked: what is paid goes on, what they earn is held, and the books
balance.
"""

from tests.shop import Member, Shop
from tests.withdrawals.words import asks, paid, wallet

FREEZE_SECONDS = 3600
COMMISSION = {"rates_bp": [1000], "cap_bp": 3000, "freeze_seconds": FREEZE_SECONDS}


def blocks(shop: Shop, member: Member, *, blocked: bool = True) -> None:
    shop.admin("block_member", member_id=member.member_id, blocked=blocked, reason="why")


def test_a_blocked_leader_s_group_completes_and_its_goods_arrive(shop: Shop) -> None:
    lin, ann = shop.member("Lin"), shop.member("Ann")
    led = lin.opens().pays()
    blocks(shop, lin)

    joined = ann.joins(led.group_id).pays()
    shop.settles()
    for order in (led, joined):
        assert order.status == "to_ship"
        shop.ships(order)
        order.receives()

    assert (led.status, joined.status) == ("received", "received")
    assert lin.tries_to_open().code == "account_blocked"
    shop.assert_books_balance()


def test_a_blocked_member_s_money_comes_back_when_the_group_fails(shop: Shop) -> None:
    lin = shop.member("Lin")
    led = lin.opens().pays()
    blocks(shop, lin)

    shop.passes(3600)

    assert led.status == "refunded"
    assert shop.sandbox.totals()["refunded_fen"] == 1500
    shop.assert_books_balance()


def test_a_blocked_member_may_pay_cancel_and_ask_for_a_refund_of_what_was_placed(
    shop: Shop,
) -> None:
    lin = shop.member("Lin")
    to_pay, to_cancel = lin.buys(), lin.buys()
    blocks(shop, lin)

    assert lin.send("POST", f"/v1/orders/{to_pay.order_id}/payment").status == 200
    to_pay.pays()
    assert to_cancel.cancels()["status"] == "cancelled"
    shop.settles()
    assert to_pay.asks_refund().status == 201
    shop.settles()

    assert to_pay.status == "refunded"
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_what_a_blocked_member_earns_is_theirs_and_cannot_be_taken_out(shop: Shop) -> None:
    shop.admin("put_settings", commission=COMMISSION, withdrawal={"minimum_fen": 10})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    assert ann.visits(lin.shares())["bound"] is True
    order = ann.buys().pays()
    shop.settles()
    blocks(shop, lin)
    later = ann.buys().pays()
    shop.settles()
    for each in (order, later):
        shop.ships(each)
        each.receives()
    shop.passes(FREEZE_SECONDS)
    shop.passes(61)

    assert wallet(lin)["available_fen"] == 400
    assert asks(lin, 400).code == "account_blocked"
    shop.assert_books_balance()

    blocks(shop, lin, blocked=False)
    paid(lin, 400)
    assert wallet(lin)["withdrawn_fen"] == 400
    shop.assert_books_balance()
