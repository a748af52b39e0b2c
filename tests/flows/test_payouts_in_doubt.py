"""Withdrawals that WeChat refuses, forgets or takes too late, and decisions of odd shapes."""

from typing import Any

import pytest

from chalicelib.gateways.wechat_transfers import TransferReport
from chalicelib.kit.aws import dynamodb
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.cancel import cancel_at_wechat
from chalicelib.withdrawals.follow_up import follow_up
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.send import send
from chalicelib.withdrawals.settle import settle
from tests.in_process import just_before
from tests.money import assert_payouts_add_up, claws_back
from tests.shop import PAYEE_KEY, Member, Shop
from tests.withdrawals.words import (
    PAYEE,
    asked,
    cancels,
    confirms,
    earner,
    row,
    seen,
    status,
    wallet,
    writes_decision,
)

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
DAY = 24 * 3600


def refused_once(shop: Shop) -> tuple[Member, str]:
    """A withdrawal that came back from WeChat refused, and waits for an operator."""
    lin = earner(shop)
    withdrawal_id = asked(lin)
    with shop.wechat_refuses(TRANSFERS):
        shop.settles()
    assert status(lin, withdrawal_id) == "reviewing"
    return lin, withdrawal_id


def test_one_refused_long_ago_is_sent_again_after_it_was_approved(shop: Shop) -> None:
    lin, withdrawal_id = refused_once(shop)
    shop.advance(31 * DAY)
    lin.signs_in_again()
    shop.sandbox.add_fault(TRANSFERS, "error_before", times=2)
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, reason="补足余额")
    shop.settles()
    for _ in range(5):
        shop.passes(61)

    assert status(lin, withdrawal_id) == "confirming"
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop)


def test_what_wechat_is_told_can_be_put_right_after_a_refusal(shop: Shop) -> None:
    lin, withdrawal_id = refused_once(shop)
    report = {"岗位类型": "团长", "报酬说明": "团长佣金"}
    shop.admin("put_settings", withdrawal={"scene_report": report, "remark": "团长佣金"})
    shop.moves_to("https://elsewhere.test")

    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, reason="已更正")
    shop.settles()

    kept = row(shop, withdrawal_id)
    assert (kept["scene_report"], kept["remark"]) == (report, "团长佣金")
    assert kept["notify_url"] == "https://elsewhere.test/v1/wechat/transfers"
    assert status(lin, withdrawal_id) == "confirming"


def test_a_member_takes_back_what_wechat_refused(shop: Shop) -> None:
    lin, withdrawal_id = refused_once(shop)

    assert cancels(lin, withdrawal_id).status == 200
    shop.settles()

    assert status(lin, withdrawal_id) == "cancelled"
    assert wallet(lin)["available_fen"] == 5_000
    assert_payouts_add_up(shop)


def test_two_who_take_it_back_at_once_take_it_back_once(shop: Shop) -> None:
    lin, withdrawal_id = refused_once(shop)
    assert cancels(lin, withdrawal_id).status == 200

    def take_back() -> Withdrawal:
        wechat_pay = shop.wiring.wechat_pay
        return cancel_at_wechat(withdrawal_id, clock=shop.clock, wechat_pay=wechat_pay)

    with just_before("TransactWriteItems", take_back):
        assert take_back().withdrawal_state is WithdrawalState.CANCELLED

    assert wallet(lin)["available_fen"] == 5_000
    assert_payouts_add_up(shop)


def test_a_debtor_s_withdrawal_that_somebody_else_rejects_just_then_is_rejected_once(
    shop: Shop,
) -> None:
    lin, withdrawal_id = refused_once(shop)
    claws_back(shop.clock, lin.member_id, 4_000, order_id="ord_Lin")
    shop.advance(601)

    def reject() -> object:
        return shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id, reason="不付")

    with just_before("TransactWriteItems", reject):
        followed_up = follow_up(
            withdrawal_id,
            clock=shop.clock,
            wechat_pay=shop.wiring.wechat_pay,
            notify_url="https://example.com/v1/wechat/transfers",
            payee_keys=None,
        )

    assert followed_up.withdrawal_state is WithdrawalState.REJECTED
    assert row(shop, withdrawal_id)["decision_reason"] == "不付"
    assert wallet(lin)["available_fen"] == 1_000


def test_a_call_that_comes_after_its_time_is_not_made(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.sandbox.add_fault(TRANSFERS, "error_before", times=1)
    shop.settles()
    late = withdrawals.get(withdrawal_id)
    shop.advance(40)

    send(late, clock=shop.clock, wechat_pay=shop.wiring.wechat_pay, payee_keys=None)

    assert shop.wiring.wechat_pay.query_transfer(withdrawal_id) is None


def test_a_transfer_that_lives_on_after_its_end_here_is_told_and_taken_back(shop: Shop) -> None:
    lin, withdrawal_id = refused_once(shop)
    late = withdrawals.get(withdrawal_id)
    shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id, reason="不付")
    assert wallet(lin)["available_fen"] == 5_000

    send(
        late,  # as a sender has it that was held up before its call
        clock=shop.clock,
        wechat_pay=shop.wiring.wechat_pay,
        payee_keys=None,
    )
    shop.settles()

    assert "transfer_differs" in shop.findings()
    known = shop.sandbox.transfer_of(withdrawal_id)
    assert known["state"] in ("CANCELING", "CANCELLED")
    assert wallet(lin)["available_fen"] == 5_000
    assert_payouts_add_up(shop)


def test_a_payee_whose_key_is_gone_keeps_the_withdrawal_back(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"payee_from_fen": 100})
    lin = earner(shop)
    assert lin.send("PUT", "/v1/me/payee", PAYEE).status == 200
    withdrawal_id = asked(lin)
    shop.replaces_payee_keys({"2": PAYEE_KEY})

    shop.settles()

    assert status(lin, withdrawal_id) == "reviewing"
    assert shop.findings() == ["payee_unreadable"]
    assert row(shop, withdrawal_id).get("submitted_at") is None
    assert cancels(lin, withdrawal_id).status == 200
    assert wallet(lin)["available_fen"] == 5_000


def out_of_sight(shop: Shop) -> tuple[Member, str]:
    """WeChat held it for a month and knows it no more."""
    lin = earner(shop)
    shop.sandbox.add_fault(TRANSFERS, "error_before", times=10_000)
    withdrawal_id = asked(lin)
    shop.settles()
    shop.advance(30 * DAY)
    lin.signs_in_again()
    shop.sandbox.forget_faults()
    shop.passes(601)
    assert "withdrawal_out_of_sight" in shop.findings()
    return lin, withdrawal_id


@pytest.mark.parametrize(
    ("resolution", "ends", "available_fen"),
    [("paid", "paid", 3_000), ("not_paid", "failed", 5_000)],
)
def test_an_operator_says_how_one_out_of_sight_ended(
    shop: Shop, resolution: str, ends: str, available_fen: int
) -> None:
    lin, withdrawal_id = out_of_sight(shop)
    fields = {"withdrawal_id": withdrawal_id, "resolution": resolution, "reason": "商户平台"}

    told = shop.admin("resolve_withdrawal", **fields)
    again = shop.admin("resolve_withdrawal", **fields)

    assert (told["outcome"], again["outcome"]) == ("resolved", "unchanged")
    assert (status(lin, withdrawal_id), told["status"]) == (ends, ends)
    assert wallet(lin)["available_fen"] == available_fen


def test_what_is_in_sight_is_not_for_an_operator_to_say(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()

    answer = shop.tries_admin(
        "resolve_withdrawal", withdrawal_id=withdrawal_id, resolution="not_paid", reason="x"
    )

    assert answer["error"]["code"] == "not_allowed"
    assert status(lin, withdrawal_id) == "confirming"


def test_a_copied_decision_is_a_decision_of_its_own(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"review_above_fen": 0})
    lin, ann = earner(shop, "Lin"), earner(shop, "Ann")
    first, second = asked(lin), asked(ann)
    writes_decision(shop, first, decision="approve", operator="Mei", reason="ok")
    shop.settles()
    answered = next(each for each in raw_withdrawals() if each["kind"]["S"] == "decision")

    copy = {**answered, "withdrawal_id": {"S": second}}
    dynamodb().put_item(TableName="kaituan-test-withdrawals", Item=copy)
    shop.settles()

    assert [status(lin, first), status(ann, second)] == ["confirming", "confirming"]


def test_an_odd_decision_spoils_no_list(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"review_above_fen": 0})
    lin = earner(shop)
    withdrawal_id = asked(lin)
    writes_decision(shop, withdrawal_id, decision="approve", operator={"N": "5"}, reason="ok")
    shop.settles()

    listed = shop.admin("list_withdrawals")["items"]

    assert [each["withdrawal_id"] for each in listed] == [withdrawal_id]
    assert seen(lin, withdrawal_id)["status"] == "reviewing"


def test_what_wechat_tells_only_once_is_recorded_or_not_acknowledged(shop: Shop) -> None:
    report = TransferReport(
        out_bill_no="wdrnobodys", transfer_bill_no="1330", transfer_state="SUCCESS"
    )
    with shop.database_fails("PutItem"):
        assert outcome(lambda: settle(report, clock=shop.clock, must=True)) == "TryAgain"
    settle(report, clock=shop.clock, must=True)
    assert shop.findings() == ["transfer_unknown"]


def test_a_day_s_limit_may_be_less_than_one_withdrawal_s(shop: Shop) -> None:
    shop.admin("put_settings", withdrawal={"daily_fen": 3_000})
    lin = earner(shop)
    reply = lin.send("POST", "/v1/withdrawals", {"amount_fen": 3_001}, key="above-the-day")
    assert reply.code == "daily_limit_reached"


def outcome(attempt: Any) -> str:
    try:
        attempt()
    except Exception as error:
        return type(error).__name__
    return "done"


def raw_withdrawals() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = dynamodb().scan(TableName="kaituan-test-withdrawals")["Items"]
    return items
