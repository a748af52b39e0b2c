"""Visiting shares: who comes to be whose invitee, for how long, and what does not bind."""

from typing import Any

import pytest

from tests.shop import Member, Shop

DAY_SECONDS = 24 * 3600
MONTH_SECONDS = 30 * DAY_SECONDS


def relation(shop: Shop, member: Member) -> dict[str, Any] | None:
    """The member's relation as the table has it."""
    rows = shop.rows("members", member_id=member.member_id, kind="referral")
    return rows[0] if rows else None


def inviter_of(shop: Shop, member: Member) -> str | None:
    row = relation(shop, member)
    return row["inviter_id"] if row is not None else None


def share_row(shop: Shop, share_code: str) -> dict[str, Any]:
    return shop.rows("shares", share_code=share_code)[0]


def test_a_first_visit_binds_for_a_month(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    ann.send("PUT", "/v1/me", {"nickname": "安", "avatar_url": "https://img.test/a.png"})
    code = ann.shares("campaign", "autumn")

    visited = bo.visits(code)

    assert (visited.status, visited.content) == (
        200,
        {
            "bound": True,
            "referral": {
                "inviter": {"nickname": "安", "avatar_url": "https://img.test/a.png"},
                "bound_at": "2026-11-22T12:00:00Z",
                "expires_at": "2026-12-22T12:00:00Z",
            },
            "target_type": "campaign",
            "target_id": "autumn",
        },
    )
    assert inviter_of(shop, bo) == ann.member_id
    assert share_row(shop, code)["visits"] == 1


def test_visiting_again_changes_nothing_but_the_count(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()
    first = bo.visits(code)
    before = relation(shop, bo)
    shop.advance(60)

    again = bo.visits(code)

    assert again.content == first.content
    assert relation(shop, bo) == before
    assert share_row(shop, code)["visits"] == 2


def test_by_default_the_first_inviter_stays(shop: Shop) -> None:
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    bo.visits(ann.shares())

    visited = bo.visits(cy.shares())

    assert visited["bound"] is False
    assert visited["referral"]["bound_at"] == "2026-11-22T12:00:00Z"
    assert inviter_of(shop, bo) == ann.member_id


def test_after_its_end_the_next_visit_binds(shop: Shop) -> None:
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    bo.visits(ann.shares())
    code = cy.shares()
    shop.advance(MONTH_SECONDS - 1)
    bo, cy = shop.member("Bo"), shop.member("Cy")
    assert bo.visits(code)["bound"] is False

    shop.advance(1)

    assert bo.visits(code)["bound"] is True
    assert inviter_of(shop, bo) == cy.member_id


def test_the_settings_say_when_it_ends(shop: Shop) -> None:
    shop.admin("put_settings", referral_seconds=5)
    ann, bo = shop.member("Ann"), shop.member("Bo")

    visited = bo.visits(ann.shares())

    assert visited["referral"]["expires_at"] == "2026-11-22T12:00:05Z"


def test_where_the_latest_counts_a_later_visit_takes_over_and_renews(shop: Shop) -> None:
    shop.admin("put_settings", referral_policy="latest")
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    bo.visits(ann.shares())
    shop.advance(10)

    assert bo.visits(cy.shares())["bound"] is True
    assert inviter_of(shop, bo) == cy.member_id

    shop.advance(10)
    renewed = bo.visits(cy.shares())
    assert renewed["referral"]["bound_at"] == "2026-11-22T12:00:20Z"
    assert renewed["referral"]["expires_at"] == "2026-12-22T12:00:20Z"


def test_where_only_new_members_count_a_buyer_is_not_bound(shop: Shop) -> None:
    shop.admin("put_settings", referral_policy="new_members_only")
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    bo.buys().pays()
    cy.buys()
    shop.settles()

    visited = bo.visits(ann.shares())

    assert (visited.status, visited["bound"], visited["referral"]) == (200, False, None)
    assert cy.visits(ann.shares())["bound"] is True, "an unpaid order makes no buyer"


def test_one_s_own_share_binds_nobody(shop: Shop) -> None:
    ann = shop.member("Ann")
    code = ann.shares()

    visited = ann.visits(code)

    assert (visited.status, visited["bound"], visited["referral"]) == (200, False, None)
    assert relation(shop, ann) is None
    assert share_row(shop, code)["visits"] == 1


@pytest.mark.parametrize("policy", ["first", "latest", "new_members_only"])
def test_two_cannot_be_each_other_s_inviters(shop: Shop, policy: str) -> None:
    shop.admin("put_settings", referral_policy=policy)
    ann, bo = shop.member("Ann"), shop.member("Bo")
    bo.visits(ann.shares())

    visited = ann.visits(bo.shares())

    assert (visited.status, visited["bound"], visited["referral"]) == (200, False, None)
    assert (inviter_of(shop, ann), inviter_of(shop, bo)) == (None, ann.member_id)


def test_they_can_the_other_way_round_once_the_first_has_ended(shop: Shop) -> None:
    shop.admin("put_settings", referral_seconds=60)
    ann, bo = shop.member("Ann"), shop.member("Bo")
    bo.visits(ann.shares())
    shop.advance(60)

    assert ann.visits(bo.shares())["bound"] is True
    assert bo.visits(ann.shares())["bound"] is False


def test_a_circle_of_three_is_nobody_s_own_upline(shop: Shop) -> None:
    ann, bo, cy = shop.member("Ann"), shop.member("Bo"), shop.member("Cy")
    bo.visits(ann.shares())
    cy.visits(bo.shares())

    assert ann.visits(cy.shares())["bound"] is True


def test_a_code_that_nobody_minted_is_not_found_and_changes_nothing(shop: Shop) -> None:
    bo = shop.member("Bo")
    before = shop.everything()

    visited = bo.visits("aaaaaaaaaaaa")

    assert (visited.status, visited.code) == (404, "not_found")
    assert shop.everything() == before


def test_the_share_of_somebody_who_has_left_binds_nobody(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()
    assert ann.send("DELETE", "/v1/me").status == 204

    visited = bo.visits(code)

    assert (visited.status, visited["bound"], visited["referral"]) == (200, False, None)


def test_an_inviter_who_leaves_is_no_longer_named(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    ann.send("PUT", "/v1/me", {"nickname": "安"})
    code = ann.shares()
    bo.visits(code)
    ann.send("DELETE", "/v1/me")

    visited = bo.visits(code)

    assert visited["referral"]["inviter"] == {"nickname": None, "avatar_url": None}


def test_who_has_left_is_bound_to_nobody(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()
    bo.send("DELETE", "/v1/me")
    before = shop.everything()

    visited = bo.visits(code)

    assert (visited.status, visited.code) == (401, "not_signed_in")
    assert shop.everything() == before


def test_a_code_with_a_purchase_binds_before_the_order_is_placed(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()

    order = bo.buys(share_code=code)

    assert inviter_of(shop, bo) == ann.member_id
    row = shop.rows("orders", order_id=order.order_id)[0]
    assert row["uplines"] == {"1": {"member_id": ann.member_id, "rate_bp": 1000}}
    assert "visits" not in share_row(shop, code) or share_row(shop, code)["visits"] == 0


def test_a_bad_code_with_a_purchase_is_in_nobody_s_way(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    own, other = bo.shares(), ann.shares()
    bo.visits(other)

    for code in ("aaaaaaaaaaaa", "x", own, other):
        assert bo.tries_to_buy(share_code=code).status == 201
    assert inviter_of(shop, bo) == ann.member_id
