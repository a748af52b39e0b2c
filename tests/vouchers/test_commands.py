"""Operators grant and revoke vouchers, and see them with their member."""

from typing import Any

import pytest

from chalicelib.admin.dispatch import dispatch
from chalicelib.kit.clock import after
from chalicelib.members import standing
from tests.in_process import just_before
from tests.shop import Shop
from tests.vouchers.words import WEEK_SECONDS, granted, state, vouchers


def refusal(shop: Shop, command: str, **fields: Any) -> Any:
    """The error of a command that changes nothing, the same in a dry run."""
    before = shop.everything()
    rehearsed = shop.tries_admin(command, **fields, dry_run=True)
    done = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    assert rehearsed["error"] == done["error"]
    return done["error"]


def test_a_voucher_is_granted_once_however_often_it_is_sent(shop: Shop) -> None:
    lin = shop.member("Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1", "expires_at": shop.at(WEEK_SECONDS)}

    rehearsed = shop.admin("grant_voucher", **fields, dry_run=True)
    assert shop.rows("members", kind="voucher#v1") == []
    first = shop.admin("grant_voucher", **fields, operator="chen", reason="中秋活动")
    shop.advance(60)
    again = shop.admin("grant_voucher", **fields)

    assert first == {
        "member_id": lin.member_id,
        "voucher_id": "v1",
        "campaign_id": None,
        "granted_at": "2026-11-22T12:00:00Z",
        "expires_at": "2026-11-29T12:00:00Z",
        "status": "usable",
        "order_id": None,
        "outcome": "created",
        "dry_run": False,
    }
    assert rehearsed == {**first, "dry_run": True}
    assert again == {**first, "outcome": "unchanged"}


def test_a_grant_that_comes_again_late_changes_nothing(shop: Shop) -> None:
    lin = granted(shop, "Lin", expires_at=(ends_at := shop.at(60)))
    order = lin.opens(voucher_id="v1")
    shop.advance(61)

    again = shop.admin(
        "grant_voucher", member_id=lin.member_id, voucher_id="v1", expires_at=ends_at
    )

    assert (again["outcome"], again["status"]) == ("unchanged", "used")
    assert state(lin) == ("used", order.order_id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": "2026-11-29T12:00:01Z"}, "idempotency_conflict"),
        ({"campaign_id": "autumn"}, "idempotency_conflict"),
        ({"voucher_id": "v2", "member_id": "mem_nobody"}, "not_found"),
        ({"voucher_id": "v2", "campaign_id": "winter"}, "not_found"),
        ({"voucher_id": "v2", "expires_at": "2026-11-22T12:00:00Z"}, "invalid_request"),
        ({"voucher_id": "v2", "expires_at": "2026-11-29T12:00:00"}, "invalid_request"),
        ({"voucher_id": "v#2"}, "invalid_request"),
        ({"voucher_id": "v2", "quantity": 2}, "invalid_request"),
    ],
)
def test_what_cannot_be_granted_is_refused(shop: Shop, changes: dict[str, Any], code: str) -> None:
    lin = granted(shop, "Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1", "expires_at": "2026-11-29T12:00:00Z"}

    assert refusal(shop, "grant_voucher", **{**fields, **changes})["code"] == code


def test_one_id_is_one_voucher_of_each_member(shop: Shop) -> None:
    lin, ann = granted(shop, "Lin"), granted(shop, "Ann", campaign_id="autumn")

    order = lin.opens(voucher_id="v1")

    assert state(lin) == ("used", order.order_id)
    assert state(ann) == ("usable", None)


def test_nobody_on_the_way_out_is_granted_anything(shop: Shop) -> None:
    lin = shop.member("Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1", "expires_at": shop.at(60)}
    standing.mark_leaving(lin.member_id, shop.clock.now())
    assert refusal(shop, "grant_voucher", **fields)["code"] == "not_found"
    standing.mark_staying(lin.member_id)

    with just_before(
        "TransactWriteItems", lambda: standing.mark_leaving(lin.member_id, shop.clock.now())
    ):
        refused = shop.tries_admin("grant_voucher", **fields)

    assert refused["error"]["code"] == "not_found"
    assert shop.rows("members", kind="voucher#v1") == []


def test_two_grants_at_once_are_one(shop: Shop) -> None:
    lin = shop.member("Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1", "expires_at": shop.at(60)}

    with just_before("TransactWriteItems", lambda: shop.admin("grant_voucher", **fields)):
        second = shop.admin("grant_voucher", **fields)

    assert second["outcome"] == "unchanged"
    assert state(lin) == ("usable", None)


def test_a_revoked_voucher_opens_nothing_and_its_grant_does_not_bring_it_back(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1"}
    granting = {**fields, "expires_at": shop.at(WEEK_SECONDS)}
    shop.advance(60)

    rehearsed = shop.admin("revoke_voucher", **fields, dry_run=True)
    assert (rehearsed["outcome"], state(lin)) == ("changed", ("usable", None))
    first = shop.admin("revoke_voucher", **fields)
    shop.advance(60)
    again = shop.admin("revoke_voucher", **fields)

    assert (first["outcome"], again["outcome"]) == ("changed", "unchanged")
    assert (again["expires_at"], again["status"]) == ("2026-11-22T12:01:00Z", "expired")
    refused = lin.tries_to_open(voucher_id="v1")
    assert (refused.status, refused.code) == (409, "voucher_not_valid")
    assert refusal(shop, "grant_voucher", **granting)["code"] == "idempotency_conflict"


def test_a_voucher_in_use_cannot_be_revoked_until_it_is_back(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    order = lin.opens(voucher_id="v1")
    fields = {"member_id": lin.member_id, "voucher_id": "v1"}

    refused = refusal(shop, "revoke_voucher", **fields)
    assert refused["code"] == "not_allowed"
    assert refused["detail"] == f"It stands for order {order.order_id}: it cannot be revoked."

    shop.admin("cancel_group", group_id=order.group_id)
    shop.settles()
    assert shop.admin("revoke_voucher", **fields)["outcome"] == "changed"
    assert state(lin) == ("expired", None)


def test_a_voucher_that_is_used_just_before_is_not_revoked(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    fields = {"member_id": lin.member_id, "voucher_id": "v1"}

    with just_before("UpdateItem", lambda: lin.opens(voucher_id="v1")):
        refused = shop.tries_admin("revoke_voucher", **fields)

    assert refused["error"]["code"] == "not_allowed"
    assert state(lin)[0] == "used"


def test_what_was_never_granted_cannot_be_revoked(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    for fields in (
        {"member_id": lin.member_id, "voucher_id": "v2"},
        {"member_id": "mem_nobody", "voucher_id": "v1"},
    ):
        assert refusal(shop, "revoke_voucher", **fields)["code"] == "not_found"


def test_a_member_is_shown_with_a_page_of_their_vouchers(shop: Shop) -> None:
    lin = shop.member("Lin")
    for number in range(3):
        granted(shop, "Lin", f"v{number}", campaign_id="autumn")
    order = lin.opens(voucher_id="v1")

    first = shop.admin("get_member", member_id=lin.member_id, limit=2)
    rest = shop.admin("get_member", member_id=lin.member_id, cursor=first["next_cursor"])

    seen = [(each["voucher_id"], each["order_id"]) for each in first["vouchers"]]
    assert seen == [("v0", None), ("v1", order.order_id)]
    assert [each["voucher_id"] for each in rest["vouchers"]] == ["v2"]
    assert rest["next_cursor"] is None
    assert first["vouchers"] + rest["vouchers"] == vouchers(lin)["items"]
    ann = shop.member("Ann")
    wrong = shop.tries_admin("get_member", member_id=ann.member_id, cursor=first["next_cursor"])
    assert wrong["error"]["code"] == "invalid_request"


def test_granting_is_kept_to_whoever_may_move_money(shop: Shop) -> None:
    environment = shop.wiring.environment.model_copy(update={"admin_takes_money_commands": False})
    shop.wiring.environment = environment
    fields = {"member_id": "mem_1", "voucher_id": "v1"}
    for command in ("grant_voucher", "revoke_voucher"):
        event = {"command": command, **fields, "expires_at": str(after(shop.clock.now(), 60))}
        refused = dispatch(event, money=False)
        assert refused["error"]["code"] == "not_allowed"
