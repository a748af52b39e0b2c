"""Two operators put a balance right: one asks, another confirms; only then it is booked."""

from functools import partial
from typing import Any

import pytest

from tests.in_process import just_before
from tests.money import assert_balance_adds_up
from tests.shop import Member, Shop
from tests.withdrawals.words import asked, earner, wallet

CHEN = {"operator": "chen", "reason": "paid twice into the wrong wallet"}
WANG = {"operator": "wang", "reason": "seen in the books"}


def asks(shop: Shop, member: Member, amount_fen: int = 500, **fields: Any) -> Any:
    event = {"member_id": member.member_id, "amount_fen": amount_fen, "request_id": "one", **CHEN}
    return shop.admin("adjust_wallet", **{**event, **fields})


def confirms(shop: Shop, adjustment_id: str, **fields: Any) -> Any:
    return shop.admin("confirm_adjustment", adjustment_id=adjustment_id, **{**WANG, **fields})


def rejects(shop: Shop, adjustment_id: str, **fields: Any) -> Any:
    return shop.admin("reject_adjustment", adjustment_id=adjustment_id, **{**WANG, **fields})


def error(shop: Shop, command: str, **fields: Any) -> Any:
    """The error of a command that is refused and changes nothing, dry run or not."""
    before = shop.everything()
    rehearsed = shop.tries_admin(command, **fields, dry_run=True)
    done = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    assert rehearsed["error"] == done["error"]
    return done["error"]


def available_fen(member: Member) -> int:
    return int(wallet(member)["available_fen"])


def test_what_one_asks_for_and_another_confirms_is_booked_once(shop: Shop) -> None:
    lin = shop.member("Lin")

    rehearsed = asks(shop, lin, dry_run=True)
    assert shop.admin("list_adjustments")["items"] == []
    first = asks(shop, lin)
    shop.advance(60)
    again = asks(shop, lin)
    assert available_fen(lin) == 0
    confirms(shop, first["adjustment_id"], dry_run=True)
    assert available_fen(lin) == 0
    confirmed = confirms(shop, first["adjustment_id"])
    shop.advance(60)
    confirmed_again = confirms(shop, first["adjustment_id"], operator="li")

    asked_for = {
        "adjustment_id": first["adjustment_id"],
        "member_id": lin.member_id,
        "status": "pending",
        "amount_fen": 500,
        "asked_by": "chen",
        "reason": CHEN["reason"],
        "requested_at": "2026-11-22T12:00:00Z",
        "decided_by": None,
        "decision_reason": None,
        "decided_at": None,
        "outcome": "asked",
        "dry_run": False,
    }
    decided = {
        "status": "confirmed",
        "decided_by": "wang",
        "decision_reason": WANG["reason"],
        "decided_at": "2026-11-22T12:01:00Z",
        "outcome": "confirmed",
    }
    assert first == asked_for
    assert rehearsed == {**asked_for, "dry_run": True}
    assert again == {**asked_for, "outcome": "unchanged"}
    assert confirmed == {**asked_for, **decided}
    assert confirmed_again == {**confirmed, "outcome": "unchanged"}
    assert available_fen(lin) == 500
    assert_balance_adds_up(lin.member_id)
    shop.assert_books_balance()


def test_the_member_sees_a_correction_and_nothing_before(shop: Shop) -> None:
    lin = shop.member("Lin")
    given, taken = asks(shop, lin), None
    assert lin.send("GET", "/v1/wallet/transfers")["items"] == []
    confirms(shop, given["adjustment_id"])
    shop.advance(60)
    taken = asks(shop, lin, -200, request_id="two")
    confirms(shop, taken["adjustment_id"])

    latest, first = lin.send("GET", "/v1/wallet/transfers")["items"]

    assert first == {
        "transfer_id": first["transfer_id"],
        "code": "correction",
        "amount_fen": 500,
        "direction": "in",
        "state": "posted",
        "at": "2026-11-22T12:00:00Z",
        "about": given["adjustment_id"],
    }
    assert latest == {
        **first,
        "transfer_id": latest["transfer_id"],
        "amount_fen": 200,
        "direction": "out",
        "at": "2026-11-22T12:01:00Z",
        "about": taken["adjustment_id"],
    }
    assert wallet(lin) == {
        "pending_fen": 0,
        "available_fen": 300,
        "withdrawing_fen": 0,
        "withdrawn_fen": 0,
        "debt_fen": 0,
    }


@pytest.mark.parametrize(
    "operator",
    [
        "chen",
        "Chen",
        " che n ",
        "ｃｈｅｎ",
        "ＣＨＥＮ",
        "ｃｈ　ｅｎ",
        "ⓒhen",
        "che\u200bn",
        "che\u00adn",
        "chen\ufe0f",
        "chen\u3164",
        "c\u115fhen",
        "c\u1160hen",
        "\uffa0chen",
        "chen\u2800",
        "ch\u034fen",
        "che\u180bn",
        "chen\u17b4",
        "chen\U000e0101",
        "chen.",
        "-ch_en-",
    ],
    ids=ascii,
)
def test_who_asked_cannot_confirm(shop: Shop, operator: str) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin)["adjustment_id"]

    refused = error(
        shop, "confirm_adjustment", adjustment_id=adjustment_id, operator=operator, reason="mine"
    )

    assert refused["code"] == "not_allowed"


@pytest.mark.parametrize(
    ("asker", "confirmer"),
    [("陈小满", "王小满"), ("陈 一", "陈 二"), ("chen1", "chen2"), ("chén", "chen"), ("김", "이")],
)
def test_who_is_somebody_else_confirms(shop: Shop, asker: str, confirmer: str) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin, operator=asker)["adjustment_id"]
    refused = error(
        shop,
        "confirm_adjustment",
        adjustment_id=adjustment_id,
        operator=f" {asker}\ufe0f",
        reason="mine",
    )
    assert refused["code"] == "not_allowed"
    assert confirms(shop, adjustment_id, operator=confirmer)["outcome"] == "confirmed"


@pytest.mark.parametrize(
    "operator", [" ", "\u3164", "\u2800\ufe0f", "...", "\u115f\u200b"], ids=ascii
)
def test_a_name_made_of_nothing_is_none(shop: Shop, operator: str) -> None:
    lin = shop.member("Lin")
    fields = {"member_id": lin.member_id, "amount_fen": 500, "request_id": "two"}
    adjustment_id = asks(shop, lin)["adjustment_id"]
    nobody = {"operator": operator, "reason": "seen in the books"}
    for refused in (
        error(shop, "adjust_wallet", **fields, **nobody),
        error(shop, "confirm_adjustment", adjustment_id=adjustment_id, **nobody),
        error(shop, "reject_adjustment", adjustment_id=adjustment_id, **nobody),
    ):
        assert refused["code"] == "invalid_request"
        (found,) = refused["errors"]
        assert (found["field"], found["message"]) == (
            "operator",
            "Value error, a name has letters or digits",
        )


def test_on_the_local_stack_one_operator_is_not_two_either(shop: Shop) -> None:
    lin = shop.member("Lin")
    fields = {"member_id": lin.member_id, "amount_fen": 500, "request_id": "one"}
    adjustment_id = shop.admin("adjust_wallet", **fields)["adjustment_id"]

    assert error(shop, "confirm_adjustment", adjustment_id=adjustment_id)["code"] == "not_allowed"


def test_a_rejected_one_is_over_and_its_asker_may_do_it(shop: Shop) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin)["adjustment_id"]

    rehearsed = rejects(shop, adjustment_id, **CHEN, dry_run=True)
    first = rejects(shop, adjustment_id, **CHEN)
    again = rejects(shop, adjustment_id)

    assert (rehearsed["status"], rehearsed["outcome"]) == ("pending", "rejected")
    assert (first["status"], first["outcome"], first["decided_by"]) == (
        "rejected",
        "rejected",
        "chen",
    )
    assert again == {**first, "outcome": "unchanged"}
    refused = error(shop, "confirm_adjustment", adjustment_id=adjustment_id, **WANG)
    assert refused["code"] == "not_allowed"
    assert available_fen(lin) == 0
    assert asks(shop, lin)["status"] == "rejected", "the same request is the same adjustment"


def test_a_confirmed_one_cannot_be_rejected(shop: Shop) -> None:
    adjustment_id = asks(shop, shop.member("Lin"))["adjustment_id"]
    confirms(shop, adjustment_id)

    refused = error(shop, "reject_adjustment", adjustment_id=adjustment_id, **CHEN)

    assert refused["code"] == "not_allowed"


@pytest.mark.parametrize(
    "other", [{"amount_fen": 501}, {"amount_fen": -500}, {"reason": "else"}, {"operator": "li"}]
)
def test_another_request_under_the_same_id_is_refused(shop: Shop, other: dict[str, Any]) -> None:
    lin = earner(shop)
    asks(shop, lin)

    fields = {"member_id": lin.member_id, "amount_fen": 500, "request_id": "one", **CHEN}
    refused = error(shop, "adjust_wallet", **{**fields, **other})

    assert refused["code"] == "idempotency_conflict"


@pytest.mark.parametrize("amount_fen", [0, 10**9, -(10**9), "5", 1.5])
def test_an_amount_is_a_whole_number_of_fen_and_not_nothing(shop: Shop, amount_fen: Any) -> None:
    member_id = shop.member("Lin").member_id
    fields = {"member_id": member_id, "amount_fen": amount_fen, "request_id": "one"}

    refused = error(shop, "adjust_wallet", **fields)

    assert [found["field"] for found in refused["errors"]] == ["amount_fen"]


def test_nobody_and_nothing_is_not_found(shop: Shop) -> None:
    fields = {"member_id": "mem_nobody", "amount_fen": 5, "request_id": "one"}
    assert error(shop, "adjust_wallet", **fields)["code"] == "not_found"
    for command in ("confirm_adjustment", "reject_adjustment"):
        assert error(shop, command, adjustment_id="adj_nothing")["code"] == "not_found"


# No more than there is


def test_no_more_is_taken_than_is_available(shop: Shop) -> None:
    lin = earner(shop, earned_fen=5_000)
    asked(lin, 2_000)
    fields = {"member_id": lin.member_id, "amount_fen": -3_001, "request_id": "one", **CHEN}

    refused = error(shop, "adjust_wallet", **fields)
    taken = asks(shop, lin, -3_000)
    confirms(shop, taken["adjustment_id"])

    assert (refused["code"], refused["context"]) == (
        "insufficient_balance",
        {"available_fen": 3_000},
    )
    assert available_fen(lin) == 0
    assert_balance_adds_up(lin.member_id)


def test_what_was_withdrawn_since_cannot_be_taken_and_waits(shop: Shop) -> None:
    lin = earner(shop, earned_fen=5_000)
    adjustment_id = asks(shop, lin, -4_000)["adjustment_id"]
    asked(lin, 2_000)

    refused = error(shop, "confirm_adjustment", adjustment_id=adjustment_id, **WANG)

    assert refused["code"] == "insufficient_balance"
    (waiting,) = shop.admin("list_adjustments")["items"]
    assert (waiting["adjustment_id"], waiting["status"]) == (adjustment_id, "pending")


def test_money_that_goes_between_a_look_and_the_commit_is_not_taken(shop: Shop) -> None:
    lin = earner(shop, earned_fen=5_000)
    adjustment_id = asks(shop, lin, -4_000)["adjustment_id"]

    with just_before("TransactWriteItems", partial(asked, lin, 2_000)):
        refused = shop.tries_admin("confirm_adjustment", adjustment_id=adjustment_id, **WANG)

    assert refused["error"]["code"] == "insufficient_balance"
    assert available_fen(lin) == 3_000
    assert_balance_adds_up(lin.member_id)


def test_who_has_left_is_given_nothing(shop: Shop) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin)["adjustment_id"]
    leaves = partial(lin.send, "DELETE", "/v1/me")

    with just_before("TransactWriteItems", leaves):
        refused = shop.tries_admin("confirm_adjustment", adjustment_id=adjustment_id, **WANG)

    assert refused["error"]["code"] == "not_found"
    assert error(shop, "confirm_adjustment", adjustment_id=adjustment_id, **WANG) == {
        "code": "not_found",
        "detail": "The member has left.",
    }
    assert rejects(shop, adjustment_id)["outcome"] == "rejected"
    shop.assert_audit_is_clean()


# At once


def test_asked_for_twice_at_once_it_is_one(shop: Shop) -> None:
    lin = shop.member("Lin")

    with just_before("TransactWriteItems", partial(asks, shop, lin)):
        slower = asks(shop, lin)

    assert slower["outcome"] == "unchanged"
    assert len(shop.admin("list_adjustments")["items"]) == 1


def test_confirmed_twice_at_once_it_is_booked_once(shop: Shop) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin)["adjustment_id"]

    with just_before("TransactWriteItems", partial(confirms, shop, adjustment_id, operator="li")):
        slower = confirms(shop, adjustment_id)

    assert (slower["outcome"], slower["decided_by"]) == ("unchanged", "li")
    assert available_fen(lin) == 500
    shop.assert_audit_is_clean()


def test_rejected_just_before_it_is_confirmed_it_is_not_booked(shop: Shop) -> None:
    lin = shop.member("Lin")
    adjustment_id = asks(shop, lin)["adjustment_id"]

    with just_before("TransactWriteItems", partial(rejects, shop, adjustment_id)):
        refused = shop.tries_admin("confirm_adjustment", adjustment_id=adjustment_id, **WANG)

    assert refused["error"]["code"] == "not_allowed"
    assert available_fen(lin) == 0


# Seeing them


def test_those_that_wait_are_listed_oldest_first_and_with_their_wallet(shop: Shop) -> None:
    lin, ann = shop.member("Lin"), shop.member("Ann")
    asked_for = []
    for number, member in enumerate((lin, ann, lin, lin)):
        asked_for.append(asks(shop, member, 100 + number, request_id=f"r{number}"))
        shop.advance(1)
    confirms(shop, asked_for[2]["adjustment_id"])
    ids = [asked_for[number]["adjustment_id"] for number in (0, 1, 3)]

    first = shop.admin("list_adjustments", limit=2)
    rest = shop.admin("list_adjustments", limit=2, cursor=first["next_cursor"])
    wallets = [shop.admin("get_wallet", member_id=one.member_id) for one in (lin, ann)]

    listed = [*first["items"], *rest["items"]]
    assert [one["adjustment_id"] for one in listed] == ids
    assert {one["status"] for one in listed} == {"pending"}
    assert [[one["amount_fen"] for one in each["adjustments"]] for each in wallets] == [
        [100, 103],
        [101],
    ]
    assert wallets[0]["available_fen"] == 102


def test_a_cursor_of_another_list_is_refused(shop: Shop) -> None:
    shop.member("Lin").buys()
    shop.member("Ann").buys()
    cursor = shop.admin("list_orders", limit=1)["next_cursor"]

    assert error(shop, "list_adjustments", cursor=cursor)["code"] == "invalid_request"
