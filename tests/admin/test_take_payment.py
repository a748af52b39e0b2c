"""An operator takes a payment that WeChat told nobody of."""

from typing import Any

import pytest

from chalicelib.gateways.wechat_pay import PrepayRequest, RefundRequest
from chalicelib.orders import store as orders
from tests.shop import Placed, Shop
from tests.vouchers.words import granted


def paid_late_and_told_of_never(shop: Shop) -> Placed:
    """Cancelled here, paid at WeChat, and every notification lost."""
    order = shop.member("Lin").buys()
    shop.wechat_misses_closing(order)
    order.pays(times=0)
    shop.settles()
    assert order.status == "cancelled"
    return order


def paid_without_being_asked(shop: Shop, placed: Placed) -> None:
    """Another system under our merchant number has collected money under the order's number."""
    order = orders.get(placed.order_id)
    request = PrepayRequest(
        out_trade_no=order.order_id,
        description="another system under our merchant number",
        amount_fen=1500,
        openid=order.openid,
        app_id=order.app_id,
        notify_url=shop.wiring.payment_notify_url,
        time_expire=order.time_expire,
        attach=None,
    )
    wechat_pay = shop.wiring.wechat_pay
    prepay_id = wechat_pay.prepay(request)
    payment: Any = wechat_pay.pay_parameters(prepay_id, order.app_id, shop.clock.now())
    shop.sandbox.pay(placed.member.name, payment, notify={"times": 0})


def test_a_payment_of_a_cancelled_order_goes_back_by_itself_once_it_is_taken(shop: Shop) -> None:
    order = paid_late_and_told_of_never(shop)

    taken = shop.admin("take_payment", order_id=order.order_id)
    shop.settles()
    again = shop.admin("take_payment", order_id=order.order_id)
    shop.settles()

    assert (taken["outcome"], again["outcome"]) == ("taken", "unchanged")
    assert order.status == "refunded"
    assert shop.sandbox.totals()["refunded_fen"] == order.amount_fen
    shop.assert_books_balance()


def test_a_payment_of_an_order_that_waits_for_it_pays_it(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays(times=0)

    answer = shop.admin("take_payment", order_id=order.order_id)
    shop.settles()

    assert (answer["status"], order.status) == ("to_ship", "to_ship")
    shop.assert_books_balance()


def test_what_nobody_has_paid_is_not_taken(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    before = shop.everything()

    error = shop.tries_admin("take_payment", order_id=order.order_id)["error"]
    unknown = shop.tries_admin("take_payment", order_id="ord_of_nobody")["error"]

    assert (error["code"], unknown["code"]) == ("not_allowed", "not_found")
    assert shop.everything() == before


def test_a_payment_through_another_app_is_not_taken(shop: Shop) -> None:
    order = paid_late_and_told_of_never(shop)
    other = shop.wiring.environment.model_copy(update={"wechat_app_id": "wx0000000000000000"})
    shop.wiring.environment = other

    error = shop.tries_admin("take_payment", order_id=order.order_id)["error"]

    assert error["detail"] == "It was paid through another app than this shop's."


def test_a_payment_that_was_given_back_by_hand_is_not_taken(shop: Shop) -> None:
    order = paid_late_and_told_of_never(shop)
    by_hand = RefundRequest(
        out_refund_no="by-hand-1",
        out_trade_no=order.order_id,
        amount_fen=order.amount_fen,
        total_fen=order.amount_fen,
        reason=None,
        notify_url=shop.wiring.refund_notify_url,
    )
    shop.wiring.wechat_pay.refund(by_hand)
    shop.settles()
    before = shop.everything()

    error = shop.tries_admin("take_payment", order_id=order.order_id)["error"]
    shop.settles()

    assert error["code"] == "not_allowed"
    assert error["detail"] == "WeChat says that it was given back already, and not by this shop."
    assert shop.everything() == before
    assert shop.sandbox.totals()["refunded_fen"] == order.amount_fen


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_order_that_a_voucher_paid_for_takes_nothing(shop: Shop, dry_run: bool) -> None:
    order = granted(shop, "Lin").opens("autumn", voucher_id="v1")
    paid_without_being_asked(shop, order)

    answer = shop.admin("take_payment", order_id=order.order_id, dry_run=dry_run)

    assert (answer["outcome"], answer["wechat"]["transaction_id"]) == ("unchanged", None)
    told = shop.rows("findings", about=order.order_id)
    assert [row["kind"] for row in told] == ([] if dry_run else ["payment_not_due"])


def test_nothing_is_taken_while_wechat_is_away_or_refuses(shop: Shop) -> None:
    order = paid_late_and_told_of_never(shop)
    before = shop.everything()
    shop.sandbox.add_fault("/v3/pay/", "error_before")

    away = shop.tries_admin("take_payment", order_id=order.order_id)["error"]
    mchid = shop.sandbox.credentials.merchant_id
    path = f"/v3/pay/transactions/out-trade-no/{order.order_id}?mchid={mchid}"
    with shop.wechat_refuses(path):
        refused = shop.tries_admin("take_payment", order_id=order.order_id)["error"]

    assert (away["code"], refused["code"]) == ("wechat_unavailable", "wechat_unavailable")
    assert shop.everything() == before


def test_a_dry_run_only_asks_wechat(shop: Shop) -> None:
    order = paid_late_and_told_of_never(shop)
    before = shop.everything()

    answer = shop.admin("take_payment", order_id=order.order_id, dry_run=True)

    assert (answer["outcome"], answer["status"], answer["dry_run"]) == ("taken", "cancelled", True)
    assert shop.everything() == before
