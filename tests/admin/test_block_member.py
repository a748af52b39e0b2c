"""A blocked member begins nothing new, whatever session they have; what is paid goes on."""

from functools import partial
from typing import Any

import pytest

from tests.in_process import just_before
from tests.money import assert_payouts_add_up
from tests.shop import Member, Reply, Shop
from tests.withdrawals.words import PAYEE, asked, asks, confirms, earner, status, wallet

WHY = "sells our vouchers on"


def blocks(shop: Shop, member: Member, *, blocked: bool = True, **fields: Any) -> Any:
    event = {"member_id": member.member_id, "blocked": blocked, "reason": WHY, **fields}
    return shop.admin("block_member", **event)


def signs_in(shop: Shop, member: Member) -> Reply:
    code = shop.sandbox.login_code(member.name).code
    return shop.send("POST", "/v1/sessions", {"code": code})


def test_blocking_twice_is_once_and_can_be_undone(shop: Shop) -> None:
    lin = shop.member("Lin")

    rehearsed = blocks(shop, lin, dry_run=True)
    assert shop.admin("get_member", member_id=lin.member_id)["blocked_at"] is None
    first = blocks(shop, lin)
    shop.advance(60)
    again = blocks(shop, lin, reason="another reason")
    seen = shop.admin("get_member", member_id=lin.member_id)
    undone = blocks(shop, lin, blocked=False)
    undone_again = blocks(shop, lin, blocked=False)

    since = {"blocked_at": "2026-11-22T12:00:00Z", "blocked_reason": WHY}
    nobody = {"member_id": lin.member_id, "blocked_at": None, "blocked_reason": None}
    assert first == {**nobody, **since, "outcome": "blocked", "dry_run": False}
    assert rehearsed == {**nobody, "outcome": "blocked", "dry_run": True}
    assert again == {**first, "outcome": "unchanged"}
    assert (seen["blocked_at"], seen["blocked_reason"]) == tuple(since.values())
    assert undone == {**nobody, "outcome": "unblocked", "dry_run": False}
    assert undone_again == {**undone, "outcome": "unchanged"}


@pytest.mark.parametrize("blocked", [True, False])
def test_nobody_cannot_be_blocked(shop: Shop, blocked: bool) -> None:
    event = {"member_id": "mem_nobody", "blocked": blocked, "reason": WHY}

    answers = [shop.tries_admin("block_member", **event, dry_run=dry) for dry in (True, False)]

    assert [answer["error"]["code"] for answer in answers] == ["not_found", "not_found"]


def test_two_operators_at_once_block_once(shop: Shop) -> None:
    lin = shop.member("Lin")

    with just_before("UpdateItem", partial(blocks, shop, lin, reason="the quicker one")):
        slower = blocks(shop, lin)

    assert (slower["outcome"], slower["blocked_reason"]) == ("unchanged", "the quicker one")


def attempts(shop: Shop, lin: Member, group_id: str) -> dict[str, Reply]:
    """Everything a blocked member may not do, with a session from before."""
    address = {"quantity": 1, "sku_id": "apples-5"}
    return {
        "sign in": signs_in(shop, lin),
        "buy": lin.tries_to_buy(),
        "open": lin.tries_to_open(),
        "join": lin.tries_to_join(group_id),
        "share": lin.send("POST", "/v1/shares", {"target_type": "home"}),
        "share anew": lin.send(
            "POST", "/v1/shares", {"target_type": "campaign", "target_id": "autumn"}
        ),
        "withdraw": asks(lin, 2_000),
        "name a payee": lin.send("PUT", "/v1/me/payee", PAYEE),
        "leave": lin.send("DELETE", "/v1/me"),
        "quote": lin.send("POST", "/v1/quotes", address),
    }


def test_whatever_is_new_is_refused_and_changes_nothing(shop: Shop) -> None:
    lin = earner(shop)
    lin.shares()
    group_id = shop.member("Ann").opens().pays().group_id
    shop.settles()
    blocks(shop, lin)
    before = shop.everything()

    replies = attempts(shop, lin, group_id)

    quoted = replies.pop("quote")
    assert (quoted.status, quoted["refusal_code"]) == (200, "account_blocked")
    assert {what: (reply.status, reply.code) for what, reply in replies.items()} == dict.fromkeys(
        replies, (403, "account_blocked")
    )
    assert shop.everything() == before
    assert replies["buy"]["title"] == "账号已被限制，请联系客服"


def test_who_is_let_in_again_may_do_all_of_it(shop: Shop) -> None:
    lin = earner(shop)
    group_id = shop.member("Ann").opens().pays().group_id
    shop.settles()
    blocks(shop, lin)
    blocks(shop, lin, blocked=False)

    replies = attempts(shop, lin, group_id)

    assert replies.pop("quote")["refusal_code"] is None
    assert {what: reply.status for what, reply in replies.items()} == {
        "sign in": 201,
        "buy": 201,
        "open": 201,
        "join": 201,
        "share": 201,
        "share anew": 201,
        "withdraw": 201,
        "name a payee": 409,
        "leave": 409,
    }


def test_who_is_blocked_between_a_look_and_the_commit_is_refused(shop: Shop) -> None:
    lin, blocking = shop.member("Lin"), partial(blocks, shop, reason=WHY)
    tries = (
        lin.tries_to_buy,
        lin.tries_to_open,
        partial(lin.send, "POST", "/v1/shares", {"target_type": "home"}),
    )
    for attempt in tries:
        with just_before("TransactWriteItems", partial(blocking, lin)):
            assert attempt().code == "account_blocked"
        blocks(shop, lin, blocked=False)
    assert shop.rows("orders") == shop.rows("shares") == []
    assert shop.units_left() == 100


def test_who_is_blocked_is_refused_with_as_many_unpaid_orders_as_are_allowed(shop: Shop) -> None:
    shop.admin("put_settings", most_unpaid_orders=2)
    lin = shop.member("Lin")
    placed = [lin.buys(), lin.buys()]
    assert placed[0].cancels().status == 200
    blocks(shop, lin)

    assert lin.tries_to_buy().code == "account_blocked"


def test_a_repeat_of_what_was_placed_before_is_answered(shop: Shop) -> None:
    lin = shop.member("Lin")
    first = lin.tries_to_buy(key="the-first-key")
    blocks(shop, lin)

    again = lin.tries_to_buy(key="the-first-key")

    assert (again.status, again["order"]["order_id"]) == (201, first["order"]["order_id"])
    assert again.headers["Idempotency-Replayed"] == "true"


def test_nobody_new_is_bound_to_who_is_blocked(shop: Shop) -> None:
    lin, ann, bo = (shop.member(name) for name in ("Lin", "Ann", "Bo"))
    code = lin.shares()
    assert ann.visits(code)["bound"] is True
    blocks(shop, lin)

    assert bo.visits(code)["bound"] is False
    assert ann.visits(code)["referral"]["inviter"] is not None
    assert [row["member_id"] for row in shop.rows("members", kind="referral")] == [ann.member_id]


def test_a_blocked_visitor_is_bound_to_nobody(shop: Shop) -> None:
    lin, code = shop.member("Lin"), shop.member("Ann").shares()
    blocks(shop, lin)

    refused = lin.visits(code)

    assert (refused.status, refused.code) == (403, "account_blocked")
    assert shop.rows("members", kind="referral") == []


def test_what_is_under_review_is_not_approved_and_can_be_rejected(shop: Shop) -> None:
    lin = earner(shop, earned_fen=15_000)
    withdrawal_id = asked(lin, 12_000)
    shop.settles()
    blocks(shop, lin)

    for dry_run in (True, False):
        refused = shop.tries_admin(
            "approve_withdrawal", withdrawal_id=withdrawal_id, dry_run=dry_run
        )
        assert refused["error"]["code"] == "not_allowed"
    assert status(lin, withdrawal_id) == "reviewing"
    shop.admin("reject_withdrawal", withdrawal_id=withdrawal_id)

    assert (status(lin, withdrawal_id), wallet(lin)["available_fen"]) == ("rejected", 15_000)
    assert_payouts_add_up(shop, lin.member_id)


def test_blocked_just_before_an_approval_it_is_not_approved(shop: Shop) -> None:
    lin = earner(shop, earned_fen=15_000)
    withdrawal_id = asked(lin, 12_000)

    with just_before("TransactWriteItems", partial(blocks, shop, lin)):
        refused = shop.tries_admin("approve_withdrawal", withdrawal_id=withdrawal_id)

    assert refused["error"]["code"] == "not_allowed"
    assert status(lin, withdrawal_id) == "reviewing"


def test_what_was_approved_and_not_sent_goes_back_to_an_operator(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    blocks(shop, lin)

    shop.settles()

    (waiting,) = shop.admin("list_withdrawals", status="reviewing")["items"]
    assert (waiting["withdrawal_id"], waiting["refusal_code"]) == (withdrawal_id, "member_blocked")
    assert shop.sandbox.totals()["transfers"] == 0
    blocks(shop, lin, blocked=False)
    shop.admin("approve_withdrawal", withdrawal_id=withdrawal_id)
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()
    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)


def test_what_wechat_has_goes_on(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    blocks(shop, lin)

    confirms(lin, withdrawal_id)
    shop.settles()

    assert status(lin, withdrawal_id) == "paid"
    assert_payouts_add_up(shop, lin.member_id)
