"""Operators approve, reject, list and look into wallets; by command, or by a decision item written
beside a withdrawal in the console.
"""

from typing import Any

import pytest

from tests.money import assert_payouts_add_up, claws_back
from tests.shop import Member, Shop
from tests.withdrawals.words import (
    asked,
    cancels,
    confirms,
    decision,
    earner,
    paid,
    row,
    status,
    wallet,
    writes_decision,
)

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
SAID = {"operator": "chen", "reason": "looked at it"}


def reviewed(shop: Shop) -> tuple[Member, str]:
    """A withdrawal that waits for an operator."""
    lin = earner(shop, earned_fen=15_000)
    withdrawal_id = asked(lin, 12_000)
    shop.settles()
    assert status(lin, withdrawal_id) == "reviewing"
    return lin, withdrawal_id


def error(shop: Shop, command: str, **fields: Any) -> Any:
    """The code of a command that is refused and changes nothing, dry run or not."""
    before = shop.everything()
    rehearsed = shop.tries_admin(command, **fields, dry_run=True)
    done = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    assert rehearsed["error"] == done["error"]
    return done["error"]["code"]


def test_an_approved_withdrawal_goes_out_and_approving_twice_is_once(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)

    rehearsed = shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, dry_run=True)
    assert (rehearsed["status"], status(lin, withdrawal_id)) == ("reviewing", "reviewing")
    first = shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, **SAID)
    again = shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, **SAID)
    shop.settles()
    late = shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id, **SAID)

    assert [one["outcome"] for one in (first, again, late)] == [
        "decided",
        "unchanged",
        "unchanged",
    ]
    assert [one["status"] for one in (first, again, late)] == ["approved", "approved", "confirming"]
    assert (first["operator"], first["decision_reason"]) == ("chen", "looked at it")
    confirms(lin, withdrawal_id)
    shop.settles()
    assert shop.sandbox.totals()["transfers"] == 1
    assert_payouts_add_up(shop, lin.member_id)


def test_a_rejected_withdrawal_gives_the_money_back_and_cannot_be_approved(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)

    rehearsed = shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id, dry_run=True)
    assert (rehearsed["status"], status(lin, withdrawal_id)) == ("reviewing", "reviewing")
    first = shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id, **SAID)
    again = shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id, **SAID)

    assert [first["outcome"], again["outcome"]] == ["decided", "unchanged"]
    assert (first["status"], wallet(lin)["available_fen"]) == ("rejected", 15_000)
    assert error(shop, "approve_withdrawal", withdrawal_id=withdrawal_id) == "not_allowed"
    assert cancels(lin, withdrawal_id).code == "withdrawal_not_cancellable"
    shop.settles()
    assert shop.sandbox.totals()["transfers"] == 0
    assert_payouts_add_up(shop, lin.member_id)


def test_what_is_not_to_be_decided_is_refused(shop: Shop) -> None:
    lin = earner(shop)
    cancelled = asked(lin)
    cancels(lin, cancelled)
    done = paid(lin)

    assert error(shop, "approve_withdrawal", withdrawal_id=cancelled) == "not_allowed"
    assert error(shop, "reject_withdrawal", withdrawal_id=cancelled) == "not_allowed"
    assert error(shop, "reject_withdrawal", withdrawal_id=done) == "not_allowed"
    assert error(shop, "approve_withdrawal", withdrawal_id="wdrnowhere") == "not_found"


def test_what_wechat_took_after_all_cannot_be_rejected(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    with shop.wechat_refuses(TRANSFERS):
        shop.settles()
    assert status(lin, withdrawal_id) == "reviewing"
    shop.sandbox.transfer(terms(shop, withdrawal_id))

    refused = shop.tries_admin("reject_withdrawal", withdrawal_id=withdrawal_id)

    assert refused["error"]["code"] == "not_allowed"
    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("confirming", 3_000)
    shop.passes(60)
    confirms(lin, withdrawal_id)
    shop.settles()
    assert_payouts_add_up(shop, lin.member_id)


def terms(shop: Shop, withdrawal_id: str) -> dict[str, Any]:
    """What a call of ours that is still on its way asks WeChat for."""
    of = row(shop, withdrawal_id)
    return {
        "appid": of["app_id"],
        "out_bill_no": withdrawal_id,
        "transfer_scene_id": of["scene_id"],
        "openid": of["openid"],
        "transfer_amount": of["net_fen"],
        "transfer_remark": of["remark"],
        "notify_url": of["notify_url"],
        "transfer_scene_report_infos": [
            {"info_type": name, "info_content": content}
            for name, content in of["scene_report"].items()
        ],
    }


def test_what_wechat_refused_and_does_not_know_can_be_rejected(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    with shop.wechat_refuses(TRANSFERS):
        shop.settles()

    shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id)

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("rejected", 15_000)
    assert_payouts_add_up(shop, lin.member_id)


# A decision written by hand


def test_a_decision_in_the_console_approves(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)

    writes_decision(shop, withdrawal_id, decision="approve", **SAID)
    shop.settles()

    assert status(lin, withdrawal_id) == "confirming"
    assert decision(shop, withdrawal_id)["decision_result"] == "done: the withdrawal is approved"
    assert row(shop, withdrawal_id)["operator"] == "chen"


def test_a_decision_in_the_console_rejects(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)

    writes_decision(shop, withdrawal_id, decision="reject", **SAID, note="anything else")
    shop.settles()

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("rejected", 15_000)
    assert decision(shop, withdrawal_id)["decision_result"] == "done: the withdrawal is rejected"


def test_a_decision_that_is_not_allowed_says_so_and_changes_nothing(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    writes_decision(shop, withdrawal_id, decision="reject", **SAID)
    shop.settles()
    before = row(shop, withdrawal_id)

    writes_decision(shop, withdrawal_id, decision="approve", **SAID)
    shop.settles()

    result = decision(shop, withdrawal_id)["decision_result"]
    assert result == "refused: It is rejected already."
    assert (row(shop, withdrawal_id), status(lin, withdrawal_id)) == (before, "rejected")


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "Approve", **SAID},
        {"decision": "", **SAID},
        {"operator": "chen", "reason": "why"},
        {"decision": "approve", "reason": "why"},
        {"decision": {"N": "1"}, **SAID},
        {"decision": {"BOOL": True}, **SAID},
        {"decision": "approve", "operator": {"L": []}, "reason": "why"},
        {"decision": "approve", "operator": "", "reason": "why"},
    ],
)
def test_a_decision_of_no_known_shape_is_told_to_a_person(
    shop: Shop, fields: dict[str, Any]
) -> None:
    lin, withdrawal_id = reviewed(shop)

    writes_decision(shop, withdrawal_id, **fields)
    shop.settles()
    shop.passes(600)

    assert status(lin, withdrawal_id) == "reviewing"
    assert shop.findings() == ["decision_unreadable"]
    assert decision(shop, withdrawal_id)["decision_result"].startswith("not understood: ")
    writes_decision(shop, withdrawal_id, decision="approve", **SAID)
    shop.settles()
    assert status(lin, withdrawal_id) == "confirming"


def test_a_decision_about_nothing_is_told_to_a_person(shop: Shop) -> None:
    writes_decision(shop, "wdrnowhere", decision="approve", **SAID)
    shop.settles()
    assert shop.findings() == ["decision_unknown"]


def test_a_decision_whose_record_was_lost_is_found_by_the_sweep(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    writes_decision(shop, withdrawal_id, decision="reject", **SAID)
    shop.streams_are_lost()

    shop.passes(600)

    assert status(lin, withdrawal_id) == "rejected"
    assert_payouts_add_up(shop, lin.member_id)


def test_a_decision_is_answered_once_however_often_it_is_told(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    writes_decision(shop, withdrawal_id, decision="approve", **SAID)
    shop.streams_flow()
    answered = decision(shop, withdrawal_id)["answered_at"]

    shop.advance(1)
    assert shop.streams_flow() == 0
    shop.passes(600)

    assert decision(shop, withdrawal_id)["answered_at"] == answered
    assert status(lin, withdrawal_id) == "confirming"


def test_a_debtor_s_is_rejected_whatever_the_operator_wrote(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)
    claws_back(shop.clock, lin.member_id, 4_000, order_id="ord_Lin")

    writes_decision(shop, withdrawal_id, decision="approve", **SAID)
    shop.settles()

    assert decision(shop, withdrawal_id)["decision_result"] == "done: the withdrawal is rejected"
    assert wallet(lin)["available_fen"] == 11_000


# Looking


def test_a_wallet_with_the_withdrawal_under_way(shop: Shop) -> None:
    lin, withdrawal_id = reviewed(shop)

    seen = shop.admin("get_wallet", member_id=lin.member_id)

    assert (seen["available_fen"], seen["withdrawing_fen"], seen["has_payee"]) == (
        3_000,
        12_000,
        False,
    )
    assert seen["open_withdrawal"]["withdrawal_id"] == withdrawal_id
    assert "openid" not in str(seen)
    assert error_of(shop, "get_wallet", member_id="mem_nowhere") == "not_found"
    eve = shop.member("Eve")
    assert shop.admin("get_wallet", member_id=eve.member_id)["open_withdrawal"] is None


def error_of(shop: Shop, command: str, **fields: Any) -> Any:
    return shop.tries_admin(command, **fields)["error"]["code"]


def test_lists_of_withdrawals(shop: Shop) -> None:
    waiting = []
    for name in ("Lin", "Ann", "Bo"):
        member = earner(shop, name, 15_000)
        waiting.append(asked(member, 12_000))
        shop.advance(1)
    small = asked(earner(shop, "Cy"))
    writes_decision(shop, waiting[2], decision="reject", **SAID)

    first = shop.admin("list_withdrawals", status="reviewing", limit=2)
    rest = shop.admin("list_withdrawals", status="reviewing", cursor=first["next_cursor"])
    everyone = shop.admin("list_withdrawals")["items"]
    late = shop.admin("list_withdrawals", since=shop.at(-1))["items"]

    ids = [one["withdrawal_id"] for one in [*first["items"], *rest["items"]]]
    assert ids == waiting
    assert {one["withdrawal_id"] for one in everyone} == {*waiting, small}
    assert {one["withdrawal_id"] for one in late} == {waiting[2], small}
    assert [
        one["withdrawal_id"] for one in shop.admin("list_withdrawals", status="approved")["items"]
    ] == [small]
