"""A member is blocked while their withdrawal is on its way to WeChat: what WeChat has goes
on, what it never heard of is held, and no fen is lost or paid twice.
"""

from chalicelib.gateways.wechat_transfers import TransferRequest
from chalicelib.withdrawals import store as withdrawals
from tests.flows.test_blocked import blocks
from tests.money import assert_payouts_add_up
from tests.shop import Member, Shop
from tests.withdrawals.words import asked, confirms, earner, row, status, wallet

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"


def submitted_in_vain(shop: Shop, fault: str) -> tuple[Member, str]:
    """A withdrawal that stands as submitted, of a member who was blocked then; WeChat never heard
    of it, or we never heard of WeChat.
    """
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.sandbox.add_fault(TRANSFERS, fault, times=1)
    shop.settles()
    assert row(shop, withdrawal_id)["withdrawal_state"] == "submitted"
    blocks(shop, lin)
    return lin, withdrawal_id


def test_what_wechat_never_heard_of_is_not_sent_again_until_they_are_let_in(shop: Shop) -> None:
    lin, withdrawal_id = submitted_in_vain(shop, "error_before")
    for _ in range(15):
        shop.passes(61)
    assert row(shop, withdrawal_id)["withdrawal_state"] == "submitted"
    assert shop.sandbox.totals()["transfers"] == 0
    assert wallet(lin)["withdrawing_fen"] == 2_000

    blocks(shop, lin, blocked=False)
    for _ in range(10):
        shop.passes(61)

    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def held(shop: Shop) -> tuple[Member, str]:
    """One that an operator is to decide, after no call of before can still be under way."""
    lin, withdrawal_id = submitted_in_vain(shop, "error_before")
    for _ in range(40):
        shop.passes(61)
    (waiting,) = shop.admin("list_withdrawals", status="reviewing")["items"]
    assert (waiting["withdrawal_id"], waiting["refusal_code"]) == (withdrawal_id, "member_blocked")
    assert shop.sandbox.totals()["transfers"] == 0
    refused = shop.tries_admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    assert refused["error"]["code"] == "not_allowed"
    return lin, withdrawal_id


def test_after_a_while_an_operator_decides_and_may_let_it_go_out(shop: Shop) -> None:
    lin, withdrawal_id = held(shop)
    blocks(shop, lin, blocked=False)
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_or_give_it_back(shop: Shop) -> None:
    lin, withdrawal_id = held(shop)
    shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id)
    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("rejected", 5_000)
    assert_payouts_add_up(shop, lin.member_id)


def arrives_late(shop: Shop, withdrawal_id: str) -> None:
    """The call that was lost, in WeChat after all."""
    kept = withdrawals.get(withdrawal_id)
    request = TransferRequest(
        out_bill_no=withdrawal_id,
        app_id=kept.app_id,
        openid=kept.openid,
        amount_fen=kept.net_fen,
        remark=kept.remark,
        scene_id=kept.scene_id,
        scene_report=kept.scene_report,
        notify_url=str(kept.notify_url),
        user_name=None,
    )
    shop.wiring.wechat_pay.transfer(request)


def test_should_wechat_have_it_after_all_it_is_not_given_back(shop: Shop) -> None:
    lin, withdrawal_id = held(shop)
    arrives_late(shop, withdrawal_id)

    refused = shop.tries_admin("reject_withdrawal", withdrawal_id=withdrawal_id)

    assert refused["error"]["detail"] == "WeChat has it after all: it is confirming."
    for _ in range(2):
        shop.passes(61)
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_what_wechat_has_goes_on_though_its_answer_was_lost(shop: Shop) -> None:
    lin, withdrawal_id = submitted_in_vain(shop, "error_after")
    for _ in range(3):
        shop.passes(61)
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)
