"""What was left undone in the middle is done later, whoever brings the order on meanwhile."""

from chalicelib.gateways.wechat_api import silence
from chalicelib.kit.errors import WechatUnavailable
from tests.shop import Placed, Shop
from tests.withdrawals.words import asked, confirms, wallet

UPLOAD = "/wxa/sec/order/upload_shipping_info"


def test_a_payment_whose_booking_failed_is_booked_when_its_group_completes(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.settles()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    with shop.database_fails("PutItem"):
        shop.relays("orders")

    shop.settles()

    assert [lin.status, ann.status] == ["to_ship", "to_ship"]
    assert {row["about"] for row in shop.rows("ledger", code="payment")} == {
        lin.order_id,
        ann.order_id,
    }
    assert [("first_paid_at" in row) for row in shop.rows("members", kind="buyer")] == [True, True]
    shop.assert_books_balance()


def test_a_payment_whose_record_was_lost_is_booked_when_it_ships(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.streams_are_lost()
    shop.ships(order)
    shop.settles()

    assert [row["amount_fen"] for row in shop.rows("ledger", code="payment")] == [2000]
    assert [("first_paid_at" in row) for row in shop.rows("members", kind="buyer")] == [True]
    shop.assert_books_balance()


def test_a_seat_that_could_not_be_refunded_just_now_is_nobodys_business(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.settles()
    shop.advance(3601)
    shop.sweeps()
    with shop.database_fails("TransactWriteItems"):
        shop.relays("groups")
    assert (lin.status, shop.findings()) == ("paid", [])

    shop.passes(61)

    assert (lin.status, shop.findings()) == ("refunded", [])
    shop.assert_books_balance()


def shipped_while_wechat_is_silent(shop: Shop) -> Placed:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    shop.sandbox.add_fault(UPLOAD, "error_before", times=10_000)
    return shop.ships(order)


def test_wechat_is_told_of_a_shipment_however_late_it_answers_again(shop: Shop) -> None:
    order = shipped_while_wechat_is_silent(shop)
    for _ in range(20 * 24):
        shop.passes(3600)
    order.member.signs_in_again()
    assert order.status == "settled"
    assert shop.findings() == ["shipment_not_told"]

    shop.sandbox.forget_faults()
    shop.passes(3601)

    assert len(shop.sandbox.mini_program.shipments_of(order.order_id)) == 1
    shop.passes(3600)
    assert shop.rows("orders")[0].get("due_at") is None
    shop.assert_audit_is_clean()


def test_nobody_leaves_before_wechat_knows_of_their_shipment(shop: Shop) -> None:
    order = shipped_while_wechat_is_silent(shop)
    shop.settles()
    order.receives()
    assert order.member.send("DELETE", "/v1/me").code == "account_in_use"

    shop.sandbox.forget_faults()
    shop.passes(3601)

    assert order.member.send("DELETE", "/v1/me").status == 204


def test_nobody_leaves_while_a_refund_of_theirs_is_open(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    shop.ships(order)
    shop.settles()
    order.receives()
    order.asks_refund(amount_fen=500)

    assert order.member.send("DELETE", "/v1/me").code == "account_in_use"


def test_after_wechat_did_not_answer_a_batch_does_not_wait_for_it_again(shop: Shop) -> None:
    orders = [shop.member(f"M{number}").buys().pays() for number in range(5)]
    shop.settles()
    asked_for = []

    class Silent:
        def upload_shipment(self, upload: object) -> object:
            asked_for.append(upload)
            raise WechatUnavailable()

    before = shop.wiring._wechat_api
    shop.wiring._wechat_api = Silent()  # type: ignore[assignment]
    for order in orders:
        shop.ships(order)
    shop.settles()
    assert len(asked_for) == 1

    shop.wiring._wechat_api = before
    silence.end()
    shop.passes(61)
    told = [shop.sandbox.mini_program.shipments_of(order.order_id) for order in orders]
    assert [len(each) for each in told] == [1] * 5


def test_a_late_upload_beside_an_open_refund_is_not_asked_for_every_minute(shop: Shop) -> None:
    shop.admin("put_settings", commission={"freeze_seconds": 60})
    order = shipped_while_wechat_is_silent(shop)
    shop.settles()
    order.receives()
    order.asks_refund(amount_fen=500)
    for _ in range(3):
        shop.passes(3600)
    looks = shop.rows("orders")[0]["shipment_looks"]

    for _ in range(30):
        shop.passes(60)

    assert shop.rows("orders")[0]["shipment_looks"] <= looks + 5


def test_a_member_s_many_questions_leave_refunds_to_the_operators(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    shop.ships(order)
    codes = []
    for _ in range(12):
        reply = order.asks_refund(amount_fen=1)
        codes.append(reply.code)
        if reply.status == 201:
            order.member.send("POST", f"/v1/refunds/{reply['refund_id']}/cancel")

    assert codes == [None] * 10 + ["order_not_refundable"] * 2
    shop.admin("refund_order", order_id=order.order_id, reason="坏了")
    shop.settles()
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_a_clawback_from_whoever_has_left_writes_nothing_about_them(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000], "freeze_seconds": 60})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    ann.visits(lin.shares())
    order = ann.buys().pays()
    shop.settles()
    shop.ships(order)
    order.receives()
    shop.passes(61)
    withdrawal_id = asked(lin, 200)
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()
    assert wallet(lin)["available_fen"] == 0
    assert lin.send("DELETE", "/v1/me").status == 204

    shop.admin("refund_order", order_id=order.order_id, reason="坏了")
    shop.settles()

    assert shop.rows("members", member_id=lin.member_id) == []
    assert shop.rows("commissions")[0]["reversed_fen"] == 200
    shop.assert_books_balance()


def test_an_inviter_who_has_left_holds_nobody(shop: Shop) -> None:
    lin, ann, bo = (shop.member(name) for name in ("Lin", "Ann", "Bo"))
    assert bo.visits(lin.shares())["bound"] is True
    assert lin.send("DELETE", "/v1/me").status == 204

    assert bo.visits(ann.shares())["bound"] is True


def test_a_guide_s_code_binds_anew_once_another_looks_after_it(shop: Shop) -> None:
    first, second, bo = (shop.member(name) for name in ("Lin", "Ann", "Bo"))
    shop.admin("put_store", store_id="west", merchant_id="orchard", name="西湖店")
    guide = {"guide_id": "g1", "name": "小李"}
    made = shop.admin(
        "create_guides", store_id="west", guides=[{**guide, "member_id": first.member_id}]
    )
    code = made["guides"][0]["share_code"]
    assert bo.visits(code)["bound"] is True
    shop.admin("create_guides", store_id="west", guides=[{**guide, "member_id": second.member_id}])

    assert bo.visits(code)["bound"] is True

    relation = shop.rows("members", member_id=bo.member_id, kind="referral")[0]
    assert relation["inviter_id"] == second.member_id
