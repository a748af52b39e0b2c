"""Operators list what a person should look at, by day and kind."""

from typing import Any

import pytest

from chalicelib.kit import findings
from tests.shop import Shop

DAY = "2026-11-22"


def finds(shop: Shop, kind: str, about: str) -> None:
    findings.record(kind, about, {"amount_fen": 5, "why": "so"}, clock=shop.clock)


def about(page: Any) -> list[str]:
    return sorted(one["about"] for one in page["items"])


def test_todays_findings_are_listed_with_their_facts(shop: Shop) -> None:
    finds(shop, "notice_refused", "one")

    page = shop.admin("list_findings")

    (found,) = page["items"]
    assert page == {"day": DAY, "items": [found], "next_cursor": None}
    assert found == {
        "finding_id": found["finding_id"],
        "kind": "notice_refused",
        "about": "one",
        "facts": {"amount_fen": 5, "why": "so"},
        "found_at": "2026-11-22T12:00:00Z",
    }


def test_a_day_and_a_kind_narrow_it(shop: Shop) -> None:
    finds(shop, "notice_refused", "one")
    shop.advance(24 * 3600)
    finds(shop, "notice_refused", "two")
    finds(shop, "poison_item", "three")

    assert about(shop.admin("list_findings")) == ["three", "two"]
    assert about(shop.admin("list_findings", kind="poison_item")) == ["three"]
    assert about(shop.admin("list_findings", day=DAY)) == ["one"]
    assert about(shop.admin("list_findings", day=DAY, kind="poison_item")) == []


def test_pages_hold_each_once(shop: Shop) -> None:
    for number in range(5):
        finds(shop, "poison_item", f"p{number}")
        finds(shop, "notice_refused", f"n{number}")

    listed, page = [], shop.admin("list_findings", day=DAY, kind="poison_item", limit=3)
    listed += page["items"]
    while page["next_cursor"] is not None:
        cursor = page["next_cursor"]
        page = shop.admin("list_findings", day=DAY, kind="poison_item", limit=3, cursor=cursor)
        listed += page["items"]

    assert sorted(one["about"] for one in listed) == ["p0", "p1", "p2", "p3", "p4"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "yesterday"},
        {"day": "1999-12-31"},
        {"kind": "no kind"},
        {"limit": 0},
        {"cursor": "nonsense", "day": DAY},
        {"cursor": "e30="},
        {"status": "open"},
    ],
)
def test_what_makes_no_list_is_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    assert shop.tries_admin("list_findings", **wrong)["error"]["code"] == "invalid_request"


def test_a_cursor_is_of_its_day(shop: Shop) -> None:
    for number in range(2):
        finds(shop, "poison_item", f"p{number}")
    cursor = shop.admin("list_findings", day=DAY, limit=1)["next_cursor"]

    refused = shop.tries_admin("list_findings", day="2026-11-21", cursor=cursor)

    assert refused["error"]["code"] == "invalid_request"
