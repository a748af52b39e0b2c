"""What comparable open systems get wrong, one test per failure this system has to be immune to.

In the order of docs/comparison.md. Those about many threads at once run on DynamoDB's own
engine, in tests/engine; the others here, over moto.
"""

import hashlib
from dataclasses import replace
from functools import partial

import pytest

from chalicelib.groups import store as groups
from chalicelib.groups.join import join
from chalicelib.groups.open import open_group
from chalicelib.kit.tokens import Caller
from chalicelib.orders.place import place
from chalicelib.vouchers import store as vouchers
from chalicelib.withdrawals.request import WithdrawalRequest
from chalicelib.withdrawals.request import request as withdraw
from tests.money import assert_balance_adds_up, assert_payouts_add_up
from tests.races import THREADS, at_once, forming_group, outcomes, purchase
from tests.shop import Shop, credentials
from tests.tidy.purity import floats
from tests.tidy.tree import deployed_sources
from tests.vouchers.words import granted
from tests.withdrawals.words import asked, confirms, earner, status, wallet


@pytest.mark.engine
def test_01_of_64_threads_on_the_last_seat_exactly_one_wins(engine_shop: Shop) -> None:
    shop = engine_shop
    group_id = forming_group(shop)
    wanting = [purchase(shop, f"M{number}", "join") for number in range(THREADS)]
    clock, wechat_pay = shop.clock, shop.wiring.wechat_pay

    results = at_once(
        [partial(join, group_id, one, clock=clock, wechat_pay=wechat_pay) for one in wanting]
    )

    assert outcomes(results) == {"done": 1, "group_full": 63}
    group, seats = groups.find_with_seats(group_id)
    assert group is not None
    assert (group.seats_free, group.held_count, group.paid_count) == (0, 1, 1)
    assert len(seats) == 2
    assert len(shop.rows("orders")) == 2
    assert shop.units_left() == 998
    shop.assert_audit_is_clean()


def test_02_a_payment_after_cancelling_is_refunded_by_itself_once(shop: Shop) -> None:
    shop.stocks(1)
    lin = shop.member("Lin").buys()
    shop.wechat_misses_closing(lin)
    ann = shop.member("Ann").buys()

    lin.pays(times=3)
    ann.pays()
    shop.settles()

    assert [lin.status, ann.status] == ["refunded", "to_ship"]
    assert shop.sandbox.totals()["refunds"] == 1
    assert shop.units_left() == 0
    shop.assert_books_balance()


def test_03_nothing_is_validated_again_when_the_payment_arrives(shop: Shop) -> None:
    shop.stocks(1)
    lin = shop.member("Lin").buys()
    assert shop.member("Ann").tries_to_buy().code == "out_of_stock"
    shop.admin("put_product", **shop.product(units=1, solo_price_fen=9900))
    shop.admin("end_campaign", campaign_id="autumn")

    lin.pays()
    shop.settles()

    assert lin.status == "to_ship"
    assert (lin.amount_fen, shop.units_left()) == (2000, 0)
    shop.assert_books_balance()


@pytest.mark.engine
def test_04_of_64_threads_on_the_same_balance_exactly_one_withdraws(engine_shop: Shop) -> None:
    shop = engine_shop
    lin = earner(shop, earned_fen=2_000)
    caller = Caller(lin.member_id, credentials().app_id)
    wanting = [WithdrawalRequest(caller, f"key-{number:04d}", 2_000) for number in range(THREADS)]

    results = at_once([partial(withdraw, one, clock=shop.clock) for one in wanting])

    counted = outcomes(results)
    assert counted["done"] == 1
    assert counted["done"] + counted["withdrawal_open"] + counted["insufficient_balance"] == 64
    assert [row["gross_fen"] for row in shop.rows("withdrawals")] == [2_000]
    balance = assert_balance_adds_up(lin.member_id)
    assert (balance.available_fen, balance.debits_pending_fen) == (0, 2_000)
    assert {row["used"] for row in shop.rows("limits")} == {1, 2_000}


def test_05_a_payout_has_one_number_for_ever_however_often_it_is_sent(shop: Shop) -> None:
    lin = earner(shop)
    shop.sandbox.add_fault("/v3/fund-app/mch-transfer", "timeout_after", 5)
    withdrawal_id = asked(lin)
    shop.settles()
    for _ in range(5):
        shop.passes(600)

    confirms(lin, withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "paid"
    assert shop.sandbox.transfer_of(withdrawal_id)["state"] == "SUCCESS"
    totals = shop.sandbox.totals()
    assert (totals["transfers"], totals["transferred_fen"]) == (1, 2_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_06_one_refund_that_cannot_go_strands_no_other(shop: Shop) -> None:
    shop.campaign("trio", size=3)
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    shop.break_row("orders", ann.order_id, "order_state", {"S": "no such state"})

    shop.passes(3600)
    shop.passes(61)

    assert lin.status == "refunded"
    assert "poison_item" in shop.findings()
    assert [refund["order_id"] for refund in shop.rows("refunds")] == [lin.order_id]
    shop.break_row("orders", ann.order_id, "order_state", {"S": "paid"})
    shop.passes(3601)
    assert ann.status == "refunded"
    amounts = {refund["order_id"]: refund["amount_fen"] for refund in shop.rows("refunds")}
    assert amounts == {lin.order_id: 1500, ann.order_id: 1500}
    shop.assert_books_balance()


def test_07_a_refund_that_failed_goes_out_again_under_the_next_number(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    shop.sandbox.configure(hold_refunds=True)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "closed")
    shop.settles()
    assert order.now()["refunds"][0]["status"] == "closed"
    shop.sandbox.configure(hold_refunds=False)

    shop.advance(61)
    shop.admin("retry_refund", refund_id=refund_id)
    shop.settles()

    assert order.status == "refunded"
    assert shop.sandbox.refund_of(f"{refund_id}_2")["status"] == "SUCCESS"
    assert shop.sandbox.totals()["refunded_fen"] == 2000
    shop.assert_books_balance()


def test_08_a_group_cannot_be_overfilled_and_the_last_payment_completes_it(shop: Shop) -> None:
    shop.campaign("trio", size=3)
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann").joins(lin.group_id)
    bo = shop.member("Bo").joins(lin.group_id)
    assert shop.member("Cy").tries_to_join(lin.group_id).code == "group_full"

    bo.pays()
    assert shop.group(lin.group_id)["status"] == "forming"
    ann.pays()

    group = shop.group(lin.group_id)
    assert (group["status"], group["paid_count"], group["seats_left"]) == ("complete", 3, 0)
    shop.settles()
    shop.assert_books_balance()


def test_09_wechat_is_told_received_only_after_the_commit(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    with shop.database_fails("TransactWriteItems", "UpdateItem"):
        order.pays()

    sent = shop.sandbox.notifications(out_trade_no=order.order_id)[0]
    assert [attempt["status"] for attempt in sent["attempts"]] == [503]
    assert order.status == "awaiting_payment"

    shop.advance(15)
    shop.sandbox.pump()
    sent = shop.sandbox.notifications(out_trade_no=order.order_id)[0]
    assert [attempt["status"] for attempt in sent["attempts"]] == [503, 204]
    assert order.status == "to_ship"
    shop.settles()
    shop.assert_books_balance()


def test_10_commission_is_paid_once_whatever_is_delivered_again(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000, 500], "freeze_seconds": 60})
    lin, ann, bo = (shop.member(name) for name in ("Lin", "Ann", "Bo"))
    ann.visits(lin.shares())
    bo.visits(ann.shares())
    order = bo.buys(quantity=3).pays(times=3)
    shop.streams_flow(times=3)
    shop.ships(order)
    order.receives()
    for _ in range(3):
        shop.advance(61)
        shop.sweeps()
        shop.streams_flow(times=3)

    commissions = shop.rows("commissions")
    amounts = {row["beneficiary_id"]: row["amount_fen"] for row in commissions}
    assert amounts == {ann.member_id: 600, lin.member_id: 300}
    assert {row["commission_state"] for row in commissions} == {"released"}
    assert [wallet(ann)["available_fen"], wallet(lin)["available_fen"]] == [600, 300]
    shop.settles()
    shop.assert_books_balance()


def test_11_commission_is_taken_back_after_settlement_into_debt_if_need_be(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000], "freeze_seconds": 60})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    ann.visits(lin.shares())
    orders = [ann.buys().pays() for _ in range(2)]
    shop.settles()
    for order in orders:
        shop.ships(order)
        order.receives()
    shop.passes(61)
    withdrawal_id = asked(lin, 400)
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()

    shop.admin("refund_order", order_id=orders[0].order_id, reason="坏了", amount_fen=1999)
    shop.settles()

    # 10 % of the one fen that is left is none
    seen = wallet(lin)
    assert (seen["available_fen"], seen["debt_fen"]) == (0, 200)
    assert (seen["withdrawn_fen"], seen["pending_fen"]) == (400, 0)
    assert lin.send("POST", "/v1/withdrawals", {"amount_fen": 100}, key="a-debtor").code == (
        "insufficient_balance"
    )

    third = ann.buys().pays()
    shop.settles()
    shop.ships(third)
    third.receives()
    shop.passes(61)
    seen = wallet(lin)
    assert (seen["available_fen"], seen["debt_fen"]) == (0, 0)
    shop.assert_books_balance()


def test_12_an_order_is_refunded_only_when_wechat_says_so(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    shop.sandbox.configure(hold_refunds=True)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    for _ in range(5):
        shop.passes(3600)
    assert (order.status, order.now()["refunded_fen"]) == ("refunding", 0)

    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()

    assert (order.status, order.now()["refunded_fen"]) == ("refunded", 2000)
    shop.assert_books_balance()


def test_13_no_money_is_a_float() -> None:
    found = {source.path: list(floats(source)) for source in deployed_sources()}
    money = (
        *("groups/", "ledger/", "orders/", "refunds/", "stock/", "catalog/"),
        *("commissions/", "withdrawals/"),
    )
    in_money = {
        path: where
        for path, where in found.items()
        if path.removeprefix("chalicelib/").startswith(money)
    }
    assert len(in_money) > 50
    assert not any(in_money.values())


def test_14_a_poison_item_is_set_aside_and_expiry_goes_on(shop: Shop) -> None:
    bad = shop.member("Lin").buys()
    good = [shop.member(name).buys() for name in ("Ann", "Bo", "Cy")]
    shop.break_row("orders", bad.order_id, "quantity", {"S": "many"})

    shop.passes(901)

    assert [order.status for order in good] == ["cancelled"] * 3
    assert shop.findings() == ["poison_item"]
    with shop.reads_of("Scan", "Query") as reads:
        shop.sweeps()
    assert {read["IndexName"] for read in reads} == {"due", "awaiting_operator", "review"}
    assert all(read["Limit"] <= 25 for read in reads if read["IndexName"] == "due")
    assert all(read["Limit"] <= 100 for read in reads)


def test_15_a_payment_of_another_amount_is_refused_recorded_and_refunded(shop: Shop) -> None:
    lin = shop.member("Lin").opens()
    lin.pays(corrupt="amount")

    assert lin.status == "refunding"
    assert shop.findings() == ["payment_mismatch"]
    assert shop.group(lin.group_id)["status"] == "abandoned"
    refund = shop.rows("refunds")[0]
    assert (refund["cause"], refund["amount_fen"]) == ("mismatch", refund["total_fen"])
    assert refund["amount_fen"] != lin.amount_fen


@pytest.mark.engine
def test_16_of_64_claims_of_one_voucher_or_one_order_exactly_one_counts(engine_shop: Shop) -> None:
    shop = engine_shop
    granted(shop, "Lin")
    opening = replace(purchase(shop, "Lin", "open"), voucher_id="v1")
    openings = [replace(opening, idempotency_key=f"opening-{number}") for number in range(THREADS)]

    claims = at_once([partial(open_group, "autumn", one, clock=shop.clock) for one in openings])

    assert outcomes(claims) == {"done": 1, "voucher_not_valid": 63}
    (order,) = shop.rows("orders")
    assert vouchers.get(opening.caller.member_id, "v1").used_by == order["order_id"]

    buying = purchase(shop, "Ann", "solo")
    repeats = at_once([partial(place, buying, clock=shop.clock)] * THREADS)

    assert outcomes(repeats) == {"done": THREADS}
    assert [placed.replayed for placed in repeats].count(False) == 1
    assert len(shop.rows("orders")) == 2
    assert shop.units_left() == 998
    shop.assert_audit_is_clean()


def test_17_winners_follow_from_a_seed_committed_to_before_and_revealed_after(shop: Shop) -> None:
    shop.campaign("luck", size=3, rules={"draw": {"winners": 1}})
    opened = shop.member("Lin").opens("luck")
    promised = shop.group(opened.group_id)["draw"]
    placed = [opened.pays()]
    placed += [shop.member(name).joins(opened.group_id).pays() for name in ("Ann", "Bo")]
    path = f"/v1/groups/{opened.group_id}/draw"
    assert shop.send("GET", path)["seed"] is None
    shop.settles()

    draw = shop.send("GET", path)
    paid = {one.order_id: shop.sandbox.trade(one.order_id)["transaction_id"] for one in placed}
    entries = {entry["order_id"]: entry["transaction_id"] for entry in draw["entries"]}
    digest = sha256("\n".join([draw["seed"], *(f"{one} {paid[one]}" for one in sorted(paid))]))
    first = min(paid, key=lambda order_id: sha256(f"{digest} {order_id}"))

    assert sha256(draw["seed"]) == draw["seed_hash"] == promised["seed_hash"]
    assert (entries, draw["winners"]) == (paid, [first])
    status = {one.order_id: one.status for one in placed}
    assert status == {**dict.fromkeys(paid, "refunded"), first: "to_ship"}
    shop.assert_books_balance()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
