"""What all groups of a flash sale would write to one item lies in parts, and is read as one: the
list of groups that can be joined, and the sales figure.
"""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.catalog.model import CROWDED_PARTS
from tests.flash import flash
from tests.shop import Placed, Reply, Shop

PATH = "/v1/campaigns/flash/groups"
GROUPS = 14


def pages(shop: Shop, limit: int) -> list[list[str]]:
    """The ids of every page, following the cursors."""
    cursor, seen = "", []
    for _ in range(100):
        reply = shop.send("GET", f"{PATH}?limit={limit}{cursor}")
        assert reply.status == 200, reply
        seen.append([group["group_id"] for group in reply["items"]])
        if reply["next_cursor"] is None:
            return seen
        assert len(reply["next_cursor"]) <= 1024
        cursor = f"&cursor={quote(reply['next_cursor'])}"
    raise AssertionError("the list never ends")


def joined(all_pages: list[list[str]]) -> list[str]:
    return [group_id for each in all_pages for group_id in each]


def opened(shop: Shop, count: int = GROUPS, *, seconds_apart: int = 0) -> list[Placed]:
    """So many groups of the sale, one after the other or all at one moment."""
    placed = []
    for number in range(count):
        placed.append(shop.member(f"M{number}").opens("flash").pays())
        shop.advance(seconds_apart)
    return placed


@pytest.mark.parametrize("seconds_apart", [0, 1])
def test_every_group_is_listed_once_the_soonest_to_expire_first(
    shop: Shop, seconds_apart: int
) -> None:
    flash(shop, 50, ends_at=shop.at(24 * 3600))
    placed = [order.group_id for order in opened(shop, seconds_apart=seconds_apart)]

    whole = joined(pages(shop, 100))

    assert whole == placed if seconds_apart else sorted(whole) == sorted(placed)
    for limit in (1, 3, GROUPS, GROUPS + 1):
        in_pages = pages(shop, limit)
        assert joined(in_pages) == whole
        assert [len(page) for page in in_pages if page] == sizes(GROUPS, limit)


def sizes(count: int, limit: int) -> list[int]:
    full, rest = divmod(count, limit)
    return [limit] * full + ([rest] if rest else [])


def test_no_key_of_the_list_gathers_all_groups(shop: Shop) -> None:
    flash(shop, 50)
    opened(shop)

    listed = [row["joinable_campaign_id"] for row in shop.rows("groups", kind="group")]

    assert set(listed) <= {f"flash#{part}" for part in range(CROWDED_PARTS)}
    assert len(set(listed)) > 2
    shop.member("Lin").opens().pays()
    (plain,) = shop.rows("groups", kind="group", campaign_id="autumn")
    assert plain["joinable_campaign_id"] == "autumn"


def test_groups_from_before_the_rule_and_after_it_are_on_the_same_list(shop: Shop) -> None:
    shop.campaign("flash")
    before = shop.member("Ann").opens("flash").pays()
    shop.advance(1)
    flash(shop, 10, ends_at=shop.at(24 * 3600))
    while_it_was = shop.member("Bo").opens("flash").pays()
    shop.advance(1)
    shop.campaign("flash")
    after = shop.member("Cy").opens("flash").pays()

    listed = [before.group_id, while_it_was.group_id, after.group_id]
    assert joined(pages(shop, 100)) == listed
    assert joined(pages(shop, 1)) == listed


def test_whoever_comes_or_is_complete_between_two_pages_hides_nobody(shop: Shop) -> None:
    flash(shop, 50, ends_at=shop.at(24 * 3600))
    placed = opened(shop, 6, seconds_apart=1)
    first = shop.send("GET", f"{PATH}?limit=3")
    shop.member("Joe").joins(placed[2].group_id).pays()
    shop.member("Kim").joins(placed[3].group_id).pays()
    latest = shop.member("Late").opens("flash").pays()

    rest = shop.send("GET", f"{PATH}?limit=3&cursor={quote(first['next_cursor'])}")

    assert [one["group_id"] for one in first["items"]] == [one.group_id for one in placed[:3]]
    expected = [placed[4].group_id, placed[5].group_id, latest.group_id]
    assert [one["group_id"] for one in rest["items"]] == expected


def test_a_cursor_whose_groups_are_over_starts_at_the_front(shop: Shop) -> None:
    flash(shop, 50, ends_at=shop.at(24 * 3600))
    opened(shop, 4)
    first = shop.send("GET", f"{PATH}?limit=3")
    shop.passes(3600)
    after = shop.member("Late").opens("flash").pays()

    rest = shop.send("GET", f"{PATH}?limit=3&cursor={quote(first['next_cursor'])}")

    assert [one["group_id"] for one in rest["items"]] == [after.group_id]


def cursor_with(**changes: Any) -> str:
    start = {"campaign_id": {"S": "flash"}, "after": {"S": "3~2026-11-22T13:00:00.000Z~grp_a"}}
    return base64.urlsafe_b64encode(json.dumps({**start, **changes}).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_with(campaign_id={"S": "autumn"}),
        cursor_with(after={"S": ";"}),
        cursor_with(after={"S": "3~2026-11-22T13:00:00.000Z"}),
        cursor_with(after={"S": "x~2026-11-22T13:00:00.000Z~grp_a"}),
        cursor_with(after={"S": "3~tomorrow~grp_a"}),
        cursor_with(after={"S": "3~2026-11-22T13:00:00.000Z~grp#a"}),
        cursor_with(after={"S": "1~2026-11-22T13:00:00.000Z~a;1~2026-11-22T13:00:00.000Z~b"}),
        cursor_with(more={"S": "x"}),
        "not-base64",
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(shop: Shop, cursor: str) -> None:
    flash(shop, 50)

    reply: Reply = shop.send("GET", f"{PATH}?cursor={quote(cursor)}")

    assert (reply.status, reply.code) == (422, "invalid_request"), reply


def test_a_full_group_names_others_of_the_sale(shop: Shop) -> None:
    flash(shop, 50)
    full, *others = opened(shop, 4)
    shop.member("Joe").joins(full.group_id).pays()
    held = shop.member("Kim").joins(others[0].group_id)

    refused = shop.member("Late").tries_to_join(others[0].group_id)

    assert (refused.status, refused.code) == (409, "group_full")
    named = set(refused["context"]["group_ids"])
    assert named == {order.group_id for order in others[1:]}
    assert held.status == "awaiting_payment"


def test_sales_are_counted_in_parts_and_shown_as_one_number(shop: Shop) -> None:
    flash(shop, 50)
    for order in opened(shop, 8):
        shop.member(f"{order.member.name}-friend").joins(order.group_id, quantity=2).pays()
    shop.settles()

    figures = [row for row in shop.rows("catalog", id="flash") if row["kind"].startswith("figure")]
    assert {row["kind"] for row in figures} <= {f"figures#{part}" for part in range(CROWDED_PARTS)}
    assert len(figures) > 1
    assert sum(row["sold_count"] for row in figures) == 24
    assert shop.send("GET", "/v1/campaigns/flash")["sold_count"] == 24
    assert shop.admin("get_campaign", campaign_id="flash")["sold_count"] == 24
    shop.campaign("flash")
    assert shop.send("GET", "/v1/campaigns/flash")["sold_count"] == 24
    shop.assert_books_balance()


def shown(shop: Shop, path: str) -> list[int]:
    """What is left of the first SKU of each campaign there."""
    reply = shop.send("GET", path)
    return [each["skus"][0]["available"] for each in reply.content.get("items", [reply.content])]


def test_whoever_looks_at_sales_reads_their_shards_once_in_two_seconds(shop: Shop) -> None:
    flash(shop, 50)
    flash(shop, 30, campaign_id="later", ends_at=shop.at(7200))
    one, both = "/v1/campaigns/flash", "/v1/campaigns?state=live&limit=2"
    assert (shown(shop, one), shown(shop, both)) == ([50], [50, 30])
    shop.member("Lin").opens("flash")
    shop.member("Ann").opens("later")

    shop.advance(1.999)
    assert (shown(shop, one), shown(shop, both)) == ([50], [50, 30])
    shop.advance(0.001)

    assert (shown(shop, one), shown(shop, both)) == ([49], [49, 29])
    flash(shop, 60)
    assert shown(shop, one) == [59]
    shop.assert_audit_is_clean()
