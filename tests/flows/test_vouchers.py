"""Groups opened with a free-leader voucher (免单券): nothing is due, the group forms at once, and
the shop bears it; or the voucher comes back.
"""

from typing import Any

import pytest

from chalicelib.gateways.wechat_pay import PrepayRequest
from chalicelib.orders import store as orders
from tests.shop import ADDRESS, Placed, Shop
from tests.vouchers.words import granted, state

DAY_SECONDS = 24 * 3600
TEN_DAYS_SECONDS = 10 * DAY_SECONDS
A_WEEK_SECONDS = 7 * DAY_SECONDS
FREIGHT_FEN = 300


def balances(shop: Shop) -> Any:
    return shop.admin("audit")["totals"]["balances_fen"]


def opened(shop: Shop, campaign_id: str = "autumn") -> Placed:
    """Lin opens a group with a voucher."""
    return granted(shop, "Lin").opens(campaign_id, voucher_id="v1")


def settles(shop: Shop, *placed: Placed) -> None:
    """The time to send them back is over."""
    shop.passes(A_WEEK_SECONDS)
    for order in placed:
        order.member.signs_in_again()
    assert {order.status for order in placed} == {"settled"}


def shipments_of(shop: Shop, order: Placed) -> list[Any]:
    """What WeChat was told."""
    return list(shop.sandbox.mini_program.shipments_of(order.order_id))


def fails(shop: Shop, order: Placed) -> None:
    """Its group's time is over with too few in it."""
    shop.passes(3600)
    assert shop.group(order.group_id)["status"] == "failed"


# Opening


def test_a_group_opened_with_a_voucher_forms_at_once_and_nothing_is_due(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=FREIGHT_FEN)
    lin = granted(shop, "Lin")

    reply = lin.tries_to_open(voucher_id="v1")

    order, group = reply["order"], reply["group"]
    assert (reply.status, reply["payment"], reply["payment_state"]) == (201, None, "not_due")
    assert (order["status"], order["voucher_id"]) == ("paid", "v1")
    assert [order[name] for name in ("goods_fen", "freight_fen", "discount_fen", "amount_fen")] == [
        1500,
        FREIGHT_FEN,
        1500 + FREIGHT_FEN,
        0,
    ]
    assert (order["paid_at"], order["wechat"]["transaction_id"]) == (order["placed_at"], None)
    assert (group["status"], group["paid_count"], group["seats_left"]) == ("forming", 1, 1)
    assert [each["is_leader"] for each in group["members"]] == [True]
    assert group["expires_at"] == "2026-11-22T13:00:00Z"
    assert state(lin) == ("used", order["order_id"])
    joinable = shop.send("GET", "/v1/campaigns/autumn/groups")["items"]
    assert [each["group_id"] for each in joinable] == [group["group_id"]]
    assert shop.admin("get_group", group_id=group["group_id"])["due_at"] == group["expires_at"]
    assert shop.admin("get_order", order_id=order["order_id"])["due_at"] is None
    assert shop.units_left() == 99
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("voucher_id", "campaign_id", "quantity"),
    [
        ("unknown", "autumn", 1),
        ("anns", "autumn", 1),
        ("old", "autumn", 1),
        ("revoked", "autumn", 1),
        ("winters", "autumn", 1),
        ("good", "luck", 1),
        ("good", "super", 1),
        ("good", "autumn", 2),
    ],
)
def test_a_voucher_that_is_not_valid_opens_nothing(
    shop: Shop, voucher_id: str, campaign_id: str, quantity: int
) -> None:
    shop.campaign("winter")
    shop.campaign("luck", rules={"draw": {"winners": 1}})
    shop.campaign("super", rules={"crowd": {"threshold": 2}})
    lin = granted(shop, "Lin", "good")
    granted(shop, "Lin", "old", expires_at=shop.at(60))
    granted(shop, "Lin", "winters", campaign_id="winter")
    granted(shop, "Lin", "revoked")
    granted(shop, "Ann", "anns")
    shop.admin("revoke_voucher", member_id=lin.member_id, voucher_id="revoked")
    shop.advance(60)
    before = shop.everything()

    refused = lin.tries_to_open(campaign_id, voucher_id=voucher_id, quantity=quantity)

    assert (refused.status, refused.code) == (409, "voucher_not_valid")
    assert refused["title"] == "免单券不可用"
    assert shop.everything() == before


def test_a_refusal_for_another_reason_leaves_the_voucher(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", provinces_not_served=["浙江"])
    shop.campaign("limited", per_member_limit=1)
    lin = granted(shop, "Lin")
    other = {**ADDRESS, "province": "江苏省"}
    lin.opens("limited", address=other)
    before = shop.everything()

    assert lin.tries_to_open(voucher_id="v1").code == "address_not_served"
    assert lin.tries_to_open("limited", voucher_id="v1", address=other).code == "limit_reached"
    assert lin.tries_to_open("winter", voucher_id="v1").code == "not_found"
    assert lin.tries_to_open(voucher_id="v1", sku_id="pears-3").code == "not_found"
    assert shop.everything() == before
    shop.admin("pause_campaign", campaign_id="autumn")
    assert lin.tries_to_open(voucher_id="v1").code == "campaign_not_live"
    shop.admin("pause_campaign", campaign_id="autumn", resume=True)
    shop.stocks(1)
    assert lin.tries_to_open(voucher_id="v1", address=other).code == "out_of_stock"

    assert state(lin) == ("usable", None)
    shop.assert_books_balance()


# To its end


def test_a_free_order_ships_settles_and_is_the_merchants_sale_at_the_shops_expense(
    shop: Shop,
) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=FREIGHT_FEN)
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    bo = shop.member("Bo")
    lin, ann = granted(shop, "Lin"), shop.member("Ann")
    for invitee in (lin, ann):
        invitee.visits(bo.shares())
    free = lin.opens(voucher_id="v1")
    paid = ann.joins(free.group_id).pays()
    shop.settles()
    assert [free.status, paid.status] == ["to_ship", "to_ship"]
    shop.assert_books_balance()

    for order in (free, paid):
        shop.ships(order)
        shop.assert_books_balance()
    row = shop.rows("orders", order_id=free.order_id)[0]
    assert (row["shipment_upload"], shipments_of(shop, free)) == ("not_needed", [])
    assert row["due_at"] == row["receives_at"]
    free.receives()
    shop.passes(TEN_DAYS_SECONDS)
    shop.assert_books_balance()
    settles(shop, free, paid)

    assert shop.rows("orders", order_id=free.order_id)[0]["settled_fen"] == 0
    figures = balances(shop)
    assert figures["marketing_expense"] == 1500 + FREIGHT_FEN
    assert figures["sales"] == -2 * (1500 + FREIGHT_FEN)
    assert figures["customer_funds"] == 0
    assert shop.rows("commissions", order_id=free.order_id) == []
    assert [one["amount_fen"] for one in shop.rows("commissions")] == [150]
    assert state(lin) == ("used", free.order_id)
    shop.assert_books_balance()


def test_what_the_streams_lose_the_sweep_makes_up_for(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    lin = granted(shop, "Lin")
    lin.visits(shop.member("Bo").shares())
    free = lin.opens(voucher_id="v1")
    shop.member("Ann").joins(free.group_id).pays()
    shop.streams_are_lost()
    shop.passes(61)
    assert free.status == "to_ship"

    shop.admin("ship_order", order_id=free.order_id, carrier="SF", tracking_no="SF1")
    free.receives()
    shop.streams_are_lost()
    shop.passes(A_WEEK_SECONDS)
    shop.streams_are_lost()
    shop.passes(61)

    assert balances(shop)["marketing_expense"] == 1500
    assert shop.admin("get_order", order_id=free.order_id)["due_at"] is None
    shop.assert_books_balance()


def test_a_corrected_shipment_of_a_free_order_is_told_to_nobody(shop: Shop) -> None:
    free = opened(shop)
    shop.member("Ann").joins(free.group_id).pays()
    shop.settles()
    shop.ships(free)

    corrected = shop.admin(
        "correct_shipment", order_id=free.order_id, carrier="YTO", tracking_no="YT1"
    )
    shop.settles()

    assert corrected["shipment_upload"] == "not_needed"
    assert corrected["due_at"] == corrected["receives_at"]
    assert shipments_of(shop, free) == []
    assert shop.findings() == []
    shop.assert_books_balance()


# When the group does not come about


def test_a_group_that_fails_cancels_the_order_and_gives_the_voucher_back(shop: Shop) -> None:
    shop.campaign("limited", per_member_limit=1)
    free = opened(shop, "limited")
    assert free.member.tries_to_open("limited").code == "limit_reached"

    fails(shop, free)

    now = free.now()
    assert (now["status"], now["cancel_reason"]) == ("cancelled", "group_failed")
    assert (now["refunded_fen"], now["refunds"]) == (0, [])
    assert (state(free.member), shop.units_left()) == (("usable", None), 100)
    shop.assert_books_balance()
    again = free.member.opens("limited", voucher_id="v1")
    assert state(free.member) == ("used", again.order_id)
    shop.assert_books_balance()


def test_a_failed_group_gives_each_their_own_back_also_when_the_streams_are_lost(
    shop: Shop,
) -> None:
    shop.campaign("trio", size=3)
    free = opened(shop, "trio")
    paid = shop.member("Ann").joins(free.group_id).pays()
    shop.settles()
    shop.advance(3600)
    shop.sweeps()
    shop.streams_are_lost()

    shop.passes(61)

    assert [free.status, paid.status] == ["cancelled", "refunded"]
    assert shop.sandbox.totals()["refunded_fen"] == 1500
    assert state(free.member) == ("usable", None)
    shop.assert_books_balance()


def test_a_voucher_that_comes_back_late_has_expired(shop: Shop) -> None:
    free = granted(shop, "Lin", expires_at=shop.at(60)).opens(voucher_id="v1")

    fails(shop, free)

    assert state(free.member) == ("expired", None)
    assert free.member.tries_to_open(voucher_id="v1").code == "voucher_not_valid"
    shop.assert_books_balance()


def test_a_leader_who_may_leave_leaves_and_has_the_voucher_again(shop: Shop) -> None:
    shop.campaign("free", size=3, rules={"leave_allowed": True}, per_member_limit=1)
    free = opened(shop, "free")
    paid = shop.member("Ann").joins(free.group_id).pays()
    shop.settles()

    left, again = free.cancels(), free.cancels()

    assert (left.status, left["status"], left["cancel_reason"]) == (200, "cancelled", "member_left")
    assert again.content == left.content
    assert (state(free.member), shop.units_left()) == (("usable", None), 99)
    group = shop.group(free.group_id)
    assert (group["status"], group["paid_count"], group["seats_left"]) == ("forming", 1, 2)
    shop.assert_books_balance()
    free.member.joins(free.group_id).pays()
    shop.member("Bo").joins(free.group_id).pays()
    shop.settles()
    assert paid.status == "to_ship"
    shop.assert_books_balance()


def test_a_leader_who_may_not_leave_stays(shop: Shop) -> None:
    free = opened(shop)
    before = shop.everything()

    assert (free.cancels().status, free.cancels().code) == (409, "group_forming")
    assert shop.everything() == before

    shop.advance(3600)
    assert free.cancels().code == "order_not_cancellable"
    shop.assert_audit_is_clean()


def test_a_group_needs_real_payers_besides_a_leader_with_a_voucher(shop: Shop) -> None:
    shop.campaign("short", size=4, rules={"when_short": "honour", "minimum_payers": 2})
    shop.campaign("any", size=4, rules={"when_short": "honour"})
    alone = opened(shop, "any")
    with_one = granted(shop, "Bo").opens("short", voucher_id="v1")
    with_two = granted(shop, "Cy").opens("short", voucher_id="v1")
    paid = [
        shop.member(name).joins(order.group_id).pays()
        for name, order in (("Di", with_one), ("Ed", with_two), ("Fay", with_two))
    ]
    shop.settles()

    shop.passes(3600)

    assert [order.status for order in (alone, with_one, with_two)] == [
        "cancelled",
        "cancelled",
        "to_ship",
    ]
    assert [order.status for order in paid] == ["refunded", "to_ship", "to_ship"]
    shop.assert_books_balance()


# Whatever else is asked of such an order


def test_there_is_nothing_to_pay_check_receive_or_refund(shop: Shop) -> None:
    free = opened(shop)
    lin, path = free.member, f"/v1/orders/{free.order_id}"
    as_it_was, before = free.now(), shop.everything()

    paying = lin.send("POST", f"{path}/payment")
    checked = free.checks()
    receiving = free.tries_to_receive()
    refunding = free.asks_refund()

    assert (paying.status, paying.code) == (409, "order_not_payable")
    assert (checked.status, checked.content) == (200, as_it_was)
    assert (receiving.status, receiving.code) == (409, "order_not_receivable")
    assert (refunding.status, refunding.code) == (409, "order_not_refundable")
    assert shop.everything() == before
    shop.assert_books_balance()


@pytest.mark.parametrize("goes_to", ["paid", "to_ship", "shipped", "received", "settled"])
def test_a_free_order_can_be_refunded_in_no_state_by_anybody(shop: Shop, goes_to: str) -> None:
    free = opened(shop)
    if goes_to != "paid":
        shop.member("Ann").joins(free.group_id).pays()
        shop.settles()
    if goes_to in ("shipped", "received", "settled"):
        shop.ships(free)
    if goes_to in ("received", "settled"):
        free.receives()
    if goes_to == "settled":
        settles(shop, free)
    assert free.status == goes_to
    before = shop.everything()

    by_member = free.asks_refund(type="return_goods" if goes_to == "received" else "refund_only")
    by_operator = [
        shop.tries_admin("refund_order", order_id=free.order_id, **more)["error"]
        for more in ({}, {"dry_run": True}, {"amount_fen": 1})
    ]
    cancelling = [  # what waits to be shipped is what an operator can cancel
        shop.tries_admin("cancel_order", order_id=free.order_id, reason="why", **more)["error"]
        for more in ({}, {"dry_run": True})
        if goes_to != "to_ship"
    ]

    assert by_member.code == "order_not_refundable"
    assert [(one["code"], one["detail"]) for one in by_operator] == [
        ("order_not_refundable", "A voucher opened its group: there is nothing to refund.")
    ] * 3
    assert {one["code"] for one in cancelling} <= {"order_not_cancellable"}
    assert shop.everything() == before
    shop.assert_books_balance()


def test_an_operator_cancels_the_group_and_the_voucher_is_back(shop: Shop) -> None:
    shop.campaign("trio", size=3)
    free = opened(shop, "trio")
    paid = shop.member("Ann").joins(free.group_id).pays()
    held = shop.member("Bo").joins(free.group_id)
    shop.settles()

    rehearsed = shop.admin("cancel_group", group_id=free.group_id, dry_run=True)
    done = shop.admin("cancel_group", group_id=free.group_id)
    shop.settles()

    assert (rehearsed["refunded_count"], rehearsed["cancelled_count"]) == (1, 2)
    assert (done["refunded_count"], done["cancelled_count"]) == (1, 2)
    assert [order.status for order in (free, paid, held)] == ["cancelled", "refunded", "cancelled"]
    assert free.now()["cancel_reason"] == "group_failed"
    assert (state(free.member), shop.units_left()) == (("usable", None), 100)
    shop.assert_books_balance()


def test_a_payment_that_nobody_asked_for_is_told_to_a_person_and_harms_nothing(
    shop: Shop,
) -> None:
    free = opened(shop)
    before = shop.everything()
    wechat_pay, now = shop.wiring.wechat_pay, shop.clock.now()
    order = orders.get(free.order_id)
    prepay_id = wechat_pay.prepay(
        PrepayRequest(
            out_trade_no=free.order_id,
            description="another system under our merchant number",
            amount_fen=1500,
            openid=order.openid,
            app_id=order.app_id,
            notify_url=shop.wiring.payment_notify_url,
            time_expire=order.time_expire,
            attach=None,
        )
    )
    payment: Any = wechat_pay.pay_parameters(prepay_id, order.app_id, now)
    shop.sandbox.pay("Lin", payment, notify={"times": 3})
    shop.settles()

    assert shop.findings() == ["payment_not_due"]
    assert shop.everything() == before
    shop.member("Ann").joins(free.group_id).pays()
    shop.settles()
    assert free.status == "to_ship"
    shop.assert_audit_is_clean()


# The member who leaves


def test_nobody_leaves_with_a_free_order_under_way_and_then_all_is_gone(shop: Shop) -> None:
    free = opened(shop)
    lin = granted(shop, "Lin", "v2")
    assert lin.send("DELETE", "/v1/me").code == "account_in_use"
    shop.member("Ann").joins(free.group_id).pays()
    shop.settles()
    shop.ships(free)
    assert lin.send("DELETE", "/v1/me").code == "account_in_use"
    free.receives()

    assert lin.send("DELETE", "/v1/me").status == 204

    assert shop.rows("members", member_id=lin.member_id) == []
    shop.assert_books_balance()
    shop.passes(A_WEEK_SECONDS)
    assert balances(shop)["marketing_expense"] == 1500
    shop.assert_books_balance()


def test_who_got_a_voucher_back_or_never_used_it_can_leave(shop: Shop) -> None:
    free = opened(shop)
    fails(shop, free)
    unused = granted(shop, "Ann")

    for member in (free.member, unused):
        assert member.send("DELETE", "/v1/me").status == 204

    assert shop.rows("members") == []
    shop.assert_books_balance()


# With other rules


def test_a_leader_with_a_voucher_counts_for_the_ladder(shop: Shop) -> None:
    tiers = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]
    shop.campaign("steps", size=3, rules={"tiers": tiers})
    free = opened(shop, "steps")
    paid = [shop.member(name).joins(free.group_id).pays() for name in ("Ann", "Bo")]

    shop.settles()

    assert (free.status, free.now()["refunded_fen"], free.now()["refunds"]) == ("to_ship", 0, [])
    assert [order.now()["refunded_fen"] for order in paid] == [300, 300]
    shop.assert_books_balance()


def test_a_free_order_makes_nobody_an_old_customer_unless_it_comes_about(shop: Shop) -> None:
    shop.campaign("new", rules={"who": "newcomers"})
    target = shop.member("Ann").opens("new").pays()
    free = opened(shop, "new")
    lin = free.member
    assert lin.tries_to_join(target.group_id).code == "newcomers_only"
    shop.passes(3600)
    assert free.status == "cancelled"

    other = shop.member("Bo").opens("new").pays()
    lin.joins(other.group_id).pays()
    shop.settles()

    assert shop.group(other.group_id)["status"] == "complete"
    shop.assert_books_balance()


def test_who_leaves_a_group_opened_with_a_voucher_is_new_again(shop: Shop) -> None:
    shop.campaign("new", rules={"who": "newcomers", "leave_allowed": True})
    target = shop.member("Ann").opens("new").pays()
    free = opened(shop, "new")
    assert free.member.tries_to_join(target.group_id).code == "newcomers_only"

    free.cancels()

    free.member.joins(target.group_id).pays()
    shop.settles()
    assert shop.group(target.group_id)["status"] == "complete"
    shop.assert_books_balance()


def test_a_regular_leads_newcomers_with_a_voucher(shop: Shop) -> None:
    shop.campaign("new", rules={"who": "newcomers"})
    lin = granted(shop, "Lin")
    lin.buys().pays()
    shop.settles()

    free = lin.opens("new", voucher_id="v1")
    shop.member("Ann").joins(free.group_id).pays()
    shop.settles()

    assert free.status == "to_ship"
    shop.assert_books_balance()


@pytest.mark.parametrize("settles_at_once", [True, False])
def test_a_free_order_that_ships_early_is_nobodys_payment(
    shop: Shop, settles_at_once: bool
) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    lin = granted(shop, "Lin")
    lin.visits(shop.member("Bo").shares())
    free = lin.opens(voucher_id="v1")
    shop.member("Ann").joins(free.group_id).pays()
    shop.relays("groups")  # to_ship, and what follows from that not done yet
    if settles_at_once:
        shop.relays("orders")

    shop.ships(free)

    buyer = shop.rows("members", member_id=lin.member_id, kind="buyer")
    assert [row.get("first_paid_at") for row in buyer] == [None]
    assert shop.rows("ledger", about=free.order_id) == []
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("leader", "earned_fen"), [({"bonus_fen": 301}, 301), ({"bonus_bp": 1000}, 300)]
)
def test_a_leader_with_a_voucher_earns_on_whom_they_bring(
    shop: Shop, leader: dict[str, int], earned_fen: int
) -> None:
    shop.campaign("bonus", size=3, rules={"leader": leader})
    free = opened(shop, "bonus")
    for name in ("Ann", "Bo"):
        shop.member(name).joins(free.group_id).pays()

    shop.settles()

    assert free.member.send("GET", "/v1/wallet")["pending_fen"] == earned_fen
    assert shop.rows("commissions", order_id=free.order_id) == []
    shop.assert_books_balance()


def test_what_is_free_twice_is_borne_once(shop: Shop) -> None:
    shop.campaign("gift", rules={"leader": {"free": True}})
    free = opened(shop, "gift")
    shop.member("Ann").joins(free.group_id).pays()
    shop.settles()
    assert (free.status, free.now()["refunds"]) == ("to_ship", [])

    shop.ships(free)
    free.receives()
    settles(shop, free)

    assert balances(shop)["marketing_expense"] == 1500
    shop.assert_books_balance()
