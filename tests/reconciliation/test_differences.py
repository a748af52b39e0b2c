"""Each kind of difference between WeChat's bills and our books: made, found, named, and told of."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.reconciliation.model import Kind
from tests.reconciliation.words import (
    DAY,
    HOUR,
    NEXT_DAY,
    TO_MIDNIGHT,
    assert_agrees,
    days_before_are_closed,
    morning_after,
    runs,
    sells,
    the_difference,
    write_row,
)
from tests.shop import Placed, Shop
from tests.withdrawals.words import asked, confirms, earner, paid

TRANSFER_PATH = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/"


def refunded(shop: Shop, **changes: Any) -> tuple[Placed, str]:
    """An order that was refunded whole, and WeChat's number for that."""
    order = sells(shop, **changes)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    assert order.status == "refunded"
    return order, f"{refund_id}_1"


def paid_around_midnight(shop: Shop) -> str:
    """A withdrawal that was asked for before midnight, and paid, here and at WeChat, after it."""
    member = earner(shop)
    shop.advance(TO_MIDNIGHT - 60)
    withdrawal_id = asked(member)
    shop.settles()
    shop.advance(120)
    confirms(member, withdrawal_id)
    shop.settles()
    return withdrawal_id


def compared_in_the_morning(shop: Shop) -> None:
    morning_after(shop)
    assert runs(shop) == [DAY]


def test_payment_unknown_here(shop: Shop) -> None:
    sells(shop)
    shop.sandbox.add_to_bills("payment", 700, number="ord_of_nobody")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_unknown_here", "ord_of_nobody")

    assert (facts["amount_fen"], facts["happened_at"]) == (700, "2026-11-22T12:00:00Z")
    assert len(facts["transaction_id"]) == 28


def test_payment_unknown_here_of_an_order_that_is_not_paid_here(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    shop.wechat_misses_closing(order)
    order.pays(times=0)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_unknown_here", order.order_id)

    assert (facts["order_state"], facts["our_transaction_id"]) == ("cancelled", "")


def test_payment_unknown_here_of_an_order_that_another_payment_paid(shop: Shop) -> None:
    order = sells(shop)
    shop.sandbox.add_to_bills("payment", 2000, number=order.order_id)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_unknown_here", order.order_id)

    assert facts["order_state"] == "to_ship"
    assert facts["our_transaction_id"] == order.now()["wechat"]["transaction_id"]


def test_payment_not_in_bill(shop: Shop) -> None:
    sells(shop, "Ann")
    order = sells(shop)
    shop.sandbox.leave_out_of_bills(order.order_id)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_not_in_bill", order.order_id)

    assert facts == {"amount_fen": 2000, "trade_state": "SUCCESS"}


def test_payment_not_in_bill_that_wechat_knows_nothing_of(shop: Shop) -> None:
    ledger.post(recipes.payment("ord_of_ours", 300, now=shop.clock.now()))
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_not_in_bill", "ord_of_ours")

    assert facts == {"amount_fen": 300, "trade_state": ""}


def test_payment_amount_differs(shop: Shop) -> None:
    order = sells(shop)
    shop.sandbox.change_in_bills(order.order_id, 1999)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "payment_amount_differs", order.order_id)

    assert (facts["amount_fen"], facts["our_amount_fen"]) == (1999, 2000)


def test_refund_unknown_here(shop: Shop) -> None:
    order = sells(shop)
    shop.sandbox.add_to_bills("refund", 700, number="by-hand-1")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_unknown_here", "by-hand-1")

    assert (facts["amount_fen"], facts["refund_status"]) == (700, "SUCCESS")
    assert order.status == "to_ship"


def test_refund_unknown_here_under_a_number_that_looks_like_ours(shop: Shop) -> None:
    _, number = refunded(shop)
    later = f"{number[:-2]}_2"
    shop.sandbox.add_to_bills("refund", 2000, number=later)
    compared_in_the_morning(shop)

    the_difference(shop, "refund_unknown_here", later)


def test_refund_not_in_bill(shop: Shop) -> None:
    order, number = refunded(shop)
    shop.sandbox.leave_out_of_bills(number)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_not_in_bill", number[:-2])

    assert facts == {
        "amount_fen": 2000,
        "order_id": order.order_id,
        "out_refund_no": number,
        "refund_status": "SUCCESS",
    }


def test_refund_not_in_bill_that_none_of_our_refunds_made(shop: Shop) -> None:
    order = sells(shop)
    posted = recipes.refund(order.order_id, "rfd_gone", 70, by_hand=False, now=shop.clock.now())
    ledger.post(posted)
    compared_in_the_morning(shop)

    entry = f"transfer#{posted.transfer_id}"
    facts = the_difference(shop, "refund_not_in_bill", entry)

    assert facts == {"amount_fen": 70, "order_id": order.order_id}


def test_refund_amount_differs(shop: Shop) -> None:
    _, number = refunded(shop)
    shop.sandbox.change_in_bills(number, 1)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_amount_differs", number[:-2])

    assert (facts["amount_fen"], facts["our_amount_fen"]) == (1, 2000)


def test_refund_state_differs_when_wechat_has_paid_what_is_closed_here(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    order = sells(shop)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "success", {"times": 0})
    write_row(shop, "refunds", {"refund_id": refund_id}, "refund_state", "closed")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_state_differs", refund_id)

    assert (facts["refund_status"], facts["our_state"]) == ("SUCCESS", "closed")


def test_refund_state_differs_when_wechat_has_closed_what_succeeded_here(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    order = sells(shop)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "closed", {"times": 0})
    write_row(shop, "refunds", {"refund_id": refund_id}, "refund_state", "succeeded")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_state_differs", refund_id)

    assert (facts["refund_status"], facts["our_state"]) == ("FAIL", "succeeded")


def test_refund_state_differs_when_wechat_has_paid_what_was_paid_by_hand(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    order = sells(shop)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "abnormal")
    shop.settles()
    shop.admin("resolve_abnormal_refund", refund_id=refund_id, resolution="paid_by_hand")
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "success", {"times": 0})
    compared_in_the_morning(shop)

    facts = the_difference(shop, "refund_state_differs", refund_id)

    assert (facts["refund_status"], facts["our_state"]) == ("SUCCESS", "succeeded")


def test_transfer_unknown_here(shop: Shop) -> None:
    shop.sandbox.add_to_bills("transfer", 700, number="wd1")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "transfer_unknown_here", "wd1")

    assert (facts["amount_fen"], facts["business_type"]) == (700, "商家转账")


def test_transfer_not_in_bill(shop: Shop) -> None:
    withdrawal_id = paid(earner(shop))
    shop.sandbox.leave_out_of_bills(withdrawal_id)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "transfer_not_in_bill", withdrawal_id)

    assert facts == {"amount_fen": 2000, "transfer_state": "SUCCESS"}


def test_transfer_not_in_bill_that_wechat_knows_nothing_of_though_it_still_should(
    shop: Shop,
) -> None:
    """That our own times span two days proves nothing while WeChat remembers."""
    withdrawal_id = paid_around_midnight(shop)
    shop.sandbox.leave_out_of_bills(withdrawal_id)
    shop.advance(34 * HOUR)

    with shop.wechat_refuses(TRANSFER_PATH + withdrawal_id, 404):
        assert runs(shop) == [DAY, NEXT_DAY]

    facts = the_difference(shop, "transfer_not_in_bill", withdrawal_id, NEXT_DAY)
    assert facts == {"amount_fen": 2000, "transfer_state": ""}


def test_a_transfer_around_midnight_that_wechat_has_forgotten_is_no_difference(shop: Shop) -> None:
    paid_around_midnight(shop)
    shop.advance(32 * 24 * HOUR)
    days_before_are_closed(30, "2026-12-25")

    assert runs(shop)[:2] == [DAY, NEXT_DAY]

    assert_agrees(shop)
    assert assert_agrees(shop, NEXT_DAY)["booked"]["credits_fen"] == 2000


def test_a_transfer_that_ended_unpaid_and_that_wechat_has_forgotten_is_no_difference(
    shop: Shop,
) -> None:
    member = earner(shop)
    withdrawal_id = asked(member)
    shop.settles()
    confirms(member, withdrawal_id, notify={"times": 0})
    shop.sandbox.pump()
    key = {"withdrawal_id": withdrawal_id, "kind": "withdrawal"}
    write_row(shop, "withdrawals", key, "withdrawal_state", "failed")
    shop.advance(32 * 24 * HOUR)
    days_before_are_closed(31, "2026-12-25")

    assert runs(shop)[0] == DAY

    assert_agrees(shop)


def test_transfer_amount_differs(shop: Shop) -> None:
    withdrawal_id = paid(earner(shop))
    shop.sandbox.change_in_bills(withdrawal_id, 1)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "transfer_amount_differs", withdrawal_id)

    assert (facts["amount_fen"], facts["our_amount_fen"]) == (1, 2000)


def test_transfer_state_differs_when_wechat_has_paid_what_ended_unpaid_here(shop: Shop) -> None:
    member = earner(shop)
    withdrawal_id = asked(member)
    shop.settles()
    confirms(member, withdrawal_id, notify={"times": 0})
    shop.sandbox.pump()
    key = {"withdrawal_id": withdrawal_id, "kind": "withdrawal"}
    write_row(shop, "withdrawals", key, "withdrawal_state", "failed")
    compared_in_the_morning(shop)

    facts = the_difference(shop, "transfer_state_differs", withdrawal_id)

    assert (facts["our_state"], facts["transfer_state"]) == ("failed", "SUCCESS")


def test_movement_unknown(shop: Shop) -> None:
    shop.sandbox.add_to_bills("movement", 700, business_type="风险冻结", is_income=False)
    compared_in_the_morning(shop)

    (row,) = shop.rows("reconciliations", kind="movement_unknown")
    facts = the_difference(shop, "movement_unknown", row["about"])

    assert (facts["business_type"], facts["amount_fen"]) == ("风险冻结", 700)


@pytest.mark.parametrize("business_type", ["扣除交易手续费", "提现", "充值"])
def test_what_wechat_or_the_merchant_moves_is_a_figure_and_no_difference(
    shop: Shop, business_type: str
) -> None:
    sells(shop)
    shop.sandbox.add_to_bills("movement", 12, business_type=business_type)
    compared_in_the_morning(shop)

    seen = assert_agrees(shop)

    assert seen["wechat"]["movements"] == {
        "交易": {"count": 1, "in_fen": 2000, "out_fen": 0},
        business_type: {"count": 1, "in_fen": 0, "out_fen": 12},
    }


def test_row_unreadable(shop: Shop) -> None:
    sells(shop)
    torn = "提现,`收入,`a little"
    shop.sandbox.add_to_bills("movement", 12, business_type=torn)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "row_unreadable", "basic")

    assert facts == {"column": "收支类型"}


def test_bill_totals_differ(shop: Shop) -> None:
    order = sells(shop)
    shop.sandbox.add_to_bills("movement", 70, business_type="提现", counted=False)
    compared_in_the_morning(shop)

    facts = the_difference(shop, "bill_totals_differ", "basic")

    assert facts == {
        "stated_row_count": 1,
        "stated_in_fen": order.amount_fen,
        "stated_out_fen": 0,
        "row_count": 2,
        "in_fen": order.amount_fen,
        "out_fen": 70,
    }


def test_ledger_totals_differ(shop: Shop) -> None:
    sells(shop)
    shop.advance(6 * 3600)
    runs(shop)
    key = {"account_id": f"day#{DAY}", "entry": "total#wechat"}
    write_row(shop, "ledger", key, "debits_posted_fen", 1)
    shop.advance(9 * 3600)
    assert runs(shop) == [DAY]

    facts = the_difference(shop, "ledger_totals_differ", "wechat")

    assert facts == {
        "closed_debits_fen": 1,
        "closed_credits_fen": 0,
        "debits_fen": 2000,
        "credits_fen": 0,
    }


def test_each_kind_of_difference_has_a_test_and_a_paragraph_in_the_runbook() -> None:
    tests = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]
    runbook = (Path(__file__).parents[2] / "docs/runbook.md").read_text(encoding="utf-8")

    for kind in Kind:
        assert any(name.startswith(kind.value) for name in tests), kind
        assert f"**`{kind.value}`** (about:" in runbook, kind
