"""What keeps a day from being compared is told, and keeps later days waiting for a week at most."""

from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from chalicelib import sweeps
from chalicelib.gateways.wechat_bills import Bill, BillKind, BillTooBig
from chalicelib.gateways.wechat_pay import WechatPayOff
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.store import DAY_SHARDS
from chalicelib.reconciliation import store
from chalicelib.reconciliation.catch_up import catch_up
from tests.in_process import just_before
from tests.reconciliation.words import (
    DAY,
    HOUR,
    NEXT_DAY,
    assert_agrees,
    compared,
    morning_after,
    runs,
    sells,
    the_difference,
)
from tests.shop import Shop
from tests.withdrawals.words import earner, paid

DAY_AND_MORE = 24 * HOUR
TRANSFER_PATH = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/"
TRADE = f"/v3/bill/tradebill?bill_date={DAY}&bill_type=ALL&tar_type=GZIP"


class TooBig(WechatPayOff):
    """A WeChat whose bills are bigger than what is read."""

    def bill(self, kind: BillKind, day: str) -> Bill | None:
        raise BillTooBig(f"{kind} of {day}")


def fund_flow(account: str) -> str:
    return f"/v3/bill/fundflowbill?bill_date={DAY}&account_type={account}&tar_type=GZIP"


def told(shop: Shop, kind: str) -> list[tuple[object, object]]:
    return [(row["about"], row["facts"]) for row in shop.rows("findings", kind=kind)]


def test_a_day_that_is_late_is_told_of_before_anything_can_fail(shop: Shop) -> None:
    morning_after(shop)
    shop.advance(DAY_AND_MORE)

    def throttled() -> None:
        error = {"Error": {"Code": "ThrottlingException", "Message": "later"}}
        raise ClientError(error, "Query")

    with just_before("Query", throttled), pytest.raises(ClientError):
        runs(shop)

    assert told(shop, "bills_missing") == [(DAY, {"reason": "late"})]
    assert runs(shop) == [DAY, NEXT_DAY]


def test_a_shop_that_is_switched_off_after_it_has_reconciled_is_told_of(shop: Shop) -> None:
    morning_after(shop)
    assert runs(shop) == [DAY]
    shop.wiring._wechat_pay = WechatPayOff(("wechat_api_v3_key",))
    shop.advance(DAY_AND_MORE)
    assert runs(shop) == []
    assert shop.findings() == []
    shop.advance(DAY_AND_MORE)

    assert runs(shop) == []

    assert told(shop, "bills_missing") == [(NEXT_DAY, {"reason": "late"})]


def test_a_shop_that_never_reconciled_is_late_with_nothing(fresh_shop: Shop) -> None:
    fresh_shop.wiring._wechat_pay = WechatPayOff(("wechat_api_v3_key",))
    fresh_shop.advance(5 * DAY_AND_MORE)

    assert sweeps.reconcile_days(fresh_shop.wiring)["reconciled"] == []

    assert fresh_shop.findings() == []


@pytest.mark.parametrize("account", ["BASIC", "OPERATION"])
def test_a_fund_flow_that_wechat_refuses_is_none_and_the_rest_is_compared(
    shop: Shop, account: str
) -> None:
    sells(shop)
    paid(earner(shop, "Ann"))
    shop.sandbox.add_to_bills("payment", 700, number="ord_of_nobody")
    morning_after(shop)

    with shop.wechat_refuses(fund_flow(account)):
        assert runs(shop) == [DAY]

    the_difference(shop, "payment_unknown_here", "ord_of_nobody")
    bill = account.lower()
    facts = {"bill": bill, "code": "TRADE_ERROR", "status": 403}
    assert told(shop, "bill_refused") == [(DAY, facts)]
    assert compared(shop)["wechat"]["bills_refused"] == {bill: "TRADE_ERROR"}
    run = store.find_run(DAY)
    assert run is not None
    assert run.hashes[bill] == "refused"


def test_what_wechat_has_not_paid_is_told_though_the_fund_flow_is_refused(shop: Shop) -> None:
    withdrawal_id = paid(earner(shop))
    morning_after(shop)

    with (
        shop.wechat_refuses(fund_flow("OPERATION")),
        shop.wechat_refuses(TRANSFER_PATH + withdrawal_id, 404),
    ):
        assert runs(shop) == [DAY]

    the_difference(shop, "transfer_not_in_bill", withdrawal_id)


def test_a_day_that_cannot_be_had_for_a_week_is_passed_over(shop: Shop) -> None:
    sells(shop)
    morning_after(shop)
    with shop.wechat_refuses(TRADE):
        shop.advance(7 * DAY_AND_MORE - 120)
        assert runs(shop) == []
        assert told(shop, "bills_passed_over") == []
        shop.advance(120)

        assert runs(shop)[0] == NEXT_DAY

    assert told(shop, "bills_passed_over") == [(DAY, {"reason": "RefusedByWechat"})]
    assert store.find_through_day() == "2026-11-29"
    shop.admin("reconcile", day=DAY)
    assert_agrees(shop)


def test_a_bill_that_is_too_big_is_a_persons_affair_at_once(shop: Shop) -> None:
    morning_after(shop)

    assert catch_up(clock=shop.clock, wechat_pay=TooBig(()), time_left=sweeps.always) == []

    assert told(shop, "bill_too_big") == [(DAY, {"most_bytes": 60_000_000})]


def test_the_clock_is_looked_at_between_ten_that_were_booked(shop: Shop) -> None:
    """Of each WeChat may be asked, and take its time."""
    looks: list[int] = []
    for number in range(12 * DAY_SHARDS):
        ledger.post(recipes.payment(f"ord_{number:06}", 1, now=shop.clock.now()))
    morning_after(shop)

    def looked() -> bool:
        run = store.find_run(DAY)
        looks.append(run.booked_count if run is not None else 0)
        return True

    assert runs(shop, time_left=looked) == [DAY]

    steps = [after - before for before, after in pairwise(looks)]
    assert (max(steps), looks[-1]) == (10, 12 * DAY_SHARDS)
