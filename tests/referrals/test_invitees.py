"""Lists of invitees: both levels, in pages, only while the relation lasts, and never an id."""

import base64
import json
from typing import Any
from urllib.parse import quote

from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from tests.shop import Member, Shop


def names(member: Member, level: int, *, limit: int = 20) -> list[list[str]]:
    """Nicknames, page by page."""
    pages = []
    cursor = ""
    while True:
        path = f"/v1/me/invitees?level={level}&limit={limit}{cursor}"
        reply = member.send("GET", path)
        assert reply.status == 200, reply
        pages.append([item["nickname"] for item in reply["items"]])
        if reply["next_cursor"] is None:
            return pages
        cursor = f"&cursor={quote(reply['next_cursor'])}"


def named(shop: Shop, name: str) -> Member:
    member = shop.member(name)
    member.send("PUT", "/v1/me", {"nickname": name})
    return member


def brings(shop: Shop, inviter: Member, *people: str, seconds_apart: int = 1) -> list[Member]:
    code = inviter.shares()
    brought = []
    for name in people:
        member = named(shop, name)
        member.visits(code)
        shop.advance(seconds_apart)
        brought.append(member)
    return brought


def test_an_invitee_holds_what_is_promised(shop: Shop) -> None:
    ann = named(shop, "Ann")
    (bo,) = brings(shop, ann, "Bo")
    writes = WriteSet()
    members.count_invitee(writes, ann.member_id, bo.member_id, orders_count=2, commission_fen=300)
    writes.commit()

    reply = ann.send("GET", "/v1/me/invitees")

    assert reply.content == {
        "items": [
            {
                "nickname": "Bo",
                "avatar_url": None,
                "bound_at": "2026-11-22T12:00:00Z",
                "expires_at": "2026-12-22T12:00:00Z",
                "orders_count": 2,
                "commission_fen": 300,
            }
        ],
        "next_cursor": None,
    }


def test_nobody_s_list_is_empty(shop: Shop) -> None:
    ann = shop.member("Ann")
    for level in (1, 2):
        assert names(ann, level) == [[]]


def test_each_level_has_its_own_people_newest_first(shop: Shop) -> None:
    ann = named(shop, "Ann")
    bo, cy = brings(shop, ann, "Bo", "Cy")
    brings(shop, bo, "B1", "B2")
    (c1,) = brings(shop, cy, "C1")
    brings(shop, c1, "Far")

    assert names(ann, 1) == [["Cy", "Bo"]]
    assert names(ann, 2) == [["C1", "B2", "B1"]]
    assert names(bo, 2) == [[]]


def test_pages_show_everybody_once(shop: Shop) -> None:
    ann = named(shop, "Ann")
    brought = brings(shop, ann, *(f"B{n}" for n in range(5)))
    for number, member in enumerate(brought):
        brings(shop, member, *(f"C{number}{n}" for n in range(number)), seconds_apart=0)

    for limit in (1, 2, 3, 100):
        first, second = names(ann, 1, limit=limit), names(ann, 2, limit=limit)
        assert [name for page in first for name in page] == ["B4", "B3", "B2", "B1", "B0"]
        seen = [name for page in second for name in page]
        assert sorted(seen) == sorted(f"C{n}{k}" for n in range(5) for k in range(n))
        assert [name[1] for name in seen] == sorted((name[1] for name in seen), reverse=True)
        assert all(len(page) <= limit for page in first + second)


def test_people_bound_at_the_same_moment_come_in_pages_too(shop: Shop) -> None:
    ann = named(shop, "Ann")
    brings(shop, ann, *(f"B{n}" for n in range(5)), seconds_apart=0)

    pages = names(ann, 1, limit=2)

    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert sorted(name for page in pages for name in page) == [f"B{n}" for n in range(5)]


def test_whose_relation_has_ended_or_moved_is_not_listed(shop: Shop) -> None:
    shop.admin("put_settings", referral_seconds=100, referral_policy="latest")
    ann, zoe = named(shop, "Ann"), named(shop, "Zoe")
    bo, cy, di = brings(shop, ann, "Bo", "Cy", "Di")
    brings(shop, bo, "B1")
    cy.visits(zoe.shares())
    assert names(ann, 1) == [["Di", "Bo"]]
    di.send("DELETE", "/v1/me")
    assert names(ann, 1) == [["Bo"]]

    shop.advance(97)  # Bo's ended; B1's has not

    assert names(ann, 1) == [[]]
    assert names(ann, 2) == [[]]
    assert names(bo, 1) == [["B1"]]


def test_neither_list_nor_cursor_names_anybody_s_id(shop: Shop) -> None:
    ann = named(shop, "Ann")
    bo, cy = brings(shop, ann, "Bo", "Cy")
    d1, d2 = brings(shop, bo, "D1", "D2")
    everybody = [member.member_id for member in (ann, bo, cy, d1, d2)]

    for level in (1, 2):
        reply = ann.send("GET", f"/v1/me/invitees?level={level}&limit=1")
        content: Any = reply.content
        cursor = base64.urlsafe_b64decode(content["next_cursor"]).decode()
        assert not any(one in json.dumps(content) + cursor for one in everybody)


def test_a_level_is_one_or_two(shop: Shop) -> None:
    ann = shop.member("Ann")
    for bad in ("0", "3", "", "one", "1.0"):
        reply = ann.send("GET", f"/v1/me/invitees?level={bad}")
        assert (reply.status, reply.code) == (422, "invalid_request")
        assert [error["field"] for error in reply["errors"]] == ["level"]


def test_a_cursor_is_good_for_its_own_level(shop: Shop) -> None:
    ann = named(shop, "Ann")
    brings(shop, ann, "Bo", "Cy")
    cursor = ann.send("GET", "/v1/me/invitees?limit=1")["next_cursor"]
    numbers = ("-1", "1000", "x", "1.5", " 1", "9999999")
    forged = [
        base64.urlsafe_b64encode(
            json.dumps({"bound_at": {"S": "~"}, "passed": {"S": number}}).encode()
        ).decode()
        for number in numbers
    ]

    wrong = [f"level=2&cursor={quote(cursor)}", *(f"cursor={quote(each)}" for each in forged)]
    for query in wrong:
        reply = ann.send("GET", f"/v1/me/invitees?{query}")
        assert (reply.status, reply.code) == (422, "invalid_request"), query
