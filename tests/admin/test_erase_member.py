"""An operator erases a member who has asked for it, by the rules of leaving."""

from functools import partial
from typing import Any

import pytest

from tests.in_process import just_before
from tests.shop import Member, Shop
from tests.withdrawals.words import earner


def erases(shop: Shop, member: Member, **fields: Any) -> Any:
    return shop.admin("erase_member", member_id=member.member_id, **fields)


def refused(shop: Shop, member_id: str) -> Any:
    """The code of what is refused and changes nothing, dry run or not."""
    before = shop.everything()
    answers = [
        shop.tries_admin("erase_member", member_id=member_id, dry_run=dry) for dry in (True, False)
    ]
    assert shop.everything() == before
    assert answers[0]["error"]["code"] == answers[1]["error"]["code"]
    return answers[0]["error"]["code"]


def test_the_person_goes_and_the_books_stay(shop: Shop) -> None:
    lin = shop.member("Lin")
    order = lin.buys(remark="放门口").pays()
    shop.settles()
    shop.admin("refund_order", order_id=order.order_id, reason="坏了")
    shop.settles()
    booked = shop.rows("ledger", about=order.order_id)

    rehearsed = erases(shop, lin, dry_run=True)
    assert len(shop.rows("members", member_id=lin.member_id)) == 2
    first = erases(shop, lin)
    again = erases(shop, lin)

    answer = {"member_id": lin.member_id, "outcome": "erased", "dry_run": False}
    assert first == answer
    assert rehearsed == {**answer, "dry_run": True}
    assert again == {**answer, "outcome": "unchanged"}
    assert shop.rows("members", member_id=lin.member_id) == []
    assert shop.rows("identities", member_id=lin.member_id) == []
    (kept,) = shop.rows("orders", order_id=order.order_id)
    assert (kept.get("address"), kept.get("remark"), kept["openid"]) == ({}, None, "erased")
    assert (kept["paid_fen"], kept["refunded_fen"]) == (2000, 2000)
    assert shop.rows("ledger", about=order.order_id) == booked
    assert lin.send("GET", "/v1/orders").status == 200
    assert lin.tries_to_buy().code == "not_signed_in"
    shop.assert_books_balance()


def test_who_was_erased_signs_in_as_somebody_new(shop: Shop) -> None:
    lin = shop.member("Lin")
    erases(shop, lin)

    assert shop.member("Lin").member_id != lin.member_id


def test_one_who_is_blocked_can_be_erased_by_an_operator_only(shop: Shop) -> None:
    lin = shop.member("Lin")
    shop.admin("block_member", member_id=lin.member_id, blocked=True, reason="why")
    assert lin.send("DELETE", "/v1/me").code == "account_blocked"

    assert erases(shop, lin)["outcome"] == "erased"

    assert shop.rows("members") == []


def test_nobody_goes_in_the_middle_of_an_order(shop: Shop) -> None:
    lin = shop.member("Lin")
    lin.buys().pays()
    shop.settles()

    assert refused(shop, lin.member_id) == "account_in_use"


@pytest.mark.parametrize("amount_fen", [1, 5_000])
def test_nobody_goes_with_money_of_theirs_here(shop: Shop, amount_fen: int) -> None:
    assert refused(shop, earner(shop, earned_fen=amount_fen).member_id) == "account_in_use"


def test_nobody_is_not_found(shop: Shop) -> None:
    assert refused(shop, "mem_nobody") == "not_found"


def test_an_order_placed_meanwhile_keeps_them(shop: Shop) -> None:
    lin = shop.member("Lin")

    with just_before("UpdateItem", lin.buys):
        answer = shop.tries_admin("erase_member", member_id=lin.member_id)

    assert answer["error"]["code"] == "account_in_use"
    assert lin.tries_to_buy().status == 201


def test_two_operators_at_once_erase_once(shop: Shop) -> None:
    lin = shop.member("Lin")

    with just_before("TransactWriteItems", partial(erases, shop, lin)):
        slower = erases(shop, lin)

    assert slower["outcome"] == "unchanged"
    assert shop.rows("members") == []
