"""What members, and whoever looks after a station, see of it; and what nobody sees."""

import json
from typing import Any

from tests.shop import Shop
from tests.stations.words import (
    arrived,
    code_of,
    collects,
    hands_out,
    looks_after,
    orders,
    redeems,
)

PARK = {"station_id": "park", "name": "公园", "address": "龙井路 2 号", "phone": "0571-1234"}


def test_a_campaign_shows_the_stations_that_take_orders(shop: Shop) -> None:
    looks_after(shop, "Gu")
    looks_after(shop, "Pan", **PARK)
    looks_after(shop, "Hu", "hill", closed=True)
    collects(shop, "park", "hill", "gate")

    shown = shop.send("GET", "/v1/campaigns/veg").content

    assert shown["stations"] == [
        PARK,
        {"station_id": "gate", "name": "gate站", "address": "文三路 1 号", "phone": None},
    ]
    assert shown["rules"]["stations"] == ["park", "hill", "gate"]
    assert "stations" not in shop.send("GET", "/v1/campaigns")["items"][0]


def test_a_member_sees_where_their_order_waits_and_the_code_in_time(shop: Shop) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    order = orders(shop.member("Lin")).pays()
    pickup = {"station_id": "gate", "name": "gate站", "address": "文三路 1 号", "code": None}
    seen = order.now()
    assert (seen["address"], seen["pickup"]) == (None, pickup)
    assert seen["collects_until"] == "2026-11-22T14:00:00Z"
    shop.passes(2 * 3600)
    shop.passes(61)
    code = code_of(order)

    assert (len(code), code.isdigit()) == (8, True)
    assert order.now()["pickup"] == {**pickup, "code": code}
    arrived(shop, order.group_id)
    assert order.now()["shipment"] == {
        "carrier": "PICKUP",
        "tracking_no": "gate",
        "shipped_at": "2026-11-22T14:01:01Z",
    }
    hands_out(gate, order)
    assert order.now()["received_at"] == "2026-11-22T14:01:01Z"


def test_my_stations_are_mine_in_pages(shop: Shop) -> None:
    for number in range(3):
        looks_after(shop, "Gu", f"s{number}", closed=number == 1)
    looks_after(shop, "Pan", "other")
    gu = shop.member("Gu")

    first = gu.send("GET", "/v1/me/stations?limit=2")
    rest = gu.send("GET", f"/v1/me/stations?limit=2&cursor={first['next_cursor']}")

    seen = first["items"] + rest["items"]
    assert [(one["station_id"], one["closed"]) for one in seen] == [
        ("s0", False),
        ("s1", True),
        ("s2", False),
    ]
    assert set(seen[0]) == {"station_id", "name", "address", "phone", "closed"}
    assert shop.member("Eve").send("GET", "/v1/me/stations")["items"] == []


def test_a_leader_sees_what_waits_in_pages_and_nobody_s_ids(shop: Shop) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    lin, mei = shop.member("Lin"), shop.member("Mei")
    lin.send("PUT", "/v1/me", {"nickname": "小满"})
    mine = orders(lin, quantity=2, remark="放门口").pays()
    hers = orders(mei).pays()
    shop.passes(2 * 3600)
    shop.passes(61)
    shop.admin("arrive_at_station", order_id=mine.order_id)

    pages, query = [], "?limit=1"
    while query:
        page = gate.send("GET", f"/v1/stations/gate/pickups{query}")
        pages.append(page)
        query = f"?limit=1&cursor={page['next_cursor']}" if page["next_cursor"] else ""

    items: list[dict[str, Any]] = [item for page in pages for item in page["items"]]
    goods = {"title": "红富士苹果 5斤装", "image_url": None}
    here = {"status": "shipped", "arrived_at": "2026-11-22T14:01:01Z"}
    expected = [
        {**goods, "quantity": 1, "nickname": None, "status": "to_ship", "arrived_at": None},
        {**goods, "quantity": 2, "nickname": "小满", **here},
    ]
    assert sorted(items, key=lambda item: int(item["quantity"])) == expected
    handed_out = redeems(gate, code_of(mine)).content
    assert set(handed_out) == {"title", "image_url", "quantity", "nickname", "redeemed_at"}
    ids = (lin.member_id, mei.member_id, mine.order_id, hers.order_id, code_of(hers), "放门口")
    text = json.dumps([*items, handed_out], ensure_ascii=False)
    assert not any(one in text for one in ids)


def test_whoever_has_left_has_no_name(shop: Shop) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    lin = shop.member("Lin")
    lin.send("PUT", "/v1/me", {"nickname": "小满"})
    order = orders(lin).pays()
    shop.passes(2 * 3600)
    shop.passes(61)
    arrived(shop, order.group_id)
    code = code_of(order)
    order.receives()
    shop.settles()
    assert lin.send("DELETE", "/v1/me").status == 204

    handed_out = redeems(gate, code)

    assert (handed_out.status, handed_out["nickname"]) == (200, None)
