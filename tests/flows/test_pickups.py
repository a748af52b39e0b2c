"""Stories of goods that wait at a station: who may hand them out, when, and how often."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.stations.arrive import arrive
from chalicelib.stations.errors import CodeUsed
from chalicelib.stations.model import MOST_WRONG_CODES
from chalicelib.stations.redeem import redeem
from tests.commissions.words import commissions
from tests.in_process import just_before
from tests.led import FREEZE_SECONDS
from tests.shop import Member, Placed, Reply, Shop
from tests.stations.words import (
    NOBODYS_CODE,
    SHARE,
    arrived,
    code_of,
    collects,
    hands_out,
    looks_after,
    orders,
    redeems,
    waiting,
)
from tests.withdrawals.words import wallet

RECEIVES_SECONDS = 7200


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop with a station whose round of today has one order, and whose orders settle soon."""
    shop.admin(
        "put_settings",
        auto_receipt_seconds=RECEIVES_SECONDS,
        commission={"freeze_seconds": FREEZE_SECONDS},
    )
    looks_after(shop, "Gu")
    collects(shop, "gate", rules=SHARE)
    return shop


@pytest.fixture
def gate(shop: Shop) -> Member:
    """Whoever looks after it."""
    return shop.member("Gu")


@pytest.fixture
def order(shop: Shop) -> Placed:
    """Lin's, in a round that is complete."""
    placed = orders(shop.member("Lin"), quantity=2).pays()
    shop.passes(2 * 3600)
    shop.passes(61)
    assert placed.status == "to_ship"
    return placed


def refused(shop: Shop, attempt: Callable[[], Reply]) -> tuple[int, str]:
    """The refusal, which has changed nothing."""
    before = shop.everything()
    reply = attempt()
    assert shop.everything() == before
    return reply.status, str(reply.code)


def test_a_code_opens_once(shop: Shop, gate: Member, order: Placed) -> None:
    arrived(shop, order.group_id)
    code = code_of(order)
    hands_out(gate, order)
    when = order.now()["received_at"]
    shop.advance(60)

    assert refused(shop, partial(redeems, gate, code)) == (409, "code_used")
    assert redeems(gate, code)["context"] == {"redeemed_at": when}
    shop.passes(FREEZE_SECONDS + 1)
    assert order.status == "settled"
    assert refused(shop, partial(redeems, gate, code)) == (409, "code_used")
    shop.assert_books_balance()


def test_only_the_stations_own_leader_hands_out(shop: Shop, order: Placed) -> None:
    pan = looks_after(shop, "Pan", "park")
    arrived(shop, order.group_id)
    code = code_of(order)

    for stranger in (order.member, shop.member("Eve"), pan):
        for any_code in (code, NOBODYS_CODE):
            attempt = partial(redeems, stranger, any_code)
            assert refused(shop, attempt) == (403, "not_allowed")
    assert redeems(pan, code, "park").code == "not_found"
    assert redeems(pan, code, "hill").code == "not_found"
    listing = pan.send("GET", "/v1/stations/gate/pickups")
    assert (listing.status, listing.code) == (403, "not_allowed")
    assert order.status == "shipped"


def test_nothing_is_handed_out_before_it_has_arrived(
    shop: Shop, gate: Member, order: Placed
) -> None:
    code = code_of(order)

    assert refused(shop, partial(redeems, gate, code)) == (409, "not_arrived")
    assert waiting(gate) == [("红富士苹果 5斤装", 2, "to_ship")]
    arrived(shop, order.group_id)
    assert waiting(gate) == [("红富士苹果 5斤装", 2, "shipped")]
    hands_out(gate, order)
    assert waiting(gate) == []
    shop.assert_books_balance()


def test_there_is_no_code_before_the_round_is_complete(shop: Shop, gate: Member) -> None:
    placed = orders(shop.member("Lin")).pays()

    assert placed.now()["pickup"]["code"] is None
    assert waiting(gate) == []


def test_goods_whose_money_goes_back_are_not_handed_out(
    shop: Shop, gate: Member, order: Placed
) -> None:
    mei = orders(shop.member("Mei")).pays()
    shop.passes(24 * 3600)
    shop.passes(61)
    codes = [code_of(order), code_of(mei)]
    arrived(shop, mei.group_id)
    assert order.asks_refund().status == 201
    refund_id = mei.asks_refund()["refund_id"]
    shop.decides(refund_id)
    shop.passes(61)

    assert (order.status, mei.status) == ("refunded", "refunded")
    assert waiting(gate) == []
    for code in codes:
        assert refused(shop, partial(redeems, gate, code)) == (409, "order_not_receivable")
    done = arrived(shop, order.group_id)
    assert (done["arrived_count"], done["left_out_count"]) == (0, 1)
    for day in ("2026-11-22", "2026-11-23"):
        (item,) = shop.admin("get_demand", campaign_id="veg", day=day)["items"]
        assert (item["units"], item["orders"]) == (0, 0)
    assert wallet(gate)["pending_fen"] == 0
    shop.assert_books_balance()


def test_a_part_refunded_takes_its_part_of_what_the_leader_earns(
    shop: Shop, gate: Member, order: Placed
) -> None:
    assert commissions(shop, order.order_id) == {0: ("pending", 300, 0)}
    arrived(shop, order.group_id)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=1000, reason="坏了一个")
    shop.settles()
    shop.passes(61)

    assert commissions(shop, order.order_id) == {0: ("pending", 300, 100)}
    hands_out(gate, order)
    shop.passes(FREEZE_SECONDS + 1)
    shop.passes(61)
    assert commissions(shop, order.order_id) == {0: ("released", 300, 100)}
    shop.admin("refund_order", order_id=order.order_id, reason="全坏了")
    shop.settles()
    shop.passes(61)
    assert wallet(gate)["available_fen"] == 0
    shop.assert_books_balance()


@pytest.mark.parametrize("by_member", [True, False])
def test_what_was_received_otherwise_is_still_handed_out_once(
    shop: Shop, gate: Member, order: Placed, by_member: bool
) -> None:
    arrived(shop, order.group_id)
    if by_member:
        order.receives()
    else:
        shop.passes(RECEIVES_SECONDS)
    when = order.now()["received_at"]
    shop.advance(60)

    assert waiting(gate) == [("红富士苹果 5斤装", 2, "received")]
    hands_out(gate, order)
    assert waiting(gate) == []
    assert refused(shop, partial(redeems, gate, code_of(order))) == (409, "code_used")
    assert (order.status, order.now()["received_at"]) == ("received", when)
    shop.passes(FREEZE_SECONDS)
    assert order.status == "settled"
    shop.assert_books_balance()


def test_what_nobody_fetches_waits_even_when_its_order_is_settled(
    shop: Shop, gate: Member, order: Placed
) -> None:
    arrived(shop, order.group_id)
    shop.passes(RECEIVES_SECONDS)
    shop.passes(FREEZE_SECONDS + 61)
    assert order.status == "settled"
    (pickup,) = shop.admin("get_station", station_id="gate")["pickups"]

    assert (pickup["order_id"], pickup["status"]) == (order.order_id, "settled")
    assert waiting(gate) == [("红富士苹果 5斤装", 2, "settled")]
    redeems_it = partial(redeem, "gate", code_of(order), by_member_id=None, clock=shop.clock)
    with just_before("TransactWriteItems", redeems_it), pytest.raises(CodeUsed):
        redeems_it()
    assert waiting(gate) == []
    assert order.status == "settled"
    shop.assert_books_balance()


def test_a_refund_after_its_time_takes_the_goods_off_the_list(
    shop: Shop, gate: Member, order: Placed
) -> None:
    arrived(shop, order.group_id)
    shop.passes(RECEIVES_SECONDS)
    assert order.status == "received"
    shop.admin("refund_order", order_id=order.order_id, reason="没人来取")
    shop.settles()
    shop.passes(61)

    assert order.status == "refunded"
    assert waiting(gate) == []
    assert [row for row in shop.rows("stations") if row["kind"].startswith("waits#")] == []
    reply = redeems(gate, code_of(order))
    assert (reply.status, reply.code) == (409, "order_not_receivable")
    shop.assert_books_balance()


def test_nobody_guesses_a_code(shop: Shop, gate: Member, order: Placed) -> None:
    arrived(shop, order.group_id)
    code = code_of(order)
    wrong = [f"{number:08d}" for number in range(MOST_WRONG_CODES)]
    assert {redeems(gate, each).code for each in wrong} == {"not_found"}

    for any_code in (NOBODYS_CODE, code):
        reply = redeems(gate, any_code)
        assert (reply.status, reply.code) == (429, "slow_down")
        assert reply.headers["Retry-After"] == "3600"
    assert order.status == "shipped"
    shop.admin("redeem_pickup", station_id="gate", pickup_code=code)
    assert order.status == "received"
    shop.passes(2 * 3600)  # midnight there
    assert redeems(gate, NOBODYS_CODE).code == "not_found"
    assert redeems(gate, code).code == "code_used"
    shop.assert_books_balance()


def test_another_leader_takes_over_what_waits_and_not_what_was_earned(
    shop: Shop, gate: Member, order: Placed
) -> None:
    arrived(shop, order.group_id)
    hu = looks_after(shop, "Hu")

    assert refused(shop, partial(redeems, gate, code_of(order))) == (403, "not_allowed")
    assert gate.send("GET", "/v1/me/stations")["items"] == []
    hands_out(hu, order)
    shop.passes(FREEZE_SECONDS + 1)
    shop.passes(61)
    assert (wallet(gate)["available_fen"], wallet(hu)["available_fen"]) == (300, 0)
    shop.assert_books_balance()


def test_a_redemption_that_another_one_beats_is_refused(
    shop: Shop, gate: Member, order: Placed
) -> None:
    arrived(shop, order.group_id)
    code = code_of(order)
    redeems_it = partial(redeem, "gate", code, by_member_id=gate.member_id, clock=shop.clock)

    with just_before("TransactWriteItems", redeems_it), pytest.raises(CodeUsed) as caught:
        redeems_it()

    assert set(caught.value.context or {}) == {"redeemed_at"}
    assert order.status == "received"


def test_a_refund_that_beats_a_redemption_keeps_the_goods(
    shop: Shop, gate: Member, order: Placed
) -> None:
    arrived(shop, order.group_id)
    code = code_of(order)
    refund_id = order.asks_refund()["refund_id"]
    refunds = partial(shop.admin, "decide_refund", refund_id=refund_id, decision="approve")

    with just_before("TransactWriteItems", refunds):
        reply = redeems(gate, code)

    assert (reply.status, reply.code) == (409, "order_not_receivable")
    shop.settles()
    shop.passes(61)
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_goods_arrive_once_however_often_it_is_said(shop: Shop, order: Placed) -> None:
    with just_before("UpdateItem", partial(arrive, order.group_id, clock=shop.clock)):
        second = shop.admin("arrive_at_station", group_id=order.group_id)
    again = arrived(shop, order.group_id)

    assert (second["arrived_count"], again["unchanged_count"]) == (1, 1)
    uploads = shop.sandbox.mini_program.shipments_of(order.order_id)
    assert len(uploads) == 1
    shop.assert_books_balance()


def test_wechat_hears_that_the_goods_are_fetched_and_not_sent(shop: Shop, order: Placed) -> None:
    arrived(shop, order.group_id)
    shop.passes(61)

    (upload,) = shop.sandbox.mini_program.shipments_of(order.order_id)
    assert (upload["logistics_type"], upload["delivery_mode"]) == (4, 1)
    assert upload["shipping_list"] == [{"item_desc": "红富士苹果 5斤装 x2"}]
    shown = order.now()["shipment"]
    assert (shown["carrier"], shown["tracking_no"]) == ("PICKUP", "gate")
    assert shop.findings() == []
    shop.assert_books_balance()
