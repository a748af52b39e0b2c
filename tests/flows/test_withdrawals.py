"""From earned money to the member's WeChat wallet, and every way in which that can go wrong."""

from typing import Any, cast

import pytest

from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.gateways.wechat_transfers import TransferReport, TransferRequest
from chalicelib.withdrawals.submit import submit
from tests.money import assert_balance_adds_up, assert_payouts_add_up, claws_back
from tests.shop import Shop
from tests.withdrawals.words import (
    asked,
    asks,
    asks_in_vain,
    cancels,
    confirms,
    earner,
    limits,
    paid,
    row,
    seen,
    status,
    terms_of,
    wallet,
)

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"


def test_a_small_withdrawal_goes_out_by_itself_and_is_paid_once_confirmed(shop: Shop) -> None:
    shop.admin("put_settings", **limits(fee_bp=60))
    lin = earner(shop)

    withdrawal_id = asked(lin, 2_000)
    assert wallet(lin) == {
        "pending_fen": 0,
        "available_fen": 3_000,
        "withdrawing_fen": 2_000,
        "withdrawn_fen": 0,
        "debt_fen": 0,
    }
    assert (status(lin, withdrawal_id), seen(lin, withdrawal_id)["transfer"]) == ("approved", None)

    shop.settles()
    confirming = seen(lin, withdrawal_id)
    assert confirming["status"] == "confirming"
    assert set(confirming["transfer"]) == {"mch_id", "app_id", "package"}

    confirms(lin, withdrawal_id)
    shop.settles()
    after = seen(lin, withdrawal_id)
    assert after["transfer"] is None
    assert {name: after[name] for name in ("status", "amount_fen", "fee_fen", "tax_fen")} == {
        "status": "paid",
        "amount_fen": 2_000,
        "fee_fen": 12,
        "tax_fen": 0,
    }
    assert (wallet(lin)["available_fen"], wallet(lin)["withdrawn_fen"]) == (3_000, 2_000)
    assert shop.sandbox.totals()["transferred_fen"] == 1_988
    assert "due_at" not in row(shop, withdrawal_id)
    assert shop.findings() == []
    assert_payouts_add_up(shop, lin.member_id)


def test_each_step_is_a_transfer_in_the_wallet(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = paid(lin)

    items = lin.send("GET", "/v1/wallet/transfers")["items"]

    about = [one for one in items if one["about"] == withdrawal_id]
    assert {(one["code"], one["direction"], one["state"], one["amount_fen"]) for one in about} == {
        ("withdrawal", "out", "posted", 2_000),
        ("withdrawal", "out", "pending", 2_000),
    }
    assert {one["direction"] for one in items if one["code"] == "commission"} == {"in"}
    first = lin.send("GET", "/v1/wallet/transfers?limit=1")
    rest = lin.send("GET", f"/v1/wallet/transfers?cursor={first['next_cursor']}")
    assert [*first["items"], *rest["items"]] == items


def test_a_repeat_finds_the_first_and_another_amount_is_a_conflict(shop: Shop) -> None:
    lin = earner(shop)
    first = asks(lin, 2_000, key="the-same-key")

    again = asks(lin, 2_000, key="the-same-key")
    other = asks(lin, 2_001, key="the-same-key")

    assert again["withdrawal_id"] == first["withdrawal_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.code == "idempotency_conflict"
    shop.settles()
    later = asks(lin, 2_000, key="the-same-key")
    assert (later.status, later["status"]) == (201, "confirming")
    assert len(shop.rows("withdrawals")) == 1


@pytest.mark.parametrize("amount_fen", [0, -1, 1.5, "2000", True, None, 100_000_001])
def test_what_is_no_amount_is_not_taken(shop: Shop, amount_fen: object) -> None:
    assert asks_in_vain(shop, earner(shop), amount_fen) == "invalid_request"


@pytest.mark.parametrize("amount_fen", [99, 20_001])
def test_less_or_more_than_one_withdrawal_may_be_is_refused(shop: Shop, amount_fen: int) -> None:
    lin = earner(shop, earned_fen=50_000)

    assert asks_in_vain(shop, lin, amount_fen) == "amount_not_allowed"
    assert asks(lin, amount_fen)["context"] == {"minimum_fen": 100, "maximum_fen": 20_000}


def test_what_leaves_less_than_wechat_transfers_is_refused(shop: Shop) -> None:
    shop.admin("put_settings", **limits(minimum_fen=1, fee_bp=5_000))
    lin = earner(shop)
    assert asks_in_vain(shop, lin, 18) == "amount_not_allowed"
    assert asks(lin, 19).status == 201


def test_more_than_is_available_is_refused(shop: Shop) -> None:
    lin = earner(shop, earned_fen=1_999)

    assert asks_in_vain(shop, lin, 2_000) == "insufficient_balance"
    assert asks(lin, 2_000)["context"] == {"available_fen": 1_999}
    assert asks_in_vain(shop, shop.member("Eve"), 100) == "insufficient_balance"


def test_one_withdrawal_at_a_time(shop: Shop) -> None:
    lin = earner(shop)
    first = asked(lin, 1_000)

    assert asks_in_vain(shop, lin, 1_000) == "withdrawal_open"
    assert asks(lin, 1_000)["context"] == {"withdrawal_id": first}


def test_a_day_allows_so_much_and_so_often(shop: Shop) -> None:
    lin = earner(shop, earned_fen=50_000)
    shop.admin("put_settings", **limits(daily_fen=3_000, maximum_fen=2_000, daily_count=3))
    paid(lin, 2_000)

    assert asks_in_vain(shop, lin, 1_001) == "daily_limit_reached"
    paid(lin, 500)
    paid(lin, 200)
    assert asks_in_vain(shop, lin, 100) == "daily_limit_reached"
    shop.advance(24 * 3600)
    paid(lin, 2_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_what_failed_or_was_cancelled_does_not_count_for_the_day(shop: Shop) -> None:
    lin = earner(shop)
    shop.admin("put_settings", **limits(daily_fen=2_000, maximum_fen=2_000, daily_count=1))
    failed = asked(lin)
    shop.settles()
    confirms(lin, failed, outcome="fail", fail_reason="ACCOUNT_FROZEN")
    shop.settles()
    cancelled = asked(lin)
    assert cancels(lin, cancelled)["status"] == "cancelled"

    assert (status(lin, failed), seen(lin, failed)["fail_reason"]) == ("failed", "ACCOUNT_FROZEN")
    assert wallet(lin)["available_fen"] == 5_000
    paid(lin)
    assert asks_in_vain(shop, lin, 100) == "daily_limit_reached"
    assert_payouts_add_up(shop, lin.member_id)


def test_what_failed_the_day_after_is_given_back_to_its_own_day(shop: Shop) -> None:
    shop.admin("put_settings", **limits(daily_count=1))
    lin = earner(shop)
    old = asked(lin)
    shop.settles()
    shop.passes(24 * 3600)
    assert status(lin, old) == "failed"

    used = {one["limit_key"].rpartition("#")[0][-10:]: one["used"] for one in shop.rows("limits")}
    assert used == {"2026-11-22": 0}
    asked(lin)
    assert asks_in_vain(shop, lin, 100) == "withdrawal_open"


# Cancelling


def test_a_withdrawal_is_taken_back_at_once_before_wechat_is_asked(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)

    first, again = cancels(lin, withdrawal_id), cancels(lin, withdrawal_id)
    shop.settles()

    assert [first["status"], again["status"], status(lin, withdrawal_id)] == ["cancelled"] * 3
    assert wallet(lin)["available_fen"] == 5_000
    assert shop.sandbox.totals()["transfers"] == 0
    assert_payouts_add_up(shop, lin.member_id)


def test_while_it_is_being_submitted_it_cannot_be_cancelled(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.sandbox.configure(hold_transfers=True)
    shop.settles()
    before = shop.everything()

    assert cancels(lin, withdrawal_id).code == "withdrawal_not_cancellable"
    assert (status(lin, withdrawal_id), shop.everything()) == ("submitted", before)


def test_one_that_waits_for_the_member_is_taken_back_at_wechat(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()

    asked_back = cancels(lin, withdrawal_id)
    assert (asked_back["status"], asked_back["transfer"]) == ("confirming", None)
    assert wallet(lin)["available_fen"] == 3_000
    assert cancels(lin, withdrawal_id)["status"] == "confirming"
    shop.settles()

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("cancelled", 5_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_confirmed_before_it_was_taken_back_it_is_paid(shop: Shop) -> None:
    shop.sandbox.configure(transfer_settles_after_seconds=120)
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    confirms(lin, withdrawal_id)

    assert cancels(lin, withdrawal_id)["status"] == "confirming"
    shop.settles()
    assert status(lin, withdrawal_id) == "confirming"
    assert cancels(lin, withdrawal_id).code == "withdrawal_not_cancellable"
    shop.passes(120)

    assert (status(lin, withdrawal_id), wallet(lin)["withdrawn_fen"]) == ("paid", 2_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_a_cancellation_whose_record_was_lost_is_made_up_for_by_the_sweep(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    cancels(lin, withdrawal_id)
    shop.streams_are_lost()

    shop.passes(1)

    assert status(lin, withdrawal_id) == "cancelled"
    assert_payouts_add_up(shop, lin.member_id)


def test_what_is_over_cannot_be_cancelled(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = paid(lin)
    assert cancels(lin, withdrawal_id).code == "withdrawal_not_cancellable"


# Trouble with WeChat


@pytest.mark.parametrize("kind", ["timeout_after", "error_after", "bad_signature", "garbage"])
def test_a_call_that_times_out_after_wechat_took_it_pays_once(shop: Shop, kind: str) -> None:
    lin = earner(shop)
    shop.sandbox.add_fault(TRANSFERS, kind, 1)
    withdrawal_id = asked(lin)
    shop.settles()
    assert status(lin, withdrawal_id) == "submitted"
    assert wallet(lin)["available_fen"] == 3_000

    shop.passes(30)
    assert status(lin, withdrawal_id) == "confirming"
    confirms(lin, withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "paid"
    assert shop.sandbox.totals()["transfers"] == 1
    assert shop.findings() == []
    assert_payouts_add_up(shop, lin.member_id)


@pytest.mark.parametrize("kind", ["timeout_before", "error_before", "rate_limit"])
def test_a_call_that_never_arrived_goes_out_again_under_its_number(shop: Shop, kind: str) -> None:
    lin = earner(shop)
    shop.sandbox.add_fault(TRANSFERS, kind, 3)
    withdrawal_id = asked(lin)
    shop.settles()
    for seconds in (30, 60, 120):
        assert status(lin, withdrawal_id) == "submitted"
        shop.passes(seconds)

    assert status(lin, withdrawal_id) == "confirming"
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


class Killed(BaseException):
    """This process is gone."""


class KilledAfterAsking:
    """WeChat Pay, in a process that dies as soon as WeChat has taken a transfer."""

    def __init__(self, wechat_pay: WechatPay) -> None:
        self._wechat_pay = wechat_pay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wechat_pay, name)

    def transfer(self, request: TransferRequest) -> TransferReport:
        self._wechat_pay.transfer(request)
        raise Killed


def test_killed_between_the_call_and_its_record_it_pays_once(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    with pytest.raises(Killed):
        submit(
            withdrawal_id,
            clock=shop.clock,
            wechat_pay=cast(WechatPay, KilledAfterAsking(shop.wiring.wechat_pay)),
            notify_url=shop.wiring.transfer_notify_url,
            payee_keys=None,
        )
    assert status(lin, withdrawal_id) == "submitted"
    assert shop.sandbox.transfer_of(withdrawal_id)["state"] == "WAIT_USER_CONFIRM"

    shop.passes(30)
    confirms(lin, withdrawal_id)
    shop.settles()

    assert (status(lin, withdrawal_id), shop.sandbox.totals()["transfers"]) == ("paid", 1)
    assert_payouts_add_up(shop, lin.member_id)


def test_a_lost_record_of_the_approval_is_made_up_for_by_the_sweep(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.streams_are_lost()

    shop.passes(59)
    assert status(lin, withdrawal_id) == "approved"
    shop.passes(1)

    assert status(lin, withdrawal_id) == "confirming"


def test_the_confirmation_may_arrive_before_the_answer_to_the_call(shop: Shop) -> None:
    lin = earner(shop)
    shop.sandbox.add_fault(TRANSFERS, "timeout_after", 1)
    withdrawal_id = asked(lin)
    shop.streams_flow()
    package = shop.sandbox.transfer(terms_of(shop, withdrawal_id))["package_info"]

    shop.sandbox.confirm_transfer("Lin", package)
    shop.sandbox.pump()

    assert status(lin, withdrawal_id) == "paid"
    shop.passes(30)
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_unconfirmed_after_a_day_the_money_comes_back_on_wechat_s_word(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()

    shop.passes(24 * 3600 - 1)
    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("confirming", 3_000)
    shop.passes(3600)

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("failed", 5_000)
    assert seen(lin, withdrawal_id)["fail_reason"] == "OVERDUE_CLOSE"
    assert_payouts_add_up(shop, lin.member_id)


def test_still_waiting_after_25_hours_the_money_stays_set_aside(shop: Shop) -> None:
    shop.sandbox.configure(overdue_closes_after_seconds=26 * 3600)
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()

    for _ in range(25):
        shop.passes(3600)
    assert status(lin, withdrawal_id) == "confirming"
    assert wallet(lin)["available_fen"] == 3_000
    assert asks(lin, 1_000).code == "withdrawal_open"
    for _ in range(2):
        shop.passes(3600)

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("failed", 5_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_a_lost_notification_is_made_up_for_by_asking(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    confirms(lin, withdrawal_id, notify={"times": 0})
    shop.settles()
    assert status(lin, withdrawal_id) == "confirming"

    shop.passes(60)

    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_notifications_that_repeat_and_come_late_pay_once(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    confirms(lin, withdrawal_id, notify={"times": 5})
    shop.settles()
    shop.sandbox.replay(out_bill_no=withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "paid"
    assert shop.findings() == []
    assert_payouts_add_up(shop, lin.member_id)


def test_a_notification_of_another_amount_is_recorded_and_not_believed(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    confirms(lin, withdrawal_id, notify={"corrupt": "amount"})
    shop.settles()

    assert status(lin, withdrawal_id) == "confirming"
    assert shop.findings() == ["transfer_mismatch"]
    shop.passes(60)
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_a_refusal_goes_back_to_an_operator_who_may_send_it_again(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    with shop.wechat_refuses(TRANSFERS):
        shop.settles()
    assert status(lin, withdrawal_id) == "reviewing"
    assert row(shop, withdrawal_id)["refusal_code"] == "TRADE_ERROR"
    assert shop.findings() == ["withdrawal_refused"]
    assert wallet(lin)["available_fen"] == 3_000
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "confirming"
    assert "refusal_code" not in row(shop, withdrawal_id)
    confirms(lin, withdrawal_id)
    shop.settles()
    assert_payouts_add_up(shop, lin.member_id)


def test_a_refusal_of_what_wechat_has_is_no_refusal(shop: Shop) -> None:
    lin = earner(shop)
    shop.sandbox.add_fault(TRANSFERS, "timeout_after", 1)
    withdrawal_id = asked(lin)
    shop.settles()
    with shop.wechat_refuses(TRANSFERS):
        shop.passes(30)

    assert status(lin, withdrawal_id) == "confirming"
    assert "withdrawal_refused" not in shop.findings()
    assert seen(lin, withdrawal_id)["transfer"] is None
    shop.passes(60)
    assert seen(lin, withdrawal_id)["transfer"] is not None


# Debt


def test_debt_while_an_operator_is_to_decide_rejects_it(shop: Shop) -> None:
    lin = earner(shop, earned_fen=15_000)
    withdrawal_id = asked(lin, 12_000)
    claws_back(shop.clock, lin.member_id, 4_000, order_id="ord_Lin")
    assert wallet(lin) == {
        "pending_fen": 0,
        "available_fen": 0,
        "withdrawing_fen": 12_000,
        "withdrawn_fen": 0,
        "debt_fen": 1_000,
    }

    approved = shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    shop.settles()

    assert (approved["status"], approved["decision_reason"]) == ("rejected", "in_debt")
    assert (wallet(lin)["available_fen"], wallet(lin)["debt_fen"]) == (11_000, 0)
    assert_payouts_add_up(shop, lin.member_id)


def test_debt_is_noticed_without_anybody_deciding(shop: Shop) -> None:
    lin = earner(shop, earned_fen=15_000)
    withdrawal_id = asked(lin, 12_000)
    claws_back(shop.clock, lin.member_id, 4_000, order_id="ord_Lin")

    shop.passes(600)

    assert status(lin, withdrawal_id) == "rejected"
    assert_payouts_add_up(shop, lin.member_id)


def test_debt_between_approval_and_submission_rejects_it(shop: Shop) -> None:
    lin = earner(shop, earned_fen=2_000)
    withdrawal_id = asked(lin)
    claws_back(shop.clock, lin.member_id, 1, order_id="ord_Lin")

    shop.settles()

    assert status(lin, withdrawal_id) == "rejected"
    assert shop.sandbox.totals()["transfers"] == 0
    assert (wallet(lin)["available_fen"], wallet(lin)["debt_fen"]) == (1_999, 0)
    assert_payouts_add_up(shop, lin.member_id)


def test_debt_after_submission_stays_and_the_next_earnings_pay_it(shop: Shop) -> None:
    lin = earner(shop, earned_fen=2_000)
    withdrawal_id = asked(lin)
    shop.settles()
    claws_back(shop.clock, lin.member_id, 500, order_id="ord_Lin")
    confirms(lin, withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "paid"
    assert (wallet(lin)["available_fen"], wallet(lin)["debt_fen"]) == (0, 500)
    assert asks(lin, 100).code == "insufficient_balance"
    assert assert_balance_adds_up(lin.member_id).available_fen == -500
    assert_payouts_add_up(shop, lin.member_id)


def test_nobody_sees_another_s_withdrawals(shop: Shop) -> None:
    lin, eve = earner(shop), earner(shop, "Eve")
    withdrawal_id = asked(lin)

    assert eve.send("GET", f"/v1/withdrawals/{withdrawal_id}").code == "not_found"
    assert cancels(eve, withdrawal_id).code == "not_found"
    assert eve.send("GET", "/v1/withdrawals")["items"] == []
    mine = lin.send("GET", "/v1/withdrawals")["items"]
    assert [one["withdrawal_id"] for one in mine] == [withdrawal_id]


def test_whoever_leaves_is_no_longer_named_on_their_withdrawals(shop: Shop) -> None:
    lin = earner(shop, earned_fen=2_000)
    withdrawal_id = paid(lin)

    assert lin.send("DELETE", "/v1/me").status == 204

    kept = row(shop, withdrawal_id)
    assert (kept["openid"], kept["withdrawal_state"], kept["net_fen"]) == ("erased", "paid", 2_000)
