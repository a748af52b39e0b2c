"""Stories of paying: late, twice, in another amount, told of several times or never, while WeChat
misbehaves.
"""

from typing import Any

import pytest

from chalicelib.kit.aws import dynamodb
from tests.in_process import just_before
from tests.shop import Shop
from tests.tables import PREFIX


def test_a_cancelled_order_can_be_paid_neither_here_nor_at_wechat(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    assert order.cancels()["status"] == "cancelled"
    assert order.cancels()["status"] == "cancelled"

    refused = order.member.send("POST", f"/v1/orders/{order.order_id}/payment")

    assert (refused.status, refused.code) == (409, "order_not_payable")
    assert shop.sandbox.trade(order.order_id)["trade_state"] == "CLOSED"
    assert shop.units_left() == 100


def test_cancelling_what_turns_out_to_be_paid_is_refused_and_the_payment_kept(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays(times=0)

    refused = order.cancels()

    assert (refused.status, refused.code) == (409, "order_not_cancellable")
    assert order.status == "to_ship"
    shop.settles()
    shop.assert_books_balance()


@pytest.mark.parametrize("notifications", [1, 3])
def test_a_payment_that_meets_a_cancelled_order_goes_back_by_itself(
    shop: Shop, notifications: int
) -> None:
    order = shop.member("Lin").buys()
    shop.wechat_misses_closing(order)

    order.pays(times=notifications)
    shop.settles()

    assert order.status == "refunded"
    assert order.now()["refunds"][0]["reason"] == "订单已取消，自动退款"
    assert shop.sandbox.totals()["refunded_fen"] == 2000
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_cancelled_order_that_wechat_did_not_know_is_looked_at_once_more(shop: Shop) -> None:
    shop.sandbox.add_fault("/v3/pay/transactions/jsapi", "error_before", 1)
    lin = shop.member("Lin")
    reply = lin.tries_to_buy()
    assert (reply.status, reply["payment_state"], reply["payment"]) == (201, "unavailable", None)
    order_id = reply["order"]["order_id"]

    lin.send("POST", f"/v1/orders/{order_id}/cancel")
    row = shop.rows("orders")[0]
    assert (row["order_state"], "due_at" in row) == ("cancelled", True)
    shop.passes(121)

    assert "due_at" not in shop.rows("orders")[0]
    shop.assert_books_balance()


def test_an_order_stands_while_wechat_is_away_and_is_paid_later(shop: Shop) -> None:
    shop.sandbox.add_fault("/v3/pay/transactions/jsapi", "timeout_before", 1)
    lin = shop.member("Lin")
    reply = lin.tries_to_open()
    assert (reply.status, reply["payment_state"]) == (201, "unavailable")
    order_id = reply["order"]["order_id"]

    again = lin.send("POST", f"/v1/orders/{order_id}/payment")
    assert again["payment_state"] == "ready"
    shop.sandbox.pay("Lin", again["payment"])
    shop.sandbox.pump()

    assert lin.send("GET", f"/v1/orders/{order_id}")["status"] == "paid"
    shop.settles()
    shop.assert_books_balance()


@pytest.mark.parametrize("corrupt", ["amount", "currency"])
def test_another_amount_or_currency_is_recorded_and_refunded_and_frees_the_seat(
    shop: Shop, corrupt: str
) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id)
    ann.pays(corrupt=corrupt)

    shop.streams_flow()

    assert ann.status == "refunding"
    assert shop.findings() == ["payment_mismatch"]
    assert shop.group(lin.group_id)["seats_left"] == 1
    assert shop.units_left() == 99
    assert shop.member("Bo").tries_to_join(lin.group_id).status == 201


@pytest.mark.parametrize("corrupt", ["merchant", "appid"])
def test_a_payment_of_a_foreign_merchant_or_app_is_recorded_and_changes_nothing(
    shop: Shop, corrupt: str
) -> None:
    order = shop.member("Lin").buys()
    before = shop.everything()

    order.pays(corrupt=corrupt)

    assert shop.findings() == ["foreign_payment"]
    assert shop.everything() == before


def test_a_payment_of_an_unknown_order_is_recorded_and_acknowledged(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    before = shop.everything()

    order.pays(corrupt="order")

    assert shop.findings() == ["payment_without_order"]
    assert shop.everything() == before


@pytest.mark.parametrize("corrupt", ["signature", "timestamp", "serial", "body", "key", "signtest"])
def test_a_forged_or_stale_notification_is_refused_and_the_real_one_believed(
    shop: Shop, corrupt: str
) -> None:
    order = shop.member("Lin").buys()
    before = shop.everything()

    order.pays(corrupt=corrupt)
    assert shop.everything() == before
    sent = shop.sandbox.notifications(out_trade_no=order.order_id)[0]
    assert [attempt["status"] for attempt in sent["attempts"]] == [401]

    shop.advance(15)
    shop.sandbox.pump()
    assert order.status == "to_ship"
    shop.settles()
    shop.assert_books_balance()


def test_a_notification_that_comes_many_times_pays_once(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays(times=3)
    before = shop.everything()

    shop.sandbox.replay(lin.order_id, times=5)
    shop.sandbox.pump()

    assert shop.everything() == before
    assert shop.group(lin.group_id)["paid_count"] == 1
    shop.settles()
    shop.assert_books_balance()


def test_a_payment_nobody_told_us_of_is_found_by_asking(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays(times=0)

    assert order.checks()["status"] == "to_ship"

    shop.settles()
    shop.assert_books_balance()


def test_wechat_is_asked_at_most_once_in_three_seconds(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    assert order.checks()["status"] == "awaiting_payment"
    order.pays(times=0)

    assert order.checks()["status"] == "awaiting_payment"
    shop.advance(3.001)
    assert order.checks()["status"] == "to_ship"


def test_an_expiring_order_that_turns_out_paid_is_paid(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays(times=0)

    shop.passes(900)

    assert lin.status == "paid"
    assert shop.group(lin.group_id)["status"] == "forming"
    shop.assert_books_balance()


def test_a_payment_before_the_deadline_told_of_after_it_still_counts(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id).pays(times=0)
    shop.advance(4000)

    shop.sandbox.replay(ann.order_id)
    shop.sandbox.pump()
    shop.settles()

    assert [lin.status, ann.status] == ["to_ship", "to_ship"]
    shop.assert_books_balance()


def test_nothing_expires_while_wechat_cannot_be_asked(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id)
    shop.sandbox.add_fault("/v3/pay/transactions", "error_before", 10)

    shop.passes(3600)
    assert [lin.status, ann.status] == ["paid", "awaiting_payment"]
    assert shop.group(lin.group_id)["status"] == "forming"
    shop.sandbox.configure()
    for _ in range(8):
        shop.passes(61)

    assert [lin.status, ann.status] == ["refunded", "cancelled"]
    shop.assert_books_balance()


def test_a_close_that_wechat_committed_and_did_not_answer_is_made_good(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    shop.sandbox.add_fault(
        f"/v3/pay/transactions/out-trade-no/{order.order_id}/close", "timeout_after"
    )

    refused = order.cancels()
    assert (refused.status, refused.code) == (503, "wechat_unavailable")
    assert refused.headers["Retry-After"] == "3"
    assert order.status == "awaiting_payment"

    assert order.cancels()["status"] == "cancelled"
    assert shop.units_left() == 100


def test_a_repeat_with_the_same_key_finds_the_first_order(shop: Shop) -> None:
    lin = shop.member("Lin")
    first = lin.tries_to_open(key="the-same-key")
    again = lin.tries_to_open(key="the-same-key")
    other = lin.tries_to_open(key="the-same-key", quantity=2)
    elsewhere = lin.tries_to_buy(key="the-same-key")

    assert again.status == 201
    assert again["order"]["order_id"] == first["order"]["order_id"]
    assert again["group"]["group_id"] == first["group"]["group_id"]
    assert again["payment_state"] == "ready"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert [other.code, elsewhere.code] == ["idempotency_conflict", "idempotency_conflict"]
    assert len(shop.rows("orders")) == 1


def test_a_repeat_after_paying_says_that_nothing_is_due(shop: Shop) -> None:
    lin = shop.member("Lin")
    lin.opens(key="the-same-key").pays()

    again = lin.tries_to_open(key="the-same-key")

    assert (again["order"]["status"], again["payment_state"], again["payment"]) == (
        "paid",
        "not_due",
        None,
    )


def test_a_replay_is_recognised_before_any_refusal(shop: Shop) -> None:
    shop.stocks(1)
    lin = shop.member("Lin")
    first = lin.tries_to_open(key="the-same-key")
    shop.admin("end_campaign", campaign_id="autumn")

    again = lin.tries_to_open(key="the-same-key")

    assert again.status == 201
    assert again["order"]["order_id"] == first["order"]["order_id"]


def test_pay_parameters_never_leave_for_an_order_that_ended_meanwhile(shop: Shop) -> None:
    lin = shop.member("Lin")
    order = lin.buys()

    with just_before("UpdateItem", lambda: shop.wechat_misses_closing(order)):
        reply = lin.send("POST", f"/v1/orders/{order.order_id}/payment")

    assert (reply.status, reply.code) == (409, "order_not_payable")
    assert shop.sandbox.trade(order.order_id)["trade_state"] == "CLOSED"


def test_a_seat_wechat_refuses_to_close_frees_the_others_and_is_told_to_a_person(
    shop: Shop,
) -> None:
    shop.campaign("four", size=4)
    lin = shop.member("Lin").opens("four").pays()
    stuck = shop.member("Ann").joins(lin.group_id)
    other = shop.member("Bo").joins(lin.group_id)
    close = f"/v3/pay/transactions/out-trade-no/{stuck.order_id}/close"
    with shop.wechat_refuses(close):
        shop.passes(3600)
        assert [stuck.status, other.status] == ["awaiting_payment", "cancelled"]
        assert stuck.cancels().code == "wechat_unavailable"
        assert shop.findings() == []

    shop.passes(61)
    shop.passes(61)

    assert [lin.status, stuck.status] == ["refunded", "cancelled"]
    shop.assert_books_balance()


def test_a_database_out_of_order_puts_work_off_and_poisons_nothing(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    shop.advance(901)
    with shop.database_fails("GetItem"):
        shop.sweeps()

    assert shop.findings() == []
    shop.passes(61)
    assert order.status == "cancelled"


def test_a_repeat_that_finds_its_twins_seat_finds_its_twins_order(shop: Shop) -> None:
    shop.campaign("trio", size=3)
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann")
    placed: list[str] = []

    def twin() -> None:
        placed.append(ann.tries_to_join(lin.group_id, key="the-same-key")["order"]["order_id"])

    with just_before("BatchGetItem", twin):
        reply = ann.tries_to_join(lin.group_id, key="the-same-key")

    assert (reply.status, reply["order"]["order_id"]) == (201, placed[0])


def test_an_account_being_erased_places_nothing_more(shop: Shop) -> None:
    lin = shop.member("Lin")

    with just_before("TransactWriteItems", lambda: lin.send("DELETE", "/v1/me")):
        reply = lin.tries_to_buy()

    assert (reply.status, reply.code) == (401, "not_signed_in")
    assert shop.rows("orders") == []
    assert shop.units_left() == 100


def test_nobody_loses_a_seat_in_a_group_whose_row_is_being_restored(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.settles()
    paying = shop.member("Ann").joins(lin.group_id)
    (group,) = [row for row in shop.rows("groups", group_id=lin.group_id) if "group_state" in row]
    away = take_away(shop, group)

    paying.pays()
    shop.settles()
    refused = paying.cancels()
    assert (refused.status, refused.code) == (503, "try_again")
    shop.passes(3601)
    assert (lin.status, paying.status) == ("paid", "awaiting_payment")

    dynamodb().put_item(**away)
    shop.passes(3601)
    shop.passes(61)
    assert (lin.status, paying.status) == ("to_ship", "to_ship")
    shop.assert_books_balance()


def take_away(shop: Shop, group: dict[str, Any]) -> dict[str, Any]:
    """The group's own row is gone; what puts it back."""
    name = f"{PREFIX}-groups"
    key = {"group_id": {"S": group["group_id"]}, "kind": {"S": group["kind"]}}
    item = dynamodb().get_item(TableName=name, Key=key)["Item"]
    dynamodb().delete_item(TableName=name, Key=key)
    shop.streams_are_lost()
    return {"TableName": name, "Item": item}
