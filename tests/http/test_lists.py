"""Lists in pages: every item once, in order, whatever the limit, and narrowed as asked."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest

from tests.shop import Member, Reply, Shop


def pages(member: Member, path: str) -> Iterator[Reply]:
    """Every page, following the cursors."""
    mark = "&" if "?" in path else "?"
    reply = member.send("GET", path)
    yield reply
    while reply["next_cursor"] is not None:
        reply = member.send("GET", f"{path}{mark}cursor={quote(reply['next_cursor'])}")
        yield reply


def flat(lists: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(lists))


def ids(page: Reply, name: str = "order_id") -> list[str]:
    return [item[name] for item in page["items"]]


@pytest.mark.parametrize("seconds_apart", [1, 0])
def test_25_orders_come_in_pages_of_10_10_and_5(shop: Shop, seconds_apart: int) -> None:
    shop.admin("put_settings", most_unpaid_orders=25)
    lin = shop.member("Lin")
    placed = []
    for _ in range(25):
        placed.append(lin.buys().order_id)
        shop.advance(seconds_apart)
    shop.member("Eve").buys()

    seen = [ids(page) for page in pages(lin, "/v1/orders?limit=10")]

    assert [len(page) for page in seen] == [10, 10, 5]
    assert sorted(flat(seen)) == sorted(placed)
    if seconds_apart:
        assert flat(seen) == placed[::-1]
    assert len(lin.send("GET", "/v1/orders")["items"]) == 20, "20 unless told otherwise"
    assert ids(lin.send("GET", "/v1/orders?limit=100")) == flat(seen)


def test_a_list_that_ends_with_a_full_page_ends(shop: Shop) -> None:
    lin = shop.member("Lin")
    for _ in range(4):
        lin.buys()

    seen = [ids(page) for page in pages(lin, "/v1/orders?limit=2")]

    assert [len(page) for page in seen if page] == [2, 2]
    assert len(seen) <= 3


def test_nobody_s_list_is_empty(shop: Shop) -> None:
    none: dict[str, Any] = {"items": [], "next_cursor": None}
    eve = shop.member("Eve")
    for query in ("", "?limit=1", "?status=paid", "?status=settled&limit=100"):
        assert eve.send("GET", f"/v1/orders{query}").content == none


def test_orders_are_narrowed_by_status(shop: Shop) -> None:
    lin = shop.member("Lin")
    bought = [lin.buys() for _ in range(6)]
    bought[1].cancels()
    bought[4].cancels()
    bought[2].pays()
    leading = lin.opens().pays()
    shop.settles()
    unpaid = [bought[number].order_id for number in (0, 3, 5)]

    def narrowed(status: str, limit: int) -> list[str]:
        path = f"/v1/orders?status={status}&limit={limit}"
        return sorted(flat(ids(page) for page in pages(lin, path)))

    for limit in (2, 100):
        assert narrowed("awaiting_payment", limit) == sorted(unpaid)
        assert narrowed("cancelled", limit) == sorted([bought[1].order_id, bought[4].order_id])
        assert narrowed("to_ship", limit) == [bought[2].order_id]
        assert narrowed("paid", limit) == [leading.order_id]
        assert narrowed("shipped", limit) == []


def test_an_order_placed_between_two_pages_is_not_missed_nor_shown_twice(shop: Shop) -> None:
    lin = shop.member("Lin")
    old = []
    for _ in range(4):
        old.append(lin.buys().order_id)
        shop.advance(1)
    walk = pages(lin, "/v1/orders?limit=2")
    first = ids(next(walk))
    new = lin.buys().order_id

    rest = flat(ids(page) for page in walk)

    assert first + rest == old[::-1]
    assert ids(lin.send("GET", "/v1/orders?limit=1")) == [new]


def test_products_and_campaigns_come_in_pages(shop: Shop) -> None:
    lin = shop.member("Lin")
    for number in range(4):
        shop.advance(1)
        shop.stocks(10, sku_id=f"pears{number}-1")
        skus = [{"sku_id": f"pears{number}-1", "group_price_fen": 1500}]
        shop.campaign(f"c{number}", ends_at=shop.at(3600 + number), skus=skus)

    products = [ids(page, "product_id") for page in pages(lin, "/v1/products?limit=2")]
    campaigns = [ids(page, "campaign_id") for page in pages(lin, "/v1/campaigns?limit=2")]

    assert products == [["pears3", "pears2"], ["pears1", "pears0"], ["apples"]]
    assert campaigns == [["c0", "c1"], ["c2", "c3"], ["autumn"]]


def test_as_many_groups_to_join_are_shown_as_asked_for(shop: Shop) -> None:
    for name in ("Ann", "Bo", "Lin"):
        shop.member(name).opens().pays()
        shop.advance(1)
    opened = [row["group_id"] for row in shop.rows("groups", kind="group")]

    path = "/v1/campaigns/autumn/groups"
    whole = shop.send("GET", path)
    first = shop.send("GET", f"{path}?limit=2")
    rest = shop.send("GET", f"{path}?limit=2&cursor={first['next_cursor']}")

    assert sorted(ids(whole, "group_id")) == sorted(opened)
    expiries = [item["expires_at"] for item in whole["items"]]
    assert expiries == sorted(expiries)
    assert ids(first, "group_id") + ids(rest, "group_id") == ids(whole, "group_id")
    assert (len(first["items"]), rest["next_cursor"]) == (2, None)
