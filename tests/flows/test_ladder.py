"""Stories of ladders (阶梯团): everyone pays the first tier's price, and when the group is complete
the difference to the tier reached goes back.
"""

from typing import Any

import pytest

from tests.commissions.words import commissions
from tests.led import FREEZE_SECONDS, balances, led, settled
from tests.shop import Placed, Shop

FOUR = ("Lin", "Ann", "Bo", "Cy")
LADDER: dict[str, Any] = {
    "tiers": [
        {"headcount": 2, "price_fen": 1500},
        {"headcount": 3, "price_fen": 1200},
        {"headcount": 4, "price_fen": 900},
    ]
}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose orders settle an hour after receipt."""
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    return shop


def came_back(*placed: Placed) -> list[tuple[str, int]]:
    """State of each order, and what of its payment is back."""
    seen = [order.now() for order in placed]
    return [(order["status"], order["refunded_fen"]) for order in seen]


def causes(shop: Shop) -> list[tuple[str, int, str]]:
    """Every refund."""
    rows = shop.rows("refunds")
    return sorted((row["cause"], row["amount_fen"], row["refund_state"]) for row in rows)


def pears(shop: Shop, **product: Any) -> None:
    """A second product at 30 yuan, a hundred of them."""
    sku = {"sku_id": "pears-3", "title": "3斤装", "solo_price_fen": 3000, "stock": 100}
    given = {"product_id": "pears", "merchant_id": "orchard", "title": "雪梨", "skus": [sku]}
    shop.admin("put_product", **{**given, **product})


def test_a_full_group_pays_the_best_price_at_once(shop: Shop) -> None:
    placed = led(shop, LADDER, *FOUR)
    assert {order.amount_fen for order in placed} == {1500}

    shop.settles()

    assert came_back(*placed) == [("to_ship", 600)] * 4
    assert causes(shop) == [("ladder", 600, "succeeded")] * 4
    refund = placed[0].now()["refunds"][0]
    assert (refund["reason"], refund["ends_order"]) == ("达到阶梯价，退还差价", False)
    assert (shop.units_left(), shop.sandbox.totals()["refunded_fen"]) == (96, 2400)
    settled(shop, *placed)
    assert {order.status for order in placed} == {"settled"}
    assert balances(shop) == {"wechat": 3600, "sales": -3600}
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("heads", "becomes", "status", "back_fen"),
    [
        (1, "failed", "refunded", 1500),
        (2, "complete", "to_ship", 0),
        (3, "complete", "to_ship", 300),
        (4, "complete", "to_ship", 600),
    ],
)
def test_when_time_runs_out_everyone_pays_the_price_of_the_tier_reached(
    shop: Shop, heads: int, becomes: str, status: str, back_fen: int
) -> None:
    placed = led(shop, LADDER, *FOUR[:heads], size=5)

    shop.passes(3600)
    shop.passes(61)

    assert shop.group(placed[0].group_id)["status"] == becomes
    assert came_back(*placed) == [(status, back_fen)] * heads
    assert len(shop.rows("refunds")) == (heads if back_fen else 0)
    assert shop.units_left() == (100 if becomes == "failed" else 100 - heads)
    shop.assert_books_balance()


def test_a_ladder_waits_for_its_deadline_while_a_seat_is_free(shop: Shop) -> None:
    placed = led(shop, LADDER, *FOUR, size=5)

    shop.passes(3599)

    assert came_back(*placed) == [("paid", 0)] * 4
    assert shop.group(placed[0].group_id)["status"] == "forming"


def test_a_group_honoured_below_the_first_tier_keeps_the_price(shop: Shop) -> None:
    rules = {
        "tiers": [{"headcount": 3, "price_fen": 1500}, {"headcount": 4, "price_fen": 900}],
        "when_short": "honour",
        "minimum_payers": 2,
    }
    enough = led(shop, rules, "Lin", "Ann", size=5)
    alone = shop.member("Bo").opens("led").pays()

    shop.passes(3600)
    shop.passes(61)

    assert came_back(*enough, alone) == [("to_ship", 0), ("to_ship", 0), ("refunded", 1500)]
    assert causes(shop) == [("group_failed", 1500, "succeeded")]
    shop.assert_books_balance()


def test_the_difference_is_for_every_unit_and_never_for_the_freight(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=800, free_from_fen=4500)
    shop.campaign("steps", size=3, rules={"tiers": LADDER["tiers"][:2]})
    lin = shop.member("Lin").opens("steps", quantity=2).pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    bo = shop.member("Bo").joins(lin.group_id, quantity=3).pays()
    assert [order.amount_fen for order in (lin, ann, bo)] == [3800, 2300, 4500]

    shop.settles()

    # Three units have become too cheap to be sent free, and still are: it was promised so.
    assert came_back(lin, ann, bo) == [("to_ship", 600), ("to_ship", 300), ("to_ship", 900)]
    settled(shop, lin, ann, bo)
    assert balances(shop) == {"wechat": 8800, "sales": -8800}
    assert shop.admin("get_campaign", campaign_id="steps")["sold_count"] == 6
    shop.assert_books_balance()


def test_each_sku_has_its_own_price_at_each_tier(shop: Shop) -> None:
    pears(shop)
    skus = [
        {"sku_id": "apples-5", "group_price_fen": 1500},
        {"sku_id": "pears-3", "group_price_fen": 2500, "tier_prices_fen": [2500, 2400, 1000]},
    ]
    rules = {**LADDER, "cross_product": True}
    shop.campaign("both", size=4, rules=rules, skus=skus)
    lin = shop.member("Lin").opens("both", sku_id="pears-3", quantity=2).pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    bo = shop.member("Bo").joins(lin.group_id, sku_id="pears-3").pays()

    shop.passes(3600)
    shop.passes(61)

    assert came_back(lin, ann, bo) == [("to_ship", 200), ("to_ship", 300), ("to_ship", 100)]
    shop.assert_books_balance()


# Who counts


def test_whoever_leaves_in_time_does_not_count(shop: Shop) -> None:
    rules = {**LADDER, "leave_allowed": True}
    lin, ann, bo = led(shop, rules, "Lin", "Ann", "Bo", size=4)

    assert ann.cancels()["status"] == "refunding"
    shop.passes(3600)
    shop.passes(61)

    assert came_back(lin, ann, bo) == [("to_ship", 0), ("refunded", 1500), ("to_ship", 0)]
    assert causes(shop) == [("member_left", 1500, "succeeded")]
    shop.assert_books_balance()


def test_a_ladder_goes_on_without_its_leader(shop: Shop) -> None:
    rules = {**LADDER, "leave_allowed": True}
    lin, *others = led(shop, rules, *FOUR, size=5)

    assert lin.cancels()["status"] == "refunding"
    shop.passes(3600)
    shop.passes(61)

    assert came_back(lin, *others) == [("refunded", 1500), *[("to_ship", 300)] * 3]
    shop.assert_books_balance()


def test_a_seat_that_is_not_paid_at_the_deadline_does_not_count(shop: Shop) -> None:
    shop.admin("put_settings", pay_window_seconds=7200)
    placed = led(shop, LADDER, "Lin", "Ann", size=4)
    unpaid = shop.member("Bo").joins(placed[0].group_id)

    shop.passes(3600)
    shop.passes(61)

    assert came_back(*placed) == [("to_ship", 0)] * 2
    assert unpaid.status == "cancelled"
    shop.assert_books_balance()


def test_a_payment_we_had_not_heard_of_counts_when_time_runs_out(shop: Shop) -> None:
    shop.admin("put_settings", pay_window_seconds=7200)
    lin, ann = led(shop, LADDER, "Lin", "Ann", size=4)
    bo = shop.member("Bo").joins(lin.group_id)
    bo.pays(times=0)

    shop.passes(3600)
    shop.passes(61)

    assert came_back(lin, ann, bo) == [("to_ship", 300)] * 3
    shop.assert_books_balance()


def test_an_operators_cancel_refunds_all_whatever_tier_was_reached(shop: Shop) -> None:
    placed = led(shop, LADDER, *FOUR, size=5)

    shop.admin("cancel_group", group_id=placed[0].group_id)
    shop.settles()

    assert came_back(*placed) == [("refunded", 1500)] * 4
    assert shop.group(placed[0].group_id)["tier"] is None
    shop.assert_books_balance()


def test_a_group_keeps_the_ladder_it_began_with(shop: Shop) -> None:
    lin, ann = led(shop, {**LADDER, "leave_allowed": True}, "Lin", "Ann", size=5)
    dearer = [{"headcount": 2, "price_fen": 1900}, {"headcount": 3, "price_fen": 1800}]
    skus = [{"sku_id": "apples-5", "group_price_fen": 1900}]
    shop.campaign("led", size=3, rules={"tiers": dearer}, skus=skus)

    bo = shop.member("Bo").joins(lin.group_id).pays()
    cy = shop.member("Cy").joins(lin.group_id).pays()
    new = shop.member("Di").opens("led").pays()
    assert [bo.amount_fen, cy.amount_fen, new.amount_fen] == [1500, 1500, 1900]
    assert shop.group(lin.group_id)["rules"]["tiers"] == LADDER["tiers"]
    assert ann.cancels()["status"] == "refunding"
    assert new.cancels().code == "group_forming"
    shop.admin("end_campaign", campaign_id="led")
    shop.passes(3600)
    shop.passes(61)

    assert came_back(lin, bo, cy) == [("to_ship", 300)] * 3
    assert came_back(ann, new) == [("refunded", 1500), ("refunded", 1900)]
    shop.assert_books_balance()


# The difference on its way


def test_the_difference_goes_back_once_however_often_it_is_told(shop: Shop) -> None:
    placed = led(shop, LADDER, *FOUR)

    shop.streams_flow(times=3)
    shop.settles()
    shop.passes(61)

    assert came_back(*placed) == [("to_ship", 600)] * 4
    assert shop.sandbox.totals()["refunds"] == 4
    shop.assert_books_balance()


def test_a_lost_stream_is_made_up_for_by_the_sweep(shop: Shop) -> None:
    placed = led(shop, LADDER, *FOUR)
    shop.streams_are_lost()
    assert came_back(*placed) == [("paid", 0)] * 4

    shop.passes(61)
    shop.passes(61)

    assert came_back(*placed) == [("to_ship", 600)] * 4
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("resolution", "ends_as"),
    [
        ("retry", {"wechat": 3600, "sales": -3600}),
        ("paid_by_hand", {"wechat": 4200, "sales": -3600, "outside_wechat": -600}),
    ],
)
def test_a_difference_that_wechat_cannot_deliver_holds_up_settling_and_nothing_else(
    shop: Shop, resolution: str, ends_as: dict[str, int]
) -> None:
    shop.sandbox.configure(hold_refunds=True)
    placed = led(shop, LADDER, *FOUR)
    shop.settles()
    lin = placed[0]
    number = f"{lin.now()['refunds'][0]['refund_id']}_1"
    shop.sandbox.settle_refund(number, "abnormal")
    for order in placed[1:]:
        shop.sandbox.settle_refund(f"{order.now()['refunds'][0]['refund_id']}_1", "success")
    shop.settles()

    settled(shop, *placed)
    assert came_back(*placed) == [("received", 0), *[("settled", 600)] * 3]
    shop.sandbox.configure(hold_refunds=False)
    if resolution == "retry":  # WeChat delivers it after all
        shop.sandbox.settle_refund(number, "success", {"times": 0})
    resolve = {"refund_id": number.removesuffix("_1"), "resolution": resolution}
    shop.admin("resolve_abnormal_refund", **resolve)
    shop.settles()
    shop.passes(3601)
    shop.passes(61)

    assert came_back(lin) == [("settled", 600)]
    assert balances(shop) == ends_as
    shop.assert_audit_is_clean()


def test_a_closed_difference_goes_out_again_under_the_next_number(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, *_ = placed = led(shop, LADDER, *FOUR)
    shop.settles()
    refund_ids = [order.now()["refunds"][0]["refund_id"] for order in placed]
    shop.sandbox.settle_refund(f"{refund_ids[0]}_1", "closed")
    for refund_id in refund_ids[1:]:
        shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()
    shop.ships(lin)

    shop.admin("retry_refund", refund_id=refund_ids[0])
    shop.settles()
    shop.passes(61)
    shop.sandbox.settle_refund(f"{refund_ids[0]}_2", "success")
    shop.settles()

    assert came_back(*placed) == [("shipped", 600), *[("to_ship", 600)] * 3]
    shop.assert_books_balance()


def test_all_of_it_asked_back_while_the_difference_is_on_its_way_is_only_what_is_left(
    shop: Shop,
) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, *others = led(shop, LADDER, *FOUR)
    shop.settles()
    difference = lin.now()["refunds"][0]["refund_id"]

    rest = lin.asks_refund()
    assert [rest["status"], rest["amount_fen"]] == ["awaiting_operator", 900]
    assert came_back(lin) == [("to_ship", 0)]
    approved = shop.decides(rest["refund_id"], operator="店主", reason="可以退")

    assert (approved["status"], approved["ends_order"]) == ("requested", True)
    assert came_back(lin) == [("refunding", 0)]
    assert shop.sandbox.totals()["refunds"] == 0
    sent = [shop.sandbox.refunds_of(order.order_id) for order in (lin, others[0])]
    assert [len(each) for each in sent] == [1, 1]
    shop.passes(61)
    assert len(shop.sandbox.refunds_of(lin.order_id)) == 2
    shop.sandbox.settle_refund(f"{rest['refund_id']}_1", "success")
    shop.settles()
    assert came_back(lin) == [("refunding", 900)]
    shop.sandbox.settle_refund(f"{difference}_1", "success")
    for order in others:
        shop.sandbox.settle_refund(f"{order.now()['refunds'][0]['refund_id']}_1", "success")
    shop.settles()

    assert came_back(lin, *others) == [("refunded", 1500), *[("to_ship", 600)] * 3]
    assert shop.units_left() == 97
    shop.assert_books_balance()


def test_nobody_leaves_others_a_lower_price_before_the_group_is_dealt_with(shop: Shop) -> None:
    lin, *others = led(shop, LADDER, *FOUR)
    before = shop.everything()

    part = lin.asks_refund(amount_fen=500)
    whole = lin.asks_refund()
    assert [(each.status, each.code) for each in (part, whole)] == [(409, "group_forming")] * 2
    assert shop.everything() == before
    shop.settles()
    later = lin.asks_refund()

    assert (later["status"], later["amount_fen"]) == ("awaiting_operator", 900)
    assert came_back(lin, *others) == [("to_ship", 600)] * 4
    differences = [("ladder", 600, "succeeded")] * 4
    assert causes(shop) == [("asked", 900, "awaiting_operator"), *differences]
    shop.assert_books_balance()


def test_a_part_asked_back_before_the_difference_is_worked_out_is_refused(shop: Shop) -> None:
    lin, *others = led(shop, LADDER, *FOUR[:3], size=4)
    before = shop.everything()

    forming = lin.asks_refund(amount_fen=1000)
    by_operator = shop.tries_admin("refund_order", order_id=lin.order_id, amount_fen=1000)

    assert (forming.status, forming.code) == (409, "group_forming")
    assert by_operator["error"]["code"] == "group_forming"
    assert shop.everything() == before
    shop.member("Cy").joins(lin.group_id).pays()
    before = shop.everything()
    complete = lin.asks_refund(amount_fen=1000)
    assert complete.status >= 400
    assert shop.everything() == before

    shop.settles()
    asked = lin.asks_refund(amount_fen=800)
    too_much = lin.asks_refund(amount_fen=101)
    assert too_much["context"] == {"refundable_fen": 100}
    shop.decides(asked["refund_id"])
    shop.passes(61)

    assert came_back(lin, *others) == [("to_ship", 1400), *[("to_ship", 600)] * 2]
    shop.assert_books_balance()


# Who earns on it


def test_an_upline_earns_on_the_price_that_is_paid_in_the_end(shop: Shop) -> None:
    commission = {"rates_bp": [1000], "freeze_seconds": FREEZE_SECONDS}
    shop.admin("put_settings", commission=commission)
    eve = shop.member("Eve")
    code = eve.shares()
    shop.sandbox.configure(hold_refunds=True)
    shop.campaign("steps", size=3, rules={"tiers": LADDER["tiers"][:2]})
    lin = shop.member("Lin").opens("steps", share_code=code, quantity=2).pays()
    for name in ("Ann", "Bo"):
        shop.member(name).joins(lin.group_id).pays()

    shop.settles()
    assert commissions(shop, lin.order_id) == {1: ("pending", 240, 0)}
    for row in shop.rows("refunds"):
        shop.sandbox.settle_refund(f"{row['refund_id']}_1", "success")
    shop.settles()
    assert commissions(shop, lin.order_id) == {1: ("pending", 240, 0)}
    shop.admin("refund_order", order_id=lin.order_id, amount_fen=1200)
    shop.sandbox.configure(hold_refunds=False)
    shop.passes(61)
    settled(shop, lin)

    assert came_back(lin) == [("settled", 1800)]
    assert commissions(shop, lin.order_id) == {1: ("released", 240, 120)}
    shop.assert_books_balance()
