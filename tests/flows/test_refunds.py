"""Stories of money on its way back: asked for, decided, stuck, closed, abnormal, and told of in
any order.
"""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import pytest

from chalicelib.refunds.request import RefundRequest, Requested, request
from tests.in_process import just_before
from tests.shop import Placed, Shop


def ready_to_ship(shop: Shop, **changes: object) -> Placed:
    order = shop.member("Lin").buys(**changes).pays()
    shop.settles()
    assert order.status == "to_ship"
    return order


def test_a_solo_order_is_ready_to_ship_once_paid_and_refunded_at_once_when_asked(
    shop: Shop,
) -> None:
    order = ready_to_ship(shop, quantity=2)
    assert (order.amount_fen, shop.units_left()) == (4000, 98)

    asked = order.asks_refund()
    assert (asked.status, asked["status"], asked["ends_order"]) == (201, "requested", True)
    assert order.status == "refunding"
    shop.settles()

    assert order.status == "refunded"
    assert order.now()["refunded_fen"] == 4000
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_whole_refund_before_shipping_leaves_the_purchase_counted(shop: Shop) -> None:
    shop.campaign("once", per_member_limit=1)
    lin = shop.member("Lin").opens("once").pays()
    shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    lin.asks_refund()
    shop.settles()

    assert lin.status == "refunded"
    assert shop.units_left() == 99
    assert lin.member.tries_to_open("once").code == "limit_reached"
    shop.assert_books_balance()


def test_a_part_waits_for_an_operator_and_leaves_the_order_as_it_is(shop: Shop) -> None:
    order = ready_to_ship(shop)

    asked = order.asks_refund(amount_fen=500)
    assert asked["status"] == "awaiting_operator"
    shop.settles()
    assert shop.sandbox.totals()["refunds"] == 0

    shop.admin("decide_refund", refund_id=asked["refund_id"], decision="approve")
    shop.settles()

    assert order.status == "to_ship"
    assert order.now()["refunded_fen"] == 500
    assert shop.units_left() == 99
    shop.assert_books_balance()


def test_an_operator_may_approve_less_or_nothing(shop: Shop) -> None:
    order = ready_to_ship(shop)
    less = order.asks_refund(amount_fen=800)["refund_id"]
    nothing = order.asks_refund(amount_fen=900)["refund_id"]

    shop.admin("decide_refund", refund_id=less, decision="approve", amount_fen=300)
    shop.admin("decide_refund", refund_id=nothing, decision="reject")
    shop.admin("decide_refund", refund_id=nothing, decision="reject")
    other_way = shop.tries_admin("decide_refund", refund_id=nothing, decision="approve")
    shop.settles()

    assert other_way["error"]["code"] == "not_allowed"
    assert [refund["status"] for refund in order.now()["refunds"]] == ["succeeded", "rejected"]
    assert order.now()["refunded_fen"] == 300
    assert order.asks_refund(amount_fen=1700).status == 201
    shop.assert_books_balance()


def test_nobody_gets_more_back_than_was_paid(shop: Shop) -> None:
    order = ready_to_ship(shop)
    order.asks_refund(amount_fen=1999)
    before = shop.everything()

    refused = order.asks_refund(amount_fen=2)

    assert (refused.status, refused.code) == (409, "refund_exceeds_payment")
    assert refused["context"] == {"refundable_fen": 1}
    assert shop.everything() == before


def test_a_member_takes_a_request_back_while_nobody_has_decided(shop: Shop) -> None:
    order = ready_to_ship(shop)
    asked = order.asks_refund(amount_fen=500)["refund_id"]
    stranger = shop.member("Eve")

    assert stranger.send("POST", f"/v1/refunds/{asked}/cancel").status == 404
    withdrawn = order.member.send("POST", f"/v1/refunds/{asked}/cancel")
    again = order.member.send("POST", f"/v1/refunds/{asked}/cancel")

    assert [withdrawn["status"], again["status"]] == ["withdrawn", "withdrawn"]
    whole = order.asks_refund()
    refused = order.member.send("POST", f"/v1/refunds/{whole['refund_id']}/cancel")
    assert (refused.status, refused.code) == (409, "refund_not_cancellable")
    shop.settles()
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_asking_again_with_the_same_key_is_asking_once(shop: Shop) -> None:
    order = ready_to_ship(shop)
    first = order.asks_refund(key="one-key-only", amount_fen=500)
    again = order.asks_refund(key="one-key-only", amount_fen=500)
    other = order.asks_refund(key="one-key-only", amount_fen=600)

    assert again["refund_id"] == first["refund_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status, other.code) == (409, "idempotency_conflict")
    assert len(shop.rows("refunds")) == 1


def test_two_refunds_of_one_order_go_out_a_minute_apart(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=300, request_id="a")
    shop.admin("refund_order", order_id=order.order_id, amount_fen=400, request_id="b")
    shop.settles()
    assert shop.sandbox.totals()["refunds"] == 1

    shop.passes(61)
    shop.passes(61)

    assert shop.sandbox.totals()["refunded_fen"] == 700
    assert order.now()["refunded_fen"] == 700
    assert shop.findings() == []
    shop.assert_books_balance()


def test_an_operators_refund_sent_twice_refunds_once(shop: Shop) -> None:
    order = ready_to_ship(shop)

    first = shop.admin("refund_order", order_id=order.order_id)
    again = shop.admin("refund_order", order_id=order.order_id)
    shop.settles()

    assert first["refund_id"] == again["refund_id"]
    assert order.status == "refunded"
    assert shop.sandbox.totals()["refunded_fen"] == 2000
    shop.assert_books_balance()


def test_a_refund_asked_for_twice_at_once_is_the_same_refund(shop: Shop) -> None:
    order = ready_to_ship(shop)
    asks = RefundRequest(order.order_id, "key", "坏了", by_operator=True)
    first: list[Requested] = []

    def asks_first() -> None:
        first.append(request(asks, clock=shop.clock))

    with ExitStack() as inner:  # between the two things that the second one reads
        at_the_next_read = partial(just_before, "GetItem", asks_first)
        with just_before("GetItem", lambda: inner.enter_context(at_the_next_read())):
            second = request(asks, clock=shop.clock)

    assert second == replace(first[0], replayed=True)
    shop.settles()
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_an_abnormal_refund_waits_for_an_operator_who_pays_by_hand(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(hold_refunds=True)
    order.asks_refund()
    shop.settles()
    refund = shop.rows("refunds")[0]
    assert refund["refund_state"] == "processing"

    shop.sandbox.settle_refund(f"{refund['refund_id']}_1", "abnormal")
    shop.settles()
    assert shop.rows("refunds")[0]["refund_state"] == "abnormal"
    assert order.status == "refunding"
    waiting = shop.admin("list_refunds", status="abnormal")
    assert [each["refund_id"] for each in waiting["items"]] == [refund["refund_id"]]

    resolve = {"refund_id": refund["refund_id"], "resolution": "paid_by_hand"}
    shop.admin("resolve_abnormal_refund", **resolve)
    shop.admin("resolve_abnormal_refund", **resolve)
    shop.settles()

    assert order.status == "refunded"
    booked = [row["code"] for row in shop.rows("ledger")]
    assert sorted(booked) == ["payment", "refund_by_hand"]
    assert shop.admin("audit")["violations"] == []


def test_a_success_after_abnormal_is_believed(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(hold_refunds=True)
    order.asks_refund()
    shop.settles()
    number = f"{shop.rows('refunds')[0]['refund_id']}_1"

    shop.sandbox.settle_refund(number, "abnormal")
    shop.settles()
    shop.sandbox.settle_refund(number, "success")
    shop.settles()

    assert order.status == "refunded"
    shop.assert_books_balance()


@pytest.mark.parametrize("times", [1, 3])
def test_a_refund_notification_may_come_any_number_of_times(shop: Shop, times: int) -> None:
    order = ready_to_ship(shop)
    order.asks_refund()
    shop.settles()
    number = f"{shop.rows('refunds')[0]['refund_id']}_1"
    before = shop.everything()

    shop.sandbox.replay(out_refund_no=number, times=times)
    shop.sandbox.pump()

    assert shop.everything() == before
    shop.assert_books_balance()


def test_a_lost_refund_notification_is_made_up_for_by_asking(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(hold_refunds=True)
    order.asks_refund()
    shop.settles()
    number = f"{shop.rows('refunds')[0]['refund_id']}_1"
    shop.sandbox.settle_refund(number, "success", {"times": 0})

    shop.passes(130)

    assert order.status == "refunded"
    shop.assert_books_balance()


@pytest.mark.parametrize(
    "kind",
    [
        "error_before",
        "error_after",
        "timeout_before",
        "timeout_after",
        "rate_limit",
        "bad_signature",
        "garbage",
    ],
)
def test_whatever_happens_to_the_call_a_refund_is_paid_once(shop: Shop, kind: str) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.add_fault("/v3/refund", kind, 2)
    order.asks_refund()

    shop.settles()
    shop.passes(61)

    assert order.status == "refunded"
    assert shop.sandbox.totals()["refunded_fen"] == 2000
    assert shop.sandbox.totals()["refunds"] == 1
    shop.assert_books_balance()


def test_a_refund_the_queue_gave_up_on_is_taken_up_by_the_sweep(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.add_fault("/v3/refund", "error_before", 6)
    order.asks_refund()
    shop.settles()
    assert len(shop.queue.dead) == 1
    assert order.status == "refunding"

    shop.passes(61)
    shop.passes(130)

    assert order.status == "refunded"
    shop.assert_books_balance()


def test_a_short_balance_is_told_to_a_person_and_tried_again(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(balance_fen=0)
    order.asks_refund()
    shop.settles()
    assert shop.findings() == ["refund_refused"]
    assert order.status == "refunding"

    shop.sandbox.configure(balance_fen=1_000_000)
    shop.passes(130)

    assert order.status == "refunded"
    shop.assert_books_balance()


def test_parts_that_together_take_everything_end_the_order(shop: Shop) -> None:
    order = ready_to_ship(shop)
    first = order.asks_refund(amount_fen=800)["refund_id"]
    rest = order.asks_refund(amount_fen=1200)
    assert (rest["status"], rest["ends_order"]) == ("awaiting_operator", False)

    shop.admin("decide_refund", refund_id=rest["refund_id"], decision="approve")
    assert order.status == "to_ship"
    shop.admin("decide_refund", refund_id=first, decision="approve")
    assert order.status == "refunding"
    shop.settles()
    assert order.status == "refunding"
    shop.passes(61)
    shop.passes(61)

    assert (order.status, order.now()["refunded_fen"]) == ("refunded", 2000)
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_the_last_part_ends_the_order_while_an_earlier_one_is_under_way(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(hold_refunds=True)
    early = shop.admin("refund_order", order_id=order.order_id, amount_fen=300, request_id="a")
    shop.settles()

    rest = order.asks_refund()
    assert (rest["status"], rest["ends_order"], rest["amount_fen"]) == ("requested", True, 1700)
    shop.passes(61)
    shop.sandbox.settle_refund(f"{rest['refund_id']}_1", "success")
    shop.settles()
    assert order.status == "refunding"
    shop.sandbox.settle_refund(f"{early['refund_id']}_1", "success")
    shop.settles()

    assert order.status == "refunded"
    shop.assert_books_balance()


def test_leaving_twice_is_leaving_once_by_either_route(shop: Shop) -> None:
    shop.campaign("free", size=3, rules={"leave_allowed": True})
    lin = shop.member("Lin").opens("free").pays()

    asked = lin.asks_refund(key="leave-once")
    again = lin.asks_refund(key="leave-once")
    cancelled = lin.cancels()
    shop.settles()

    assert again["refund_id"] == asked["refund_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert cancelled.status == 200
    assert lin.status == "refunded"
    assert shop.sandbox.totals()["refunds"] == 1
    shop.assert_books_balance()


def test_a_refund_whose_answer_was_lost_survives_a_new_address_of_ours(shop: Shop) -> None:
    order = ready_to_ship(shop)
    shop.sandbox.configure(hold_refunds=True)
    shop.sandbox.add_fault("/v3/refund", "timeout_after")
    order.asks_refund()
    shop.streams_flow()
    shop.works_queue()
    shop.moves_to("https://new.shop.test")

    shop.works_queue()
    number = f"{shop.rows('refunds')[0]['refund_id']}_1"
    assert shop.rows("refunds")[0]["refund_state"] == "processing"
    shop.sandbox.settle_refund(number, "success", {"times": 0})
    shop.passes(300)

    assert order.status == "refunded"
    shop.assert_books_balance()
