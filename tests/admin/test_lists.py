"""Operators' lists and the search: pages of a bounded walk, each row once, nobody's address."""

from typing import Any

import pytest

from chalicelib.admin.lists import walk
from chalicelib.kit.paging import to_cursor
from chalicelib.orders.store import OrderRow
from tests.shop import ADDRESS, Placed, Shop


def all_pages(shop: Shop, command: str, *, limit: int, **fields: Any) -> list[Any]:
    """Every item of a list, page after page."""
    items: list[Any] = []
    cursor = None
    while True:
        page = shop.admin(command, limit=limit, **fields, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def ids(items: list[Any], name: str) -> list[str]:
    return sorted(item[name] for item in items)


@pytest.fixture
def orders(shop: Shop) -> list[Placed]:
    """Five orders, two of them paid, a minute apart."""
    placed = []
    for number in range(5):
        order = shop.member(f"M{number}").buys()
        placed.append(order.pays() if number < 2 else order)
        shop.advance(60)
    return placed


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_every_order_is_listed_once_whatever_the_limit(
    shop: Shop, orders: list[Placed], limit: int
) -> None:
    listed = all_pages(shop, "list_orders", limit=limit)

    assert ids(listed, "order_id") == sorted(order.order_id for order in orders)
    assert ADDRESS["phone"] not in str(listed)
    assert ADDRESS["detail"] not in str(listed)


def test_orders_are_listed_by_status_and_time(shop: Shop, orders: list[Placed]) -> None:
    paid = all_pages(shop, "list_orders", limit=1, status="to_ship")
    late = all_pages(shop, "list_orders", limit=2, since=shop.at(-150))
    none = shop.admin("list_orders", status="refunded")

    assert ids(paid, "order_id") == sorted(order.order_id for order in orders[:2])
    assert ids(late, "order_id") == sorted(order.order_id for order in orders[3:])
    assert none == {"items": [], "next_cursor": None}


def test_a_page_is_short_when_the_walk_was_long_and_more_follows(
    shop: Shop, orders: list[Placed]
) -> None:
    wanted = orders[3].order_id

    def pick(row: OrderRow) -> str | None:
        return row.order_id if row.order_id == wanted else None

    pages, cursor = [], None
    while True:
        found, following = walk(OrderRow, pick, limit=5, cursor=cursor, most_rows=2)
        pages.append(found)
        cursor = to_cursor(following)
        if cursor is None:
            break

    assert len(pages) == 3
    assert [one for page in pages for one in page] == [wanted]


def test_groups_are_listed_without_their_seats(shop: Shop) -> None:
    forming = shop.member("Lin").opens().pays()
    shop.member("Ann").joins(forming.group_id)
    pending = shop.member("Bo").opens()

    everything = all_pages(shop, "list_groups", limit=1)
    only_forming = all_pages(shop, "list_groups", limit=10, status="forming")
    later = all_pages(shop, "list_groups", limit=10, since=shop.at(1))

    assert ids(everything, "group_id") == sorted([forming.group_id, pending.group_id])
    assert ids(only_forming, "group_id") == [forming.group_id]
    assert later == []


def test_refunds_that_wait_for_an_operator_are_listed_oldest_first(shop: Shop) -> None:
    asked = []
    for number in range(3):
        order = shop.member(f"M{number}").buys().pays()
        asked.append(order.asks_refund(amount_fen=300)["refund_id"])
        shop.advance(60)
    whole = shop.member("Lin").buys().pays().asks_refund()["refund_id"]

    waiting = all_pages(shop, "list_refunds", limit=1, status="awaiting_operator")
    recent = all_pages(
        shop, "list_refunds", limit=1, status="awaiting_operator", since=shop.at(-90)
    )
    under_way = all_pages(shop, "list_refunds", limit=2, status="requested")
    everything = all_pages(shop, "list_refunds", limit=2)

    assert [refund["refund_id"] for refund in waiting] == asked
    assert ids(recent, "refund_id") == [asked[2]]
    assert ids(under_way, "refund_id") == [whole]
    assert ids(everything, "refund_id") == sorted([*asked, whole])
    assert all_pages(shop, "list_refunds", limit=5, status="abnormal") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "20"},
        {"status": "unheard_of"},
        {"since": "yesterday"},
        {"since": "2026-11-22T12:00:00"},
        {"cursor": "nonsense"},
        {"page": 2},
    ],
)
@pytest.mark.parametrize("command", ["list_orders", "list_groups", "list_refunds"])
def test_a_wrong_field_of_a_list_is_refused(
    shop: Shop, command: str, fields: dict[str, Any]
) -> None:
    assert shop.tries_admin(command, **fields)["error"]["code"] == "invalid_request"


def test_a_cursor_of_another_list_is_refused(shop: Shop, orders: list[Placed]) -> None:
    cursor = shop.admin("list_orders", limit=1)["next_cursor"]

    for command in ("list_groups", "list_refunds"):
        answer = shop.tries_admin(command, cursor=cursor)
        assert answer["error"]["code"] == "invalid_request"
    waiting = shop.tries_admin("list_refunds", status="abnormal", cursor=cursor)
    assert waiting["error"]["code"] == "invalid_request"


def test_an_order_is_found_by_its_trade_number(shop: Shop, orders: list[Placed]) -> None:
    found = shop.admin("find", out_trade_no=orders[0].order_id)

    assert ids(found["items"], "order_id") == [orders[0].order_id]
    assert found["items"][0]["address"] == ADDRESS
    assert [found["next_cursor"], found["wechat"]] == [None, None]
    assert shop.admin("find", out_trade_no="ord_nothing")["items"] == []


def test_an_order_is_found_by_wechats_number(shop: Shop, orders: list[Placed]) -> None:
    transaction_id = shop.sandbox.trade(orders[1].order_id)["transaction_id"]

    found = shop.admin("find", transaction_id=transaction_id)
    nothing = shop.admin("find", transaction_id="4200000000202611220000000000")

    assert ids(found["items"], "order_id") == [orders[1].order_id]
    assert found["wechat"] == {
        "out_trade_no": orders[1].order_id,
        "transaction_id": transaction_id,
        "trade_state": "SUCCESS",
        "amount_fen": 2000,
    }
    assert nothing == {"items": [], "next_cursor": None, "wechat": None}


def test_orders_are_found_by_the_end_of_a_phone_number(shop: Shop, orders: list[Placed]) -> None:
    other = shop.member("Lin").buys(address={**ADDRESS, "phone": "139-0000 98-76"})

    assert ids(all_pages(shop, "find", limit=2, phone_last4="1234"), "order_id") == sorted(
        order.order_id for order in orders
    )
    found = all_pages(shop, "find", limit=2, phone_last4="9876")
    assert ids(found, "order_id") == [other.order_id]
    assert all_pages(shop, "find", limit=2, phone_last4="0000") == []


def test_an_erased_order_is_found_by_no_phone_number(shop: Shop) -> None:
    lin = shop.member("Lin").buys()
    lin.cancels()
    assert lin.member.send("DELETE", "/v1/me").status in {200, 204}

    assert shop.admin("find", phone_last4="1234")["items"] == []
    assert shop.admin("find", out_trade_no=lin.order_id)["items"][0]["address"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"out_trade_no": "a", "phone_last4": "1234"},
        {"phone_last4": "123"},
        {"phone_last4": "123x"},
        {"phone_last4": 1234},
        {"out_trade_no": "a", "cursor": "b"},
        {"phone_last4": "1234", "cursor": "b"},
        {"openid": "o"},
    ],
)
def test_a_search_takes_exactly_one_thing(shop: Shop, fields: dict[str, Any]) -> None:
    assert shop.tries_admin("find", **fields)["error"]["code"] == "invalid_request"
