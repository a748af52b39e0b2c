"""Days and runs: what agrees, what midnight makes of it, and who goes on where another stopped."""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import Client

import app as handlers
from chalicelib import sweeps
from chalicelib.gateways.wechat_pay import WechatPayOff
from chalicelib.ledger.close_day import close_days
from chalicelib.reconciliation import store
from chalicelib.reconciliation.model import MOST_DAYS_BACK, MOST_DIFFERENCES, Phase
from tests.in_process import just_before
from tests.reconciliation.words import (
    DAY,
    HOUR,
    NEXT_DAY,
    TO_MIDNIGHT,
    assert_agrees,
    compared,
    days_before_are_closed,
    found,
    morning_after,
    runs,
    sells,
)
from tests.shop import LambdaContext, Shop
from tests.withdrawals.words import asked, cancels, confirms, earner, paid

TRADE_BILL = "/v3/bill/tradebill"


def parts_back(shop: Shop, order: Any, amount_fen: int) -> str:
    """An operator gives a part back; the id of that refund."""
    refund_id = shop.admin("refund_order", order_id=order.order_id, amount_fen=amount_fen)
    shop.settles()
    return str(refund_id["refund_id"])


def times_left(looks: int) -> Callable[[], bool]:
    """There is time so many times it is asked after."""
    left = iter([True] * looks)
    return lambda: next(left, False)


def test_a_day_with_every_kind_of_movement_agrees(shop: Shop) -> None:
    shop.campaign("pairs")
    opened = shop.member("Lin").opens("pairs").pays()
    shop.member("Ann").joins(opened.group_id).pays()
    parts = sells(shop, "Bo", quantity=3)
    parts_back(shop, parts, 500)
    shop.advance(61)
    parts_back(shop, parts, 700)
    whole = sells(shop, "Cai")
    whole.asks_refund()
    late = shop.member("Dan").buys()
    shop.wechat_misses_closing(late)
    late.pays()
    shop.settles()
    shop.sandbox.configure(hold_refunds=True)
    again = sells(shop, "Eva")
    refund_id = again.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "closed")
    shop.settles()
    shop.advance(61)
    shop.admin("retry_refund", refund_id=refund_id)
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_2", "success")
    shop.settles()
    open_refund = sells(shop, "Fay").asks_refund()["refund_id"]
    shop.settles()
    paid(earner(shop, "Gao"))
    taken_back = earner(shop, "Hua")
    gone = asked(taken_back)
    shop.settles()
    cancels(taken_back, gone)
    shop.settles()
    waits = earner(shop, "Ida")
    asked(waits)
    shop.settles()
    shop.member("Jin").buys()
    morning_after(shop)

    assert runs(shop) == [DAY]

    seen = assert_agrees(shop)
    refunds = shop.rows("refunds")
    assert {row["refund_state"] for row in refunds} == {"succeeded", "processing"}
    back_fen = sum(row["amount_fen"] for row in refunds if row["refund_id"] != open_refund)
    asked_fen = sum(row["amount_fen"] for row in refunds) + 2000
    paid_fen = 2 * 1500 + 6000 + 4 * 2000
    assert seen["booked"] == {
        "transfer_count": 7 + 5 + 1,
        "debits_fen": paid_fen,
        "credits_fen": back_fen + 2000,
    }
    assert seen["wechat"] == {
        "trade_row_count": 7 + 7,
        "paid_fen": paid_fen,
        "refunds_taken_in_fen": asked_fen,
        "movements": {
            "交易": {"count": 7, "in_fen": paid_fen, "out_fen": 0},
            "商家转账": {"count": 1, "in_fen": 0, "out_fen": 2000},
            "退款": {"count": 7, "in_fen": 0, "out_fen": asked_fen},
            "退款关闭": {"count": 1, "in_fen": 2000, "out_fen": 0},
        },
    }


def test_a_day_on_which_nothing_happened_agrees(shop: Shop) -> None:
    morning_after(shop)

    assert runs(shop) == [DAY]

    assert assert_agrees(shop)["wechat"]["trade_row_count"] == 0


def test_a_payment_just_before_midnight_that_we_booked_after_it_is_no_difference(
    shop: Shop,
) -> None:
    shop.advance(TO_MIDNIGHT - 1)
    shop.member("Lin").buys().pays(delay_seconds=2)
    shop.advance(2)
    shop.settles()
    shop.advance(10 * HOUR)
    assert runs(shop) == [DAY]
    assert_agrees(shop)
    shop.advance(24 * HOUR)

    assert runs(shop) == [NEXT_DAY]

    seen = assert_agrees(shop, NEXT_DAY)
    assert (seen["wechat"]["paid_fen"], seen["booked"]["debits_fen"]) == (0, 2000)
    assert compared(shop)["wechat"]["paid_fen"] == 2000
    assert compared(shop)["booked"]["debits_fen"] == 0


def test_a_refund_taken_in_before_midnight_that_succeeds_days_later_is_no_difference(
    shop: Shop,
) -> None:
    shop.sandbox.configure(hold_refunds=True)
    refund_id = sells(shop).asks_refund()["refund_id"]
    shop.settles()
    shop.advance(2 * 24 * HOUR)
    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()
    shop.advance(24 * HOUR)

    assert runs(shop) == [DAY, NEXT_DAY, "2026-11-24"]

    for day in (DAY, NEXT_DAY, "2026-11-24"):
        assert_agrees(shop, day)
    assert compared(shop, "2026-11-24")["booked"]["credits_fen"] == 2000


def test_a_withdrawal_confirmed_before_midnight_that_we_heard_of_after_it_is_no_difference(
    shop: Shop,
) -> None:
    member = earner(shop)
    shop.advance(TO_MIDNIGHT - 60)
    withdrawal_id = asked(member)
    shop.settles()
    confirms(member, withdrawal_id, notify={"delay_seconds": 120})
    shop.sandbox.pump()
    shop.advance(120)
    shop.settles()
    shop.advance(34 * HOUR)

    assert runs(shop) == [DAY, NEXT_DAY]

    assert_agrees(shop)
    assert assert_agrees(shop, NEXT_DAY)["booked"]["credits_fen"] == 2000


def test_what_is_under_way_here_is_no_difference(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    refund_id = sells(shop).asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "success", {"times": 0})
    member = earner(shop)
    withdrawal_id = asked(member)
    shop.settles()
    confirms(member, withdrawal_id, notify={"times": 0})
    shop.sandbox.pump()
    morning_after(shop)

    assert runs(shop) == [DAY]

    assert_agrees(shop)


def test_a_day_is_compared_once_its_bills_are_there_and_once_only(shop: Shop) -> None:
    sells(shop)
    shop.advance(TO_MIDNIGHT + 10 * HOUR - 1)
    assert runs(shop) == []
    shop.advance(1)
    assert runs(shop) == [DAY]
    before = shop.rows("reconciliations")

    for _ in range(3):
        shop.advance(HOUR)
        assert runs(shop) == []

    assert shop.rows("reconciliations") == before


def test_no_day_before_the_first_run_is_asked_for(shop: Shop) -> None:
    morning_after(shop)
    with shop.wechat_refuses("/v3/bill/tradebill?bill_date=2026-11-21&bill_type=ALL&tar_type=GZIP"):
        assert runs(shop) == [DAY]

    assert shop.tries_admin("get_reconciliation", day="2026-11-21")["error"]["code"] == "not_found"


def test_the_hourly_function_closes_days_and_compares_them(shop: Shop) -> None:
    sells(shop)
    morning_after(shop)

    event = Client(handlers.app).events.generate_cw_event("aws.events", "", {}, [])
    handlers.reconcile_days(event, LambdaContext("reconcile_days"))

    assert_agrees(shop)
    closed = shop.rows("ledger", account_id=f"day#{DAY}", entry="closing")
    assert [row["transfer_count"] for row in closed] == [1]


def test_what_is_closed_does_not_wait_for_wechat(shop: Shop) -> None:
    sells(shop)
    morning_after(shop)
    shop.sandbox.add_fault(TRADE_BILL, "error_before")

    done = sweeps.reconcile_days(shop.wiring)

    assert done == {"closed": [DAY], "reconciled": []}
    assert runs(shop) == [DAY]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (TRADE_BILL, "bill_creating"),
        (TRADE_BILL, "timeout_before"),
        (TRADE_BILL, "bad_signature"),
        (TRADE_BILL, "garbage"),
        ("/v3/bill/fundflowbill", "rate_limit"),
        ("/v3/billdownload", "bill_torn"),
        ("/v3/billdownload", "error_before"),
    ],
)
def test_bills_that_cannot_be_had_are_asked_for_again_by_the_next_run(
    shop: Shop, path: str, fault: str
) -> None:
    sells(shop)
    morning_after(shop)
    shop.sandbox.add_fault(path, fault)

    assert runs(shop) == []
    assert store.find_run(DAY) is None
    assert shop.findings() == []

    assert runs(shop) == [DAY]
    assert_agrees(shop)


def test_bills_that_cannot_be_had_for_a_day_are_a_persons_affair(shop: Shop) -> None:
    sells(shop)
    morning_after(shop)
    shop.sandbox.add_fault(TRADE_BILL, "bill_creating", 10_000)
    shop.advance(24 * HOUR)

    assert runs(shop) == []
    assert runs(shop) == []

    (told,) = shop.rows("findings", kind="bills_missing")
    assert (told["about"], told["facts"]) == (DAY, {"reason": "late"})


def test_bills_that_wechat_refuses_are_a_persons_affair_at_once(shop: Shop) -> None:
    sells(shop)
    morning_after(shop)
    asked_for = f"{TRADE_BILL}?bill_date={DAY}&bill_type=ALL&tar_type=GZIP"
    with shop.wechat_refuses(asked_for):
        assert runs(shop) == []

    (told,) = shop.rows("findings", kind="bill_refused")
    assert (told["about"], told["facts"]) == (DAY, {"code": "TRADE_ERROR", "status": 403})
    assert runs(shop) == [DAY]


def test_a_day_that_wechat_says_has_no_bill_is_held_against_what_we_booked(shop: Shop) -> None:
    order = sells(shop)
    morning_after(shop)
    shop.sandbox.add_fault("/v3/bill/", "bill_missing", 3)

    assert runs(shop) == [DAY]

    assert found(shop) == [("payment_not_in_bill", order.order_id)]


def test_a_shop_that_cannot_reach_wechat_pay_closes_its_days_and_compares_none(
    shop: Shop,
) -> None:
    morning_after(shop)
    shop.wiring._wechat_pay = WechatPayOff(("wechat_api_v3_key",))

    assert sweeps.reconcile_days(shop.wiring) == {"closed": [DAY], "reconciled": []}

    assert store.find_run(DAY) is None
    refused = shop.tries_admin("reconcile", day=DAY)["error"]
    assert refused["code"] == "wechat_unavailable"
    assert "wechat_api_v3_key is missing" in refused["detail"]


def test_days_off_are_made_up_for_ten_at_a_time(shop: Shop) -> None:
    sells(shop)
    shop.advance(12 * 24 * HOUR)
    days_before_are_closed(11, "2026-12-04")

    first = runs(shop)
    second = runs(shop)

    assert (len(first), len(second)) == (10, 2)
    assert [*first, *second][0] == DAY
    assert [*first, *second][-1] == "2026-12-03"
    assert_agrees(shop)


def test_days_that_wechat_keeps_no_bills_of_any_more_are_passed_over_and_told_of(
    shop: Shop,
) -> None:
    sells(shop)
    shop.advance((MOST_DAYS_BACK + 5) * 24 * HOUR)
    days_before_are_closed(100, "2027-02-24")

    assert runs(shop, time_left=times_left(1)) == []

    (told,) = shop.rows("findings", kind="bills_out_of_reach")
    assert told["facts"] == {"from_day": DAY, "to_day": "2026-11-26"}
    assert shop.admin("get_reconciliation")["through_day"] == "2026-11-26"
    assert runs(shop)[0] == "2026-11-27"


def test_a_day_older_than_the_ledger_closes_by_itself_is_closed_first(shop: Shop) -> None:
    sells(shop)
    shop.advance(40 * 24 * HOUR)
    days_before_are_closed(38, "2027-01-01")

    assert runs(shop, time_left=times_left(30)) == [DAY]

    closed = shop.rows("ledger", account_id=f"day#{DAY}", entry="closing")
    assert [row["transfer_count"] for row in closed] == [1]
    assert_agrees(shop)


def test_whoever_runs_out_of_time_is_gone_on_from(shop: Shop) -> None:
    for number in range(3):
        sells(shop, f"M{number}")
    for _ in range(350):
        shop.sandbox.add_to_bills("movement", 1, business_type="提现")
    shop.sandbox.add_to_bills("payment", 1, number="nobodys")
    morning_after(shop)
    places: list[tuple[str, int]] = []
    versions: list[int] = []
    finished: list[str] = []

    while not finished and len(places) < 60:
        finished = runs(shop, time_left=times_left(3))
        run = store.find_run(DAY)
        assert run is not None
        places.append((run.phase.value, run.next_row + run.next_shard))
        versions.append(run.version)

    assert finished == [DAY]
    assert places[:2] == [("basic", 0), ("basic", 200)]
    assert versions == sorted(set(versions))
    assert found(shop) == [("payment_unknown_here", "nobodys")]
    assert compared(shop)["booked"] == {
        "transfer_count": 3,
        "debits_fen": 6000,
        "credits_fen": 0,
    }


def test_two_runs_at_once_do_the_work_of_one(shop: Shop) -> None:
    for number in range(3):
        sells(shop, f"M{number}")
    shop.sandbox.add_to_bills("payment", 1, number="nobodys")
    morning_after(shop)
    close_days(clock=shop.clock)

    with just_before("BatchGetItem", lambda: runs(shop)):
        assert runs(shop) == []

    assert found(shop) == [("payment_unknown_here", "nobodys")]
    assert compared(shop)["run"] == 1
    assert compared(shop)["booked"]["transfer_count"] == 3
    assert shop.admin("get_reconciliation")["through_day"] == DAY
    assert len(shop.rows("findings", kind="bills_differ")) == 1


def test_two_first_runs_at_once_begin_one(fresh_shop: Shop) -> None:
    days_before_are_closed()

    with just_before("PutItem", lambda: runs(fresh_shop)):
        assert runs(fresh_shop) == []

    assert fresh_shop.admin("get_reconciliation") == {
        "through_day": "2026-11-21",
        "next_day": DAY,
        "next_at": "2026-11-23T02:00:00Z",
    }


def test_a_run_that_broke_off_after_it_wrote_a_difference_writes_it_once(shop: Shop) -> None:
    shop.sandbox.add_to_bills("payment", 1, number="nobodys")
    morning_after(shop)
    runs(shop, time_left=times_left(2))
    (difference,) = shop.rows("reconciliations", kind="payment_unknown_here")
    run = store.find_run(DAY)
    assert run is not None
    store.move(run, phase=Phase.TRADE, next_row=0, found_count=0)

    assert runs(shop) == [DAY]

    assert shop.rows("reconciliations", kind="payment_unknown_here") == [difference]
    assert len(shop.rows("findings", kind="bills_differ")) == 1


def test_bills_that_wechat_writes_anew_meanwhile_are_begun_with_again(shop: Shop) -> None:
    for number in range(3):
        sells(shop, f"M{number}")
    morning_after(shop)
    assert runs(shop, time_left=times_left(3)) == []
    shop.sandbox.change_in_bills(shop.rows("orders")[0]["order_id"], 1)

    assert runs(shop) == [DAY]

    assert compared(shop)["run"] == 2
    assert [kind for kind, _ in found(shop)] == ["payment_amount_differs"]


def test_a_day_with_too_many_differences_is_stopped(shop: Shop) -> None:
    for number in range(MOST_DIFFERENCES + 150):
        shop.sandbox.add_to_bills("movement", 1, business_type=f"新业务{number}")
    morning_after(shop)

    assert runs(shop) == [DAY]

    seen = compared(shop)
    assert (seen["status"], seen["stopped_early"]) == ("differs", True)
    assert seen["differences"] == {"movement_unknown": MOST_DIFFERENCES}
    (told,) = shop.rows("findings", kind="bills_differ")
    assert told["facts"]["stopped_early"] is True


def test_an_operator_compares_a_day_again_and_what_is_mended_stands_no_more(shop: Shop) -> None:
    sells(shop)
    shop.sandbox.add_to_bills("payment", 1, number="nobodys")
    morning_after(shop)
    shop.sandbox.add_fault("/v3/bill/", "bill_missing", 3)
    assert runs(shop) == [DAY]

    answer = shop.admin("reconcile", day=DAY)

    assert (answer["complete"], answer["run"], answer["status"]) == (True, 2, "differs")
    assert found(shop) == [("payment_unknown_here", "nobodys")]
    stands = {one["kind"]: one["stands"] for one in compared(shop)["items"]}
    assert stands == {"payment_not_in_bill": False, "payment_unknown_here": True}
    assert runs(shop) == []


def test_an_operator_may_compare_a_day_before_the_first(shop: Shop) -> None:
    answer = shop.admin("reconcile", day="2026-11-20")

    assert (answer["status"], answer["complete"]) == ("agrees", True)
    assert shop.admin("get_reconciliation")["through_day"] == "2026-11-21"


@pytest.mark.parametrize(
    ("day", "detail"),
    [
        (DAY, "The day's bills are there from 2026-11-23T02:00:00Z on."),
        ("2026-08-24", "WeChat keeps bills for three months: 2026-08-25 is the oldest day."),
    ],
)
def test_a_day_without_bills_is_refused(shop: Shop, day: str, detail: str) -> None:
    before = shop.rows("reconciliations")

    error = shop.tries_admin("reconcile", day=day)["error"]

    assert (error["code"], error["detail"]) == ("not_allowed", detail)
    assert shop.rows("reconciliations") == before


def test_an_operator_is_told_when_wechat_refuses(shop: Shop) -> None:
    morning_after(shop)
    with shop.wechat_refuses(f"{TRADE_BILL}?bill_date={DAY}&bill_type=ALL&tar_type=GZIP"):
        error = shop.tries_admin("reconcile", day=DAY)["error"]

    assert error["code"] == "wechat_unavailable"
    assert error["detail"] == "WeChat refuses: TRADE_ERROR."


def test_a_dry_run_compares_nothing(shop: Shop) -> None:
    morning_after(shop)

    answer = shop.admin("reconcile", day=DAY, dry_run=True)

    assert answer == {"day": DAY, "status": None, "dry_run": True}
    assert store.find_run(DAY) is None


def test_differences_come_in_pages(shop: Shop) -> None:
    for number in range(3):
        shop.sandbox.add_to_bills("payment", 1, number=f"nobodys{number}")
    morning_after(shop)
    runs(shop)

    first = shop.admin("get_reconciliation", day=DAY, limit=2)
    rest = shop.admin("get_reconciliation", day=DAY, limit=2, cursor=first["next_cursor"])

    subjects = [one["about"] for one in (*first["items"], *rest["items"])]
    assert subjects == ["nobodys0", "nobodys1", "nobodys2"]
    assert rest["next_cursor"] is None
    wrong = shop.tries_admin("get_reconciliation", day=NEXT_DAY, cursor=first["next_cursor"])
    assert wrong["error"]["code"] == "not_found"
    refused = shop.tries_admin("get_reconciliation", cursor=first["next_cursor"])
    assert refused["error"]["code"] == "invalid_request"
