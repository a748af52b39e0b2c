"""Stores and their guides, as operators put them and look at them."""

from typing import Any

import pytest

from tests.shop import Shop

STORE = {"store_id": "west", "merchant_id": "orchard", "name": "西湖店"}


def guides(*names: str) -> list[dict[str, Any]]:
    return [{"guide_id": f"g{number}", "name": name} for number, name in enumerate(names)]


def create(shop: Shop, sent: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    created = shop.admin("create_guides", store_id="west", guides=sent, **more)
    result: list[dict[str, Any]] = created["guides"]
    return result


def outcomes(created: list[dict[str, Any]]) -> list[str]:
    return [guide["outcome"] for guide in created]


def test_a_store_is_put_changed_and_put_again(shop: Shop) -> None:
    changed = {**STORE, "name": "西湖旗舰店"}

    results = [shop.admin("put_store", **each) for each in (STORE, changed, changed)]

    assert [each["outcome"] for each in results] == ["created", "changed", "unchanged"]
    assert results[0] == {"store_id": "west", "outcome": "created", "dry_run": False}
    assert shop.admin("get_store", store_id="west") == {
        **changed,
        "guides": [],
        "next_cursor": None,
    }


def test_a_store_belongs_to_a_merchant_that_is_there(shop: Shop) -> None:
    before = shop.everything()

    answer = shop.tries_admin("put_store", **{**STORE, "merchant_id": "nobody"})

    assert answer["error"]["code"] == "not_found"
    assert shop.everything() == before


def test_a_guide_gets_a_code_that_leads_home(shop: Shop) -> None:
    shop.admin("put_store", **STORE)

    (guide,) = create(shop, guides("小王"))

    code = guide["share_code"]
    assert guide == {
        "guide_id": "g0",
        "outcome": "created",
        "share_code": code,
        "path": f"pages/index/index?share_code={code}",
        "scene": f"s={code}",
    }


def test_creating_guides_again_changes_what_differs_and_no_code(shop: Shop) -> None:
    shop.admin("put_store", **STORE)
    ann = shop.member("Ann")
    first = create(shop, guides("小王", "小李", "小张"))
    again = guides("小王", "小李子", "小张")
    again[2]["member_id"] = ann.member_id

    second = create(shop, again)

    assert outcomes(second) == ["unchanged", "changed", "changed"]
    assert [guide["share_code"] for guide in second] == [guide["share_code"] for guide in first]
    assert outcomes(create(shop, again)) == ["unchanged"] * 3
    listed = {
        guide["guide_id"]: (guide["name"], guide["member_id"])
        for guide in shop.admin("get_store", store_id="west")["guides"]
    }
    assert listed == {
        "g0": ("小王", None),
        "g1": ("小李子", None),
        "g2": ("小张", ann.member_id),
    }


def test_a_changed_guide_keeps_the_figures(shop: Shop) -> None:
    shop.admin("put_store", **STORE)
    (guide,) = create(shop, guides("小王"))
    shop.member("Bo").visits(guide["share_code"])

    create(shop, guides("王姐"))

    (shown,) = shop.admin("get_store", store_id="west")["guides"]
    assert shown == {
        "guide_id": "g0",
        "name": "王姐",
        "member_id": None,
        "share_code": guide["share_code"],
        "visits": 1,
        "followers": 1,
        "orders_count": 0,
        "sales_fen": 0,
    }


def test_a_hundred_guides_come_at_once_and_are_shown_in_pages(shop: Shop) -> None:
    shop.admin("put_store", **STORE)
    sent = guides(*(f"导购{number}" for number in range(100)))

    created = create(shop, sent)

    assert outcomes(created) == ["created"] * 100
    assert len({guide["share_code"] for guide in created}) == 100
    first = shop.admin("get_store", store_id="west", limit=60)
    rest = shop.admin("get_store", store_id="west", limit=60, cursor=first["next_cursor"])
    seen = [guide["guide_id"] for page in (first, rest) for guide in page["guides"]]
    assert sorted(seen) == sorted(guide["guide_id"] for guide in sent)
    assert rest["next_cursor"] is None


def test_the_same_guide_of_two_stores_has_two_codes(shop: Shop) -> None:
    shop.admin("put_store", **STORE)
    shop.admin("put_store", **{**STORE, "store_id": "east"})

    (west,) = create(shop, guides("小王"))
    (east,) = shop.admin("create_guides", store_id="east", guides=guides("小王"))["guides"]

    assert west["share_code"] != east["share_code"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "invalid_request"),
        ([{"guide_id": "g1"}], "invalid_request"),
        ([{"guide_id": "g 1", "name": "小王"}], "invalid_request"),
        ([{"guide_id": "g1", "name": ""}], "invalid_request"),
        ([*guides("小王"), *guides("小李")], "invalid_request"),
        (guides(*("小王" for _ in range(101))), "invalid_request"),
        ([{"guide_id": "g1", "name": "小王", "member_id": "mem_nobody"}], "not_found"),
    ],
)
def test_guides_that_cannot_be_are_refused_whole(
    shop: Shop, sent: list[dict[str, Any]], code: str
) -> None:
    shop.admin("put_store", **STORE)
    before = shop.everything()

    answer = shop.tries_admin("create_guides", store_id="west", guides=sent)

    assert (answer["ok"], answer["error"]["code"]) == (False, code)
    assert shop.everything() == before


@pytest.mark.parametrize("command", ["create_guides", "get_store"])
def test_a_store_that_is_not_there_is_not_found(shop: Shop, command: str) -> None:
    more = {"guides": guides("小王")} if command == "create_guides" else {}

    answer = shop.tries_admin(command, store_id="nowhere", **more)

    assert answer["error"]["code"] == "not_found"


def test_a_dry_run_writes_nothing(shop: Shop) -> None:
    before = shop.everything()
    dry = shop.admin("put_store", **STORE, dry_run=True)
    assert (dry["outcome"], dry["dry_run"]) == ("created", True)
    assert shop.everything() == before
    shop.admin("put_store", **STORE)
    before = shop.everything()

    assert outcomes(create(shop, guides("小王"), dry_run=True)) == ["created"]
    assert shop.everything() == before


def test_another_store_s_cursor_is_refused(shop: Shop) -> None:
    shop.admin("put_store", **STORE)
    shop.admin("put_store", **{**STORE, "store_id": "east"})
    create(shop, guides("小王", "小李"))
    cursor = shop.admin("get_store", store_id="west", limit=1)["next_cursor"]

    answer = shop.tries_admin("get_store", store_id="east", cursor=cursor)

    assert answer["error"]["code"] == "invalid_request"
