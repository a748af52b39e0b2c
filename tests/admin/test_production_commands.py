"""Operators see what is to be made, and answer for the merchant."""

from typing import Any

import pytest

from tests.made_to_order import (
    ANSWER_SECONDS,
    DAY_SECONDS,
    WISHES,
    accepts,
    paid_for,
    rejects,
    takes_orders,
)
from tests.shop import Shop


def refused(shop: Shop, command: str, **fields: Any) -> Any:
    """The error of a command that changes nothing, dry run or not."""
    before = shop.everything()
    rehearsed = shop.tries_admin(command, **fields, dry_run=True)
    done = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    assert rehearsed["ok"] is False, rehearsed
    assert rehearsed["error"] == done["error"]
    return done["error"]


@pytest.fixture
def group_id(shop: Shop) -> str:
    """A group of two whose merchant is asked."""
    takes_orders(shop)
    return paid_for(shop, "Lin", "Ann")[0].group_id


# decide_production


def test_an_answer_is_rehearsed_given_and_shown(shop: Shop, group_id: str) -> None:
    given = {"group_id": group_id, "decision": "accept", "ships_by": shop.at(30 * DAY_SECONDS)}
    before = shop.everything()
    rehearsed = shop.admin("decide_production", **given, dry_run=True)
    assert shop.everything() == before
    assert rehearsed == {
        "group_id": group_id,
        "campaign_id": "mug",
        "status": "requested",
        "paid_count": 2,
        "requested_at": "2026-11-22T12:00:00Z",
        "answer_by": "2026-11-25T12:00:00Z",
        "decided_by": None,
        "ships_by": None,
        "outcome": "accepted",
        "dry_run": True,
    }

    decided = shop.admin("decide_production", **given, operator="Zhou", reason="十台机器")

    assert decided == {
        **rehearsed,
        "status": "accepted",
        "answer_by": None,
        "decided_by": "Zhou",
        "ships_by": "2026-12-22T12:00:00Z",
        "dry_run": False,
    }
    again = shop.admin("decide_production", **given, operator="Wu")
    assert again == {**decided, "outcome": "unchanged"}


def test_another_answer_is_refused_with_what_was_said(shop: Shop, group_id: str) -> None:
    rejects(shop, group_id)

    error = refused(
        shop,
        "decide_production",
        group_id=group_id,
        decision="accept",
        ships_by=shop.at(DAY_SECONDS),
    )

    assert (error["code"], error["detail"]) == ("not_allowed", "It was rejected before, by local.")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"decision": "accept"}, ["ships_by"]),
        ({"decision": "accept", "ships_by": "2026-11-22T12:00:00Z"}, ["ships_by"]),
        ({"decision": "accept", "ships_by": "2027-10-18T12:00:01Z"}, ["ships_by"]),
        ({"decision": "accept", "ships_by": "2026-12-22"}, ["ships_by"]),
        ({"decision": "accept", "ships_by": "2026-12-22T12:00:00"}, ["ships_by"]),
        ({"decision": "reject", "ships_by": "2026-12-22T12:00:00Z"}, [""]),
        ({"decision": "perhaps"}, ["decision"]),
        ({}, ["decision"]),
    ],
)
def test_an_answer_that_makes_no_sense_changes_nothing(
    shop: Shop, group_id: str, fields: dict[str, Any], wrong: list[str]
) -> None:
    error = refused(shop, "decide_production", group_id=group_id, **fields)

    assert error["code"] == "invalid_request"
    assert [found["field"] for found in error["errors"]] == wrong


def test_what_is_not_asked_for_cannot_be_answered(shop: Shop) -> None:
    ready = shop.member("Lin").opens().pays()

    there = refused(shop, "decide_production", group_id=ready.group_id, decision="reject")
    none = refused(shop, "decide_production", group_id="grp_none", decision="reject")

    assert (there["code"], none["code"]) == ("not_allowed", "not_found")


# list_productions


def listed(shop: Shop, **fields: Any) -> list[str]:
    """The groups of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = shop.admin("list_productions", **fields, limit=1, cursor=cursor)
        found += [item["group_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_requests_are_listed_by_what_was_answered(shop: Shop) -> None:
    takes_orders(shop)
    group_ids = []
    for number in range(4):
        group_ids.append(paid_for(shop, f"Lin-{number}", f"Ann-{number}")[0].group_id)
        shop.advance(1)
    shop.member("Cy").opens().pays()
    accepts(shop, group_ids[0], days=30)
    rejects(shop, group_ids[1])

    assert listed(shop) == group_ids[2:]
    assert listed(shop, status="requested", since=shop.at(-1)) == group_ids[3:]
    assert listed(shop, status="accepted") == group_ids[:1]
    assert listed(shop, status="rejected") == [group_ids[1]]
    assert listed(shop, status="accepted", since=shop.at(0)) == []


def test_a_crowd_is_listed_once(shop: Shop) -> None:
    rules = {"crowd": {"threshold": 1, "shards": 3}}
    takes_orders(shop, "many", rules=rules, duration_seconds=600)
    lin = shop.member("Lin").opens("many", custom_fields=WISHES).pays()
    shop.settles()
    shop.passes(600)
    assert listed(shop) == [lin.group_id]

    accepts(shop, lin.group_id, days=30)

    assert (listed(shop), listed(shop, status="accepted")) == ([], [lin.group_id])


def test_a_cursor_of_another_list_is_refused(shop: Shop, group_id: str) -> None:
    accepts(shop, group_id, days=30)
    paid_for(shop, "Bo", "Cy")
    cursor = shop.admin("list_groups", limit=1)["next_cursor"]

    for command, fields in (("list_productions", {}), ("get_production", {"group_id": group_id})):
        answer = shop.tries_admin(command, **fields, cursor=cursor)
        assert answer["error"]["code"] == "invalid_request"


# get_production


def test_what_is_to_be_made_is_shown_without_who_it_is_for(shop: Shop, group_id: str) -> None:
    lin, ann = (
        next(row for row in shop.rows("orders") if row["custom_fields"]["engraving"] == engraving)
        for engraving in ("小满", "Ann")
    )

    shown = shop.admin("get_production", group_id=group_id)

    assert (shown["status"], shown["paid_count"]) == ("requested", 2)
    assert shown["answer_by"] == shop.at(ANSWER_SECONDS).replace("+00:00", "Z")
    assert shown["orders"] == [
        {
            "order_id": order["order_id"],
            "sku_id": "apples-5",
            "title": "红富士苹果 5斤装",
            "quantity": 1,
            "custom_fields": wishes,
        }
        for order, wishes in ((lin, WISHES), (ann, {"engraving": "Ann"}))
    ]
    assert shown["kinds"] == [
        {"sku_id": "apples-5", "custom_fields": WISHES, "units": 1},
        {"sku_id": "apples-5", "custom_fields": {"engraving": "Ann"}, "units": 1},
    ]
    assert shown["next_cursor"] is None
    assert "林小满" not in str(shown)
    assert "member_id" not in str(shown)


def test_what_goes_back_is_not_made(shop: Shop) -> None:
    takes_orders(shop, size=4)
    lin = shop.member("Lin").opens("mug", quantity=2, custom_fields=WISHES).pays()
    for name in ("Ann", "Bo"):
        shop.member(name).joins(lin.group_id, custom_fields=WISHES).pays()
    cy = shop.member("Cy").joins(lin.group_id, custom_fields={"engraving": "Cy"}).pays()
    shop.settles()
    cy.asks_refund()
    shop.settles()

    before = shop.admin("get_production", group_id=lin.group_id)
    accepts(shop, lin.group_id, days=30)
    after = shop.admin("get_production", group_id=lin.group_id)

    kinds = [{"sku_id": "apples-5", "custom_fields": WISHES, "units": 4}]
    assert (before["kinds"], len(before["orders"])) == (kinds, 3)
    assert (after["kinds"], after["orders"]) == (before["kinds"], before["orders"])
    assert (after["status"], after["ships_by"]) == ("accepted", "2026-12-22T12:00:00Z")


def test_a_crowd_is_shown_in_pages_of_its_shards(shop: Shop) -> None:
    rules = {"crowd": {"threshold": 7, "shards": 3}}
    takes_orders(shop, "many", rules=rules, duration_seconds=600)
    placed = [
        shop.member(f"M{number}").opens("many", custom_fields={"engraving": f"M{number}"}).pays()
        for number in range(9)
    ]
    shop.settles()
    shop.passes(600)
    group_id = placed[0].group_id

    seen: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        shown = shop.admin("get_production", group_id=group_id, cursor=cursor, limit=2)
        seen += [order["order_id"] for order in shown["orders"]]
        pages, cursor = pages + 1, shown["next_cursor"]

    assert sorted(seen) == sorted(order.order_id for order in placed)
    assert pages in (5, 6)


def test_what_is_ready_is_not_to_be_made(shop: Shop) -> None:
    ready = shop.member("Lin").opens().pays()

    for group_id in (ready.group_id, "grp_none"):
        answer = shop.tries_admin("get_production", group_id=group_id)
        assert answer["error"]["code"] == "not_found"


# The others


def test_other_commands_show_it_too(shop: Shop, group_id: str) -> None:
    accepts(shop, group_id, days=30)
    production = {
        "status": "accepted",
        "requested_at": "2026-11-22T12:00:00Z",
        "ships_by": "2026-12-22T12:00:00Z",
    }

    shown = shop.admin("get_group", group_id=group_id)

    assert shown["production"] == production
    order = shop.admin("get_order", order_id=shown["seats"][0]["order_id"])
    assert (order["custom_fields"], order["presale_report"]) == (WISHES, "done")
    assert (order["ships_by"], order["due_at"]) == (production["ships_by"],) * 2
