"""Stories of balances that two operators put right: what comes of them is money like any other, and
the books balance.
"""

from chalicelib.ledger.close_day import close_days
from tests.shop import Member, Shop
from tests.withdrawals.words import paid, wallet

FREEZE_SECONDS = 3600
COMMISSION = {"rates_bp": [1000], "cap_bp": 3000, "freeze_seconds": FREEZE_SECONDS}


def puts_right(shop: Shop, member: Member, amount_fen: int) -> None:
    asked = shop.admin(
        "adjust_wallet",
        member_id=member.member_id,
        amount_fen=amount_fen,
        request_id=f"of{amount_fen}",
        operator="chen",
        reason="counted twice",
    )
    shop.admin(
        "confirm_adjustment",
        adjustment_id=asked["adjustment_id"],
        operator="wang",
        reason="seen",
    )


def test_what_is_given_can_be_taken_out_and_the_day_closes(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"minimum_fen": 10})
    lin = shop.member("Lin")
    shop.member("Ann").buys().pays()
    shop.settles()
    puts_right(shop, lin, 500)
    puts_right(shop, lin, -100)

    paid(lin, 400)

    assert wallet(lin) == {
        "pending_fen": 0,
        "available_fen": 0,
        "withdrawing_fen": 0,
        "withdrawn_fen": 400,
        "debt_fen": 0,
    }
    shop.assert_books_balance()
    shop.passes(2 * 24 * 3600)
    assert close_days(clock=shop.clock) != []
    (total,) = shop.rows("ledger", entry="total#corrections")
    assert (total["debits_posted_fen"], total["credits_posted_fen"]) == (500, 100)
    shop.assert_books_balance()


def test_what_is_given_pays_a_debt_first(shop: Shop) -> None:
    shop.admin("put_settings", commission=COMMISSION, withdrawal={"minimum_fen": 10})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    assert ann.visits(lin.shares())["bound"] is True
    order = ann.buys().pays()
    shop.settles()
    shop.ships(order)
    order.receives()
    shop.passes(FREEZE_SECONDS)
    shop.passes(61)
    paid(lin, 200)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=1000, reason="坏了")
    shop.settles()
    assert (wallet(lin)["available_fen"], wallet(lin)["debt_fen"]) == (0, 100)

    puts_right(shop, lin, 150)

    assert (wallet(lin)["available_fen"], wallet(lin)["debt_fen"]) == (50, 0)
    shop.assert_books_balance()


def test_a_withdrawal_and_a_correction_do_not_take_the_same_money(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"minimum_fen": 10, "review_above_fen": 50})
    lin = shop.member("Lin")
    puts_right(shop, lin, 500)
    body = {"amount_fen": 300}
    asked = lin.send("POST", "/v1/withdrawals", body, key="withdraw-0001")
    fields = {"member_id": lin.member_id, "amount_fen": -300, "request_id": "back"}

    refused = shop.tries_admin("adjust_wallet", **fields, operator="chen", reason="twice")
    shop.admin("reject_withdrawal", withdrawal_id=asked["withdrawal_id"])
    puts_right(shop, lin, -300)

    assert refused["error"]["code"] == "insufficient_balance"
    assert wallet(lin)["available_fen"] == 200
    shop.assert_books_balance()
