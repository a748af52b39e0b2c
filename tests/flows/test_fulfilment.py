"""Stories of goods on their way: shipped, told to WeChat, received, sent back, and settled."""

from typing import Any

import pytest

from chalicelib.gateways.wechat_api import ShipmentUpload, UploadResult
from chalicelib.orders.correct_shipment import correct_shipment
from chalicelib.refunds.model import RETURN_SECONDS
from tests.fakes import FakeWechatApi
from tests.shop import Placed, Shop

RECEIVES_SECONDS = 3 * 3600
SETTLES_SECONDS = 2 * 3600


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop where hours go by instead of days."""
    shop.admin(
        "put_settings",
        auto_receipt_seconds=RECEIVES_SECONDS,
        commission={"freeze_seconds": SETTLES_SECONDS},
    )
    return shop


@pytest.fixture
def order(shop: Shop) -> Placed:
    """An order of two units that is on its way."""
    return shop.ships(ready(shop, quantity=2))


def ready(shop: Shop, **changes: object) -> Placed:
    order = shop.member("Lin").buys(**changes).pays()
    shop.settles()
    assert order.status == "to_ship"
    return order


def settled(shop: Shop, order: Placed) -> Placed:
    order.receives()
    shop.passes(SETTLES_SECONDS)
    assert order.status == "settled"
    return order


def asks_to_return(shop: Shop, order: Placed, **changes: Any) -> str:
    """The goods of an order are asked for; the refund's id."""
    refund_id = str(order.asks_refund(type="return_goods", **changes)["refund_id"])
    assert shop.decides(refund_id, reason="send it back")["status"] == "awaiting_return"
    return refund_id


def sales_fen(shop: Shop) -> int:
    """Credits less debits of the merchant's sales."""
    return sum(
        row["amount_fen"]
        * ((row["credit_account"] == "sales:orchard") - (row["debit_account"] == "sales:orchard"))
        for row in shop.rows("ledger")
        if "transfer_id" in row
    )


def upload_of(shop: Shop, order: Placed) -> object:
    return shop.rows("orders", order_id=order.order_id)[0]["shipment_upload"]


# Shipped, received, settled


def test_an_order_is_shipped_received_by_its_member_and_settled(shop: Shop, order: Placed) -> None:
    seen = order.now()
    assert seen["status"] == "shipped"
    assert seen["shipment"] == {
        "carrier": "SF",
        "tracking_no": "SF1001",
        "shipped_at": "2026-11-22T12:00:00Z",
    }
    (told,) = shop.sandbox.mini_program.shipments_of(order.order_id)
    assert told["shipping_list"] == [
        {
            "tracking_no": "SF1001",
            "express_company": "SF",
            "item_desc": "红富士苹果 5斤装 x2",
            "contact": {"receiver_contact": "****1234"},
        }
    ]
    assert upload_of(shop, order) == "done"

    order.receives()
    again = order.tries_to_receive()
    assert (again.status, again["status"]) == (200, "received")
    shop.passes(SETTLES_SECONDS - 1)
    assert (order.status, sales_fen(shop)) == ("received", 0)
    shop.passes(1)

    seen = order.now()
    assert [seen["status"], seen["received_at"], seen["settled_at"]] == [
        "settled",
        "2026-11-22T12:00:00Z",
        "2026-11-22T14:00:00Z",
    ]
    assert sales_fen(shop) == 4000
    assert shop.units_left() == 98
    assert shop.findings() == []
    shop.assert_books_balance()


def test_what_nobody_received_is_received_by_itself(shop: Shop, order: Placed) -> None:
    shop.passes(RECEIVES_SECONDS - 1)
    assert order.status == "shipped"
    shop.passes(1)
    assert order.status == "received"
    shop.passes(SETTLES_SECONDS)

    assert order.status == "settled"
    assert sales_fen(shop) == 4000
    shop.assert_books_balance()


def test_the_settings_of_the_moment_say_how_long_it_takes(shop: Shop) -> None:
    shop.admin("put_settings", auto_receipt_seconds=5, commission={"freeze_seconds": 2})
    order = shop.ships(ready(shop))

    shop.passes(5)
    assert order.status == "received"
    shop.passes(2)

    assert order.status == "settled"
    shop.assert_books_balance()


def test_what_a_lost_stream_did_not_follow_up_the_sweep_does(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.streams_are_lost()
    shop.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no="SF1001")
    shop.streams_are_lost()

    shop.passes(60)
    assert upload_of(shop, order) == "done"
    shop.assert_books_balance()
    order.receives()
    shop.advance(SETTLES_SECONDS)
    shop.sweeps()
    shop.streams_are_lost()
    shop.passes(60)

    assert (order.status, sales_fen(shop)) == ("settled", 2000)
    shop.assert_books_balance()


def test_an_order_of_a_complete_group_ships_before_the_stream_has_told(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    early = shop.tries_admin(
        "ship_order", order_id=lin.order_id, carrier="SF", tracking_no="SF1001"
    )
    assert early["error"]["code"] == "group_forming"
    shop.member("Ann").joins(lin.group_id).pays()
    assert lin.status == "paid"

    shop.ships(lin)

    assert lin.status == "shipped"
    shop.assert_books_balance()


def test_only_what_is_on_its_way_can_be_received(shop: Shop) -> None:
    order = ready(shop)
    before = shop.everything()

    refused = order.tries_to_receive()

    assert (refused.status, refused.code) == (409, "order_not_receivable")
    assert shop.member("Eve").send("POST", f"/v1/orders/{order.order_id}/receipt").status == 404
    assert shop.rows("orders") == before["orders"]


# WeChat's knowledge of it


def test_a_wechat_that_lags_behind_is_told_again_until_it_knows(shop: Shop) -> None:
    shop.sandbox.configure(shipping_lag_seconds=45)
    order = shop.ships(ready(shop))
    assert upload_of(shop, order) == "due"

    shop.passes(10)
    shop.passes(20)
    assert upload_of(shop, order) == "due"
    shop.passes(40)

    assert upload_of(shop, order) == "done"
    assert len(shop.sandbox.mini_program.shipments_of(order.order_id)) == 1
    shop.passes(RECEIVES_SECONDS)
    assert order.status == "received"
    shop.assert_books_balance()


def test_a_wechat_that_never_knows_does_not_keep_the_order_from_being_received(shop: Shop) -> None:
    shop.sandbox.configure(shipping_lag_seconds=RECEIVES_SECONDS + 3600)
    order = shop.ships(ready(shop))
    for _ in range(RECEIVES_SECONDS // 3600):
        shop.passes(3600)
    assert (order.status, upload_of(shop, order)) == ("received", "due")

    shop.passes(3600)

    assert (order.status, upload_of(shop, order)) == ("received", "done")
    shop.passes(SETTLES_SECONDS)
    assert order.status == "settled"
    shop.assert_books_balance()


def test_a_corrected_shipment_is_told_to_wechat_which_takes_one_correction(
    shop: Shop, order: Placed
) -> None:
    shop.advance(1)
    corrected = shop.admin(
        "correct_shipment", order_id=order.order_id, carrier="YTO", tracking_no="YT1"
    )
    assert (corrected["outcome"], corrected["shipment_upload"]) == ("corrected", "due")
    shop.settles()

    (told,) = shop.sandbox.mini_program.shipments_of(order.order_id)
    assert told["shipping_list"][0]["tracking_no"] == "YT1"
    assert order.now()["shipment"]["carrier"] == "YTO"

    order.receives()
    shop.advance(1)
    shop.admin("correct_shipment", order_id=order.order_id, carrier="YTO", tracking_no="YT2")
    shop.settles()
    assert upload_of(shop, order) == "refused"
    assert shop.findings() == ["shipment_refused"]
    shop.passes(SETTLES_SECONDS)
    assert order.status == "settled"
    shop.assert_books_balance()


def test_a_wechat_that_cannot_be_reached_is_told_later(shop: Shop) -> None:
    wechat = FakeWechatApi()
    order = ready(shop)
    shop.wiring._wechat_api, wechat.is_down = wechat, True
    shop.ships(order)
    assert upload_of(shop, order) == "due"

    wechat.is_down = False
    shop.passes(10)
    assert upload_of(shop, order) == "due"
    shop.passes(60)

    assert upload_of(shop, order) == "done"
    assert [each.tracking_no for each in wechat.shipments] == ["SF1001"]
    assert shop.findings() == []


def test_a_shipment_corrected_while_wechat_is_told_is_told_again(shop: Shop) -> None:
    order = ready(shop)

    class Corrected(FakeWechatApi):
        """The operator corrects the shipment between our call and its answer."""

        def upload_shipment(self, shipment: ShipmentUpload) -> UploadResult:
            if not self.shipments:
                correct_shipment(order.order_id, "YTO", "YT1", clock=shop.clock)
            return super().upload_shipment(shipment)

    wechat = Corrected()
    shop.wiring._wechat_api = wechat
    shop.ships(order)

    assert [each.tracking_no for each in wechat.shipments] == ["SF1001", "YT1"]
    assert upload_of(shop, order) == "done"
    shop.assert_books_balance()


# What WeChat says of it


def test_what_a_user_confirms_in_wechat_is_received(shop: Shop, order: Placed) -> None:
    shop.sandbox.mini_program.tell(order.order_id, "settlement")
    shop.sandbox.pump()
    assert order.status == "shipped"

    shop.sandbox.mini_program.tell(order.order_id, "confirm_receive", notify={"times": 3})
    shop.sandbox.pump()

    assert order.status == "received"
    assert shop.findings() == []
    shop.passes(SETTLES_SECONDS)
    assert order.status == "settled"
    shop.sandbox.mini_program.tell(order.order_id, "confirm_receive", method="automatic")
    shop.sandbox.pump()
    assert (order.status, shop.findings()) == ("settled", [])
    shop.assert_books_balance()


def test_a_reminder_to_ship_is_for_a_person(shop: Shop) -> None:
    order = ready(shop)

    shop.sandbox.mini_program.tell(order.order_id, "remind_shipping", notify={"times": 2})
    shop.sandbox.pump()

    (found,) = shop.rows("findings")
    assert (found["kind"], found["about"]) == ("trade_manage_remind_shipping", order.order_id)


@pytest.mark.parametrize("corrupt", ["signature", "timestamp", "key", "appid"])
def test_a_message_that_is_not_wechats_is_not_believed(
    shop: Shop, order: Placed, corrupt: str
) -> None:
    shop.sandbox.mini_program.tell(order.order_id, "confirm_receive", notify={"corrupt": corrupt})
    shop.sandbox.pump()

    assert order.status == "shipped"


# Sent back


def test_a_shipped_order_is_refunded_only_by_an_operators_word(shop: Shop, order: Placed) -> None:
    asked = order.asks_refund()
    assert (asked["status"], asked["ends_order"]) == ("awaiting_operator", True)
    assert order.status == "shipped"

    shop.decides(asked["refund_id"])

    assert order.status == "refunded"
    assert (shop.units_left(), order.now()["refunded_fen"]) == (98, 4000)
    shop.passes(RECEIVES_SECONDS)
    assert (order.status, sales_fen(shop)) == ("refunded", 0)
    shop.assert_books_balance()


def test_goods_that_come_back_are_stocked_again(shop: Shop, order: Placed) -> None:
    refund_id = asks_to_return(shop, order)
    shop.assert_books_balance()
    assert shop.sandbox.totals()["refunds"] == 0

    sent = order.sends_back(refund_id)
    assert sent["return_shipment"] == {
        "carrier": "顺丰",
        "tracking_no": "SF2002",
        "sent_at": "2026-11-22T12:00:00Z",
    }
    shop.passes(RETURN_SECONDS)
    order.member.signs_in_again()
    assert order.now()["refunds"][0]["status"] == "awaiting_return"
    waiting = shop.admin("list_refunds", status="awaiting_return")["items"]
    assert [each["refund_id"] for each in waiting] == [refund_id]
    assert (order.status, shop.units_left()) == ("received", 98)
    shop.decides(refund_id, reason="it is here")

    assert (order.status, shop.units_left()) == ("refunded", 100)
    shop.passes(3600)
    assert (order.status, sales_fen(shop)) == ("refunded", 0)
    shop.assert_books_balance()


def test_a_part_that_goes_back_leaves_the_order_and_its_goods(shop: Shop, order: Placed) -> None:
    order.receives()
    asked = order.asks_refund(amount_fen=1500)
    assert (asked["status"], asked["ends_order"]) == ("awaiting_operator", False)
    shop.decides(asked["refund_id"], amount_fen=1000)
    refund_id = asks_to_return(shop, order, amount_fen=3000)
    order.sends_back(refund_id)
    shop.passes(61)
    shop.decides(refund_id, reason="one is broken", amount_fen=500)
    shop.passes(61)

    assert (order.status, order.now()["refunded_fen"], shop.units_left()) == ("received", 1500, 98)
    shop.passes(SETTLES_SECONDS)
    assert (order.status, sales_fen(shop)) == ("settled", 2500)
    shop.assert_books_balance()


def test_a_return_approved_for_less_gives_the_rest_back_at_once(shop: Shop, order: Placed) -> None:
    refund_id = order.asks_refund(type="return_goods")["refund_id"]

    shop.decides(refund_id, amount_fen=2500)

    seen = shop.admin("get_order", order_id=order.order_id)
    assert [seen["refundable_fen"], seen["undecided_fen"]] == [1500, 2500]
    assert seen["refunds"][0]["ends_order"] is False
    shop.assert_books_balance()


def test_goods_that_were_never_sent_end_the_request(shop: Shop, order: Placed) -> None:
    refund_id = asks_to_return(shop, order)
    shop.passes(RETURN_SECONDS - 1)
    assert order.now()["refunds"][0]["status"] == "awaiting_return"

    shop.passes(1)

    order.member.signs_in_again()
    assert order.now()["refunds"][0]["status"] == "withdrawn"
    late = order.sends_back(refund_id)
    assert (late.status, late.code) == (409, "return_not_expected")
    seen = shop.admin("get_order", order_id=order.order_id)
    assert [seen["refundable_fen"], seen["undecided_fen"]] == [4000, 0]
    shop.assert_books_balance()


def test_the_approval_that_asked_for_the_goods_told_twice_pays_nothing(
    shop: Shop, order: Placed
) -> None:
    refund_id = asks_to_return(shop, order)

    again = shop.decides(refund_id, reason="send it back")
    assert (again["outcome"], again["status"]) == ("unchanged", "awaiting_return")
    there = shop.decides(refund_id, reason="brought to the shop")

    assert there["outcome"] == "approved"
    assert (order.status, shop.units_left()) == ("refunded", 100)
    shop.assert_books_balance()


def test_a_return_can_be_rejected_or_taken_back(shop: Shop, order: Placed) -> None:
    rejected = asks_to_return(shop, order, amount_fen=1000)
    order.sends_back(rejected)
    shop.decides(rejected, "reject", reason="it is not ours")
    withdrawn = asks_to_return(shop, order, amount_fen=1000)
    order.member.send("POST", f"/v1/refunds/{withdrawn}/cancel")

    seen = shop.admin("get_order", order_id=order.order_id)
    assert [refund["status"] for refund in seen["refunds"]] == ["rejected", "withdrawn"]
    assert [seen["refundable_fen"], seen["undecided_fen"]] == [4000, 0]
    shop.assert_books_balance()


def test_how_the_goods_come_back_can_be_corrected_by_their_sender_only(
    shop: Shop, order: Placed
) -> None:
    refund_id = asks_to_return(shop, order)
    eve = shop.member("Eve")
    body = {"carrier": "顺丰", "tracking_no": "SF2002"}
    assert eve.send("POST", f"/v1/refunds/{refund_id}/return-shipment", body).status == 404

    order.sends_back(refund_id)
    corrected = order.sends_back(refund_id, tracking_no="SF3003")
    assert corrected["return_shipment"]["tracking_no"] == "SF3003"
    shop.decides(refund_id, reason="it is here")
    assert order.sends_back(refund_id, tracking_no="SF3003").status == 200

    assert order.sends_back(refund_id).code == "return_not_expected"
    assert order.status == "refunded"


def test_goods_cannot_come_back_before_they_left(shop: Shop) -> None:
    order = ready(shop)
    before = shop.everything()

    refused = order.asks_refund(type="return_goods")

    assert (refused.status, refused.code) == (409, "order_not_refundable")
    assert shop.everything() == before


# Settled


def test_an_open_refund_puts_settling_off(shop: Shop, order: Placed) -> None:
    order.receives()
    asked = order.asks_refund(amount_fen=1000)["refund_id"]
    shop.passes(SETTLES_SECONDS)
    assert (order.status, sales_fen(shop)) == ("received", 0)
    assert shop.rows("orders")[0]["due_at"] == "2026-11-22T15:00:00.000Z"

    shop.decides(asked)
    shop.passes(3600)

    assert (order.status, sales_fen(shop)) == ("settled", 3000)
    shop.assert_books_balance()


def test_a_refund_after_settlement_is_taken_from_the_merchants_sales(
    shop: Shop, order: Placed
) -> None:
    settled(shop, order)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=1000, reason="sorry")
    shop.settles()
    assert (order.status, sales_fen(shop)) == ("settled", 3000)
    shop.passes(61)

    whole = order.asks_refund()
    shop.decides(whole["refund_id"])
    shop.passes(61)

    assert (order.status, sales_fen(shop), shop.units_left()) == ("refunded", 0, 98)
    shop.assert_books_balance()


def test_an_order_wholly_given_back_in_parts_settles_at_nothing(shop: Shop, order: Placed) -> None:
    order.receives()
    parts = [order.asks_refund(amount_fen=2000)["refund_id"] for _ in range(2)]
    shop.decides(parts[0])
    shop.passes(61)
    shop.decides(parts[1])
    shop.passes(61)

    assert order.status == "refunded"
    shop.passes(SETTLES_SECONDS)
    assert sales_fen(shop) == 0
    shop.assert_books_balance()
