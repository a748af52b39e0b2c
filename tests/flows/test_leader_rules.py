"""Stories of leaders who get the goods for nothing (团长免单): the payment goes back, the goods are
shipped all the same, the shop bears it. Those of bonuses stand in test_leader_bonuses.py.
"""

from typing import Any

import pytest

from chalicelib.gateways.wechat_api import PAYMENT_IS_OVER, UploadOutcome, UploadResult
from tests.fakes import FakeWechatApi
from tests.led import FREEZE_SECONDS, balances, led, settled
from tests.shop import Placed, Shop

FREE = {"leader": {"free": True}}
LADDER = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose orders settle an hour after receipt."""
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    return shop


def refund_of(shop: Shop, order: Placed, cause: str = "leader_free") -> dict[str, Any]:
    (found,) = shop.rows("refunds", order_id=order.order_id, cause=cause)
    return found


def row_of(shop: Shop, order: Placed) -> dict[str, Any]:
    return shop.rows("orders", order_id=order.order_id)[0]


def wechat_holds_refunds(shop: Shop, order: Placed, outcome: str) -> str:
    """The order's refund ends so at WeChat; its id."""
    refund_id = str(refund_of(shop, order)["refund_id"])
    shop.sandbox.settle_refund(f"{refund_id}_1", outcome)
    shop.settles()
    assert refund_of(shop, order)["refund_state"] == outcome
    return refund_id


def refused(shop: Shop, order: Placed, **fields: Any) -> tuple[int, str, str]:
    """What the member is told, and what an operator is; neither changes anything."""
    before = shop.everything()
    asked = order.asks_refund(**fields)
    by_operator = shop.tries_admin("refund_order", order_id=order.order_id, reason="好意")
    assert not by_operator["ok"]
    assert shop.everything() == before
    return asked.status, str(asked.code), by_operator["error"]["code"]


# From the first payment to the merchant's sale


def test_a_free_leader_is_refunded_shipped_to_and_settled_at_the_shops_expense(
    shop: Shop,
) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=800)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()

    assert (lin.status, lin.now()["refunded_fen"]) == ("to_ship", 2300)
    (shown,) = lin.now()["refunds"]
    assert (shown["amount_fen"], shown["ends_order"], shown["status"]) == (2300, False, "succeeded")
    assert shown["reason"] == "拼团成功，团长免单"
    assert (ann.status, ann.now()["refunds"], ann.now()["refunded_fen"]) == ("to_ship", [], 0)
    assert shop.units_left() == 98
    assert balances(shop) == {
        "wechat": 2300,
        "customer_funds": -4600,
        "marketing_expense": 2300,
    }

    settled(shop, lin, ann)

    assert (lin.status, ann.status) == ("settled", "settled")
    assert (row_of(shop, lin)["settled_fen"], row_of(shop, ann)["settled_fen"]) == (2300, 2300)
    assert balances(shop) == {"wechat": 2300, "marketing_expense": 2300, "sales": -4600}
    assert shop.findings() == []
    shop.assert_books_balance()


def test_operators_see_what_the_rules_gave_back(shop: Shop) -> None:
    lin, ann = led(shop, {"leader": {"free": True, "bonus_fen": 100}}, "Lin", "Ann")
    shop.settles()

    seen = [shop.admin("get_order", order_id=order.order_id) for order in (lin, ann)]

    assert [(one["price_cut_fen"], one["marketing_fen"]) for one in seen] == [(0, 1500), (0, 0)]
    bonus = {"member_id": lin.member.member_id, "amount_fen": 100}
    assert [one["leader_bonus"] for one in seen] == [None, bonus]
    assert seen[0]["refunds"][0]["cause"] == "leader_free"
    assert "marketing_fen" not in lin.now()


def test_wechat_is_not_told_of_a_shipment_whose_payment_it_has_given_back(shop: Shop) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()

    shop.ships(lin)
    shop.ships(ann)

    told = [len(shop.sandbox.mini_program.shipments_of(one.order_id)) for one in (lin, ann)]
    assert told == [0, 1]
    assert row_of(shop, lin)["shipment_upload"] == "not_needed"
    assert row_of(shop, lin)["due_at"] == row_of(shop, lin)["receives_at"]
    assert shop.findings() == []


@pytest.mark.parametrize(
    ("leads", "errcode", "found"),
    [
        (True, PAYMENT_IS_OVER, []),
        (True, 268485194, ["shipment_refused"]),
        (False, PAYMENT_IS_OVER, ["shipment_refused"]),
    ],
)
def test_any_other_refusal_of_a_shipment_is_told_to_a_person(
    shop: Shop, leads: bool, errcode: int, found: list[str]
) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    refuses = FakeWechatApi()
    refuses.upload_results.append(UploadResult(UploadOutcome.REFUSED, errcode))
    shop.wiring._wechat_api = refuses

    shop.ships(lin if leads else ann)

    assert shop.findings() == found


def test_a_free_order_that_nobody_receives_is_received_by_itself(shop: Shop) -> None:
    shop.admin("put_settings", auto_receipt_seconds=7200)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    for order in (lin, ann):
        shop.ships(order)

    shop.passes(7201)
    assert (lin.status, ann.status) == ("received", "received")
    shop.passes(FREEZE_SECONDS + 1)

    assert (lin.status, ann.status) == ("settled", "settled")
    shop.assert_books_balance()


def test_nobody_earns_on_what_is_free_and_the_joiners_inviter_does(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000, 500]})
    far, near = shop.member("Far"), shop.member("Near")
    near.visits(far.shares())
    for name in ("Lin", "Ann"):
        shop.member(name).visits(near.shares())
    lin, ann = led(shop, FREE, "Lin", "Ann")

    shop.settles()
    settled(shop, lin, ann)

    earned = {row["order_id"]: row["amount_fen"] for row in shop.rows("commissions")}
    assert set(earned) == {ann.order_id}
    assert balances(shop)["commission_expense"] == 150 + 75
    shop.assert_books_balance()


def test_a_guide_is_not_credited_with_what_is_free(shop: Shop) -> None:
    shop.admin("put_store", store_id="west", merchant_id="orchard", name="西湖店")
    guide = {"guide_id": "g1", "name": "小王"}
    (made,) = shop.admin("create_guides", store_id="west", guides=[guide])["guides"]
    for name in ("Lin", "Ann"):
        shop.member(name).visits(made["share_code"])

    led(shop, FREE, "Lin", "Ann")
    shop.settles()

    (figures,) = shop.admin("get_store", store_id="west")["guides"]
    assert (figures["orders_count"], figures["sales_fen"]) == (1, 1500)


# Trouble with the refund


def test_a_refund_that_wechat_closed_keeps_the_order_from_settling_and_not_from_shipping(
    shop: Shop,
) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    refund_id = wechat_holds_refunds(shop, lin, "closed")

    settled(shop, lin, ann)
    assert (lin.status, ann.status) == ("received", "settled")
    assert row_of(shop, lin)["shipment_upload"] == "done"
    assert balances(shop) == {"wechat": 3000, "customer_funds": -1500, "sales": -1500}

    shop.sandbox.configure(hold_refunds=False)
    shop.admin("retry_refund", refund_id=refund_id)
    shop.settles()
    shop.passes(FREEZE_SECONDS + 1)

    assert refund_of(shop, lin)["attempt"] == 2
    assert lin.status == "settled"
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    shop.assert_books_balance()


def test_a_refund_paid_by_hand_is_marketing_all_the_same(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    refund_id = wechat_holds_refunds(shop, lin, "abnormal")

    for _ in range(2):
        shop.admin("resolve_abnormal_refund", refund_id=refund_id, resolution="paid_by_hand")
    shop.settles()
    settled(shop, lin, ann)

    assert (lin.status, lin.now()["refunded_fen"]) == ("settled", 1500)
    assert balances(shop) == {
        "wechat": 3000,
        "outside_wechat": -1500,
        "marketing_expense": 1500,
        "sales": -3000,
    }
    shop.assert_audit_is_clean()


def test_an_abnormal_refund_retried_comes_back_before_or_after_the_goods(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    refund_id = wechat_holds_refunds(shop, lin, "abnormal")
    settled(shop, lin, ann)
    assert lin.status == "received"

    shop.admin("resolve_abnormal_refund", refund_id=refund_id, resolution="retry")
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()
    shop.passes(FREEZE_SECONDS + 1)

    assert lin.status == "settled"
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    shop.assert_books_balance()


def test_nothing_of_a_free_order_is_left_to_be_asked_back(shop: Shop) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    nothing_left = (409, "order_not_refundable", "order_not_refundable")

    assert refused(shop, lin) == nothing_left
    assert refused(shop, lin, amount_fen=1) == nothing_left
    shop.ships(lin)
    assert refused(shop, lin, type="return_goods") == nothing_left
    settled(shop, lin, ann)
    assert refused(shop, lin) == nothing_left


# Who is no leader any more, and groups that are short


def test_whoever_leaves_is_not_free_and_nobody_takes_their_place(shop: Shop) -> None:
    rules = {"leader": {"free": True, "bonus_fen": 500}, "leave_allowed": True}
    shop.campaign("led", size=3, rules=rules)
    lin = shop.member("Lin").opens("led").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    assert lin.cancels().status == 200
    shop.settles()
    others = [shop.member(name).joins(lin.group_id).pays() for name in ("Bo", "Cy")]
    shop.settles()

    assert lin.status == "refunded"
    assert [order.status for order in (ann, *others)] == ["to_ship"] * 3
    assert [row["cause"] for row in shop.rows("refunds")] == ["member_left"]
    assert shop.rows("commissions") == []
    shop.assert_books_balance()


def test_a_leader_who_comes_back_as_a_joiner_pays_and_earns_nothing(shop: Shop) -> None:
    rules = {"leader": {"free": True, "bonus_fen": 500}, "leave_allowed": True}
    shop.campaign("led", size=3, rules=rules)
    lin = shop.member("Lin").opens("led").pays()
    shop.member("Ann").joins(lin.group_id).pays()
    lin.cancels()
    shop.settles()
    again = lin.member.joins(lin.group_id).pays()
    shop.member("Bo").joins(lin.group_id).pays()
    shop.settles()

    assert (again.status, again.now()["refunded_fen"]) == ("to_ship", 0)
    assert shop.rows("commissions") == []
    shop.assert_books_balance()


def test_a_leader_who_left_the_shop_meanwhile_keeps_nobody_from_the_goods(shop: Shop) -> None:
    rules = {"leader": {"free": True, "bonus_fen": 500}, "leave_allowed": True}
    shop.campaign("led", size=3, rules=rules)
    lin = shop.member("Lin").opens("led").pays()
    shop.member("Ann").joins(lin.group_id).pays()
    lin.cancels()
    shop.settles()
    assert lin.member.send("DELETE", "/v1/me").status == 204

    others = [shop.member(name).joins(lin.group_id).pays() for name in ("Bo", "Cy")]
    shop.settles()

    assert [order.status for order in others] == ["to_ship"] * 2
    shop.assert_books_balance()


def test_the_leader_of_a_group_that_is_honoured_short_is_free_too(shop: Shop) -> None:
    rules = {**FREE, "when_short": "honour", "minimum_payers": 2}
    lin, ann = led(shop, rules, "Lin", "Ann", size=5)
    shop.settles()
    assert (lin.status, lin.now()["refunds"]) == ("paid", [])

    shop.passes(3601)

    assert (lin.status, lin.now()["refunded_fen"]) == ("to_ship", 1500)
    settled(shop, lin, ann)
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    shop.assert_books_balance()


def test_the_leader_of_a_group_that_fails_is_refunded_as_everybody(shop: Shop) -> None:
    lin, ann = led(shop, {"leader": {"free": True, "bonus_fen": 9}}, "Lin", "Ann", size=3)

    shop.passes(3601)
    shop.passes(61)

    assert (lin.status, ann.status) == ("refunded", "refunded")
    assert {row["cause"] for row in shop.rows("refunds")} == {"group_failed"}
    assert (shop.units_left(), balances(shop)) == (100, {})
    shop.assert_books_balance()


# Between the last payment and what follows


def test_a_leader_refunded_before_the_group_is_dealt_with_gets_no_goods(shop: Shop) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")

    shop.admin("refund_order", order_id=lin.order_id, reason="打错了")
    shop.settles()

    assert (lin.status, ann.status) == ("refunded", "to_ship")
    assert shop.units_left() == 99
    assert [row["cause"] for row in shop.rows("refunds")] == ["asked"]
    settled(shop, ann)
    assert balances(shop) == {"wechat": 1500, "sales": -1500}
    shop.assert_books_balance()


@pytest.mark.parametrize("dry_run", [False, True])
def test_no_part_is_refunded_before_the_group_is_dealt_with(shop: Shop, dry_run: bool) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    before = shop.everything()

    fields = {"order_id": lin.order_id, "amount_fen": 500, "reason": "好意", "dry_run": dry_run}
    answer = shop.tries_admin("refund_order", **fields)
    asked = ann.asks_refund(amount_fen=500)

    assert answer["error"]["code"] == "group_forming"
    assert (asked.status, asked.code) == (409, "group_forming")
    assert shop.everything() == before
    shop.settles()
    assert lin.now()["refunded_fen"] == 1500
    assert ann.asks_refund(amount_fen=500).status == 201
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("times", [0, 3])
def test_a_leader_is_free_once_whatever_the_streams_lose_or_repeat(shop: Shop, times: int) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    if times:
        shop.streams_flow(times=times)
    else:
        shop.streams_are_lost()
    for _ in range(4):
        shop.passes(61)
        if not times:
            shop.streams_are_lost()

    assert (lin.status, ann.status) == ("to_ship", "to_ship")
    assert lin.now()["refunded_fen"] == 1500
    assert shop.sandbox.totals()["refunds"] == 1
    settled(shop, lin, ann)
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    shop.assert_books_balance()


def test_an_operator_ships_a_free_order_before_any_stream_has_come(shop: Shop) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    fields = {"order_id": lin.order_id, "carrier": "SF", "tracking_no": "SF1001"}
    before = shop.everything()
    rehearsed = shop.admin("ship_order", **fields, dry_run=True)
    assert (rehearsed["outcome"], shop.everything()) == ("shipped", before)

    shipped = shop.admin("ship_order", **fields)

    assert (shipped["status"], ann.status) == ("shipped", "to_ship")
    assert row_of(shop, lin)["marketing_fen"] == 1500
    shop.settles()
    assert (lin.status, lin.now()["refunded_fen"]) == ("shipped", 1500)
    settled(shop, lin, ann)
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    assert shop.findings() == []
    shop.assert_books_balance()


# Goods that cannot be shipped after all


@pytest.mark.parametrize("held", [False, True])
def test_an_operator_ends_a_free_order_that_cannot_ship_and_it_was_no_marketing(
    shop: Shop, held: bool
) -> None:
    shop.sandbox.configure(hold_refunds=held)
    lin, ann, bo = led(shop, {**FREE, "tiers": LADDER}, "Lin", "Ann", "Bo")
    shop.settles()
    if not held:
        shop.passes(61)
    assert refused(shop, lin)[0] == 409

    ended = {"order_id": lin.order_id, "reason": "缺货"}
    states = [shop.admin("cancel_order", **ended)["status"] for _ in range(2)]

    assert states == ["refunding" if held else "refunded"] * 2
    shop.passes(61)
    if held:
        for cause in ("ladder", "leader_free"):
            number = f"{refund_of(shop, lin, cause)['refund_id']}_1"
            shop.sandbox.settle_refund(number, "success")
            shop.settles()
        for joined in (ann, bo):
            number = f"{refund_of(shop, joined, 'ladder')['refund_id']}_1"
            shop.sandbox.settle_refund(number, "success")
            shop.settles()
    assert (lin.status, lin.now()["refunded_fen"]) == ("refunded", 1500)
    assert shop.units_left() == 98
    settled(shop, ann, bo)
    assert balances(shop) == {"wechat": 2400, "sales": -2400}
    shop.assert_books_balance()


# With other rules


def test_a_free_leader_on_a_ladder_gets_two_refunds_a_minute_apart(shop: Shop) -> None:
    rules = {"leader": {"free": True, "bonus_bp": 1000}, "tiers": LADDER}
    lin, ann, bo = led(shop, rules, "Lin", "Ann", "Bo")
    shop.settles()
    asked = {row["cause"]: row["amount_fen"] for row in shop.rows("refunds", order_id=lin.order_id)}
    assert asked == {"ladder": 300, "leader_free": 1200}
    assert lin.now()["refunded_fen"] in (300, 1200)

    shop.passes(61)

    assert lin.now()["refunded_fen"] == 1500
    assert [order.now()["refunded_fen"] for order in (ann, bo)] == [300, 300]
    assert [order.now()["price_cut_fen"] for order in (lin, ann, bo)] == [300] * 3
    settled(shop, lin, ann, bo)
    assert balances(shop) == {
        "wechat": 2 * 1200,
        "marketing_expense": 1200 + 2 * 120,
        "sales": -3 * 1200,
        "members": -2 * 120,
    }
    assert shop.findings() == []
    shop.assert_books_balance()


def test_of_a_draw_only_who_ships_is_free_or_earned_on(shop: Shop) -> None:
    rules = {"leader": {"free": True, "bonus_fen": 100}, "draw": {"winners": 2}}
    placed = led(shop, rules, "Lin", "Ann", "Bo", "Cy")
    shop.settles()

    won = [order for order in placed if order.status == "to_ship"]
    lost = [order for order in placed if order.status == "refunded"]
    assert (len(won), len(lost)) == (2, 2)
    joined = [order for order in won if order is not placed[0]]
    earned = {row["order_id"]: row["amount_fen"] for row in shop.rows("commissions")}
    assert earned == {order.order_id: 100 // len(joined) for order in joined}
    is_free = placed[0] in won
    settled(shop, *won)
    assert balances(shop) == {
        "wechat": 1500 * len(joined),
        "marketing_expense": 1500 * is_free + 100,
        "sales": -3000,
        "members": -100,
    }
    shop.assert_books_balance()


@pytest.mark.parametrize("refunded", [0, 1])
def test_an_entry_refunded_before_the_draw_is_neither_free_nor_earned_on(
    shop: Shop, refunded: int
) -> None:
    draw = {"winners": 2, "scope": "campaign"}
    rules = {"leader": {"free": True, "bonus_fen": 101}, "draw": draw}
    ends_at = shop.at(7200)
    placed = led(shop, rules, "Lin", "Ann", "Bo", ends_at=ends_at)
    shop.settles()
    assert {order.status for order in placed} == {"paid"}
    shop.admin("refund_order", order_id=placed[refunded].order_id, reason="打错了")
    shop.settles()

    shop.passes(7201)
    shop.passes(61)
    shop.passes(61)

    others = [order for order in placed if order is not placed[refunded]]
    assert [order.status for order in others] == ["to_ship", "to_ship"]
    assert placed[refunded].status == "refunded"
    settled(shop, *others)
    expected = {"wechat": 3000, "marketing_expense": 101, "sales": -3000, "members": -101}
    if refunded == 1:
        expected |= {"wechat": 1500, "marketing_expense": 1500 + 101}
    assert balances(shop) == expected
    shop.assert_books_balance()
