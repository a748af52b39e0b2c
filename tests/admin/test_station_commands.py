"""Stations as operators put them and look at them, the demand sheet, arrivals and redemptions."""

from typing import Any

import pytest

from chalicelib.admin.dispatch import MOVES_MONEY
from tests.shop import Placed, Shop
from tests.stations.words import NOBODYS_CODE, code_of, collects, looks_after, orders

STATION = {"station_id": "gate", "name": "东门", "address": "文三路 1 号", "phone": "0571-1234"}


def complete(shop: Shop, *placed: Placed) -> None:
    """The round of the day ends."""
    shop.passes(2 * 3600)
    shop.passes(61)
    assert [order.status for order in placed] == ["to_ship"] * len(placed)


def code_refused(shop: Shop, command: str, **fields: Any) -> str:
    """The code of the refusal, which has changed nothing."""
    before = shop.everything()
    answer = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    return str(answer["error"]["code"])


def test_a_station_is_put_changed_and_put_again(shop: Shop) -> None:
    leader = {"leader_id": shop.member("Gu").member_id}
    changed = {**STATION, **leader, "name": "东门口", "closed": True}
    tried = shop.admin("put_station", **STATION, **leader, dry_run=True)
    assert tried == {"station_id": "gate", "outcome": "created", "dry_run": True}
    assert shop.rows("stations") == []

    results = [shop.admin("put_station", **each) for each in ({**STATION, **leader}, changed)]
    results.append(shop.admin("put_station", **changed))

    assert [each["outcome"] for each in results] == ["created", "changed", "unchanged"]
    assert shop.admin("get_station", station_id="gate") == {
        **changed,
        "pickups": [],
        "next_cursor": None,
    }


def test_a_station_that_cannot_be_is_refused(shop: Shop) -> None:
    leader_id = shop.member("Gu").member_id
    wrong = [
        {**STATION, "leader_id": "mem_nobody"},
        {**STATION, "leader_id": leader_id, "name": ""},
        {**STATION, "leader_id": leader_id, "phone": "call me"},
        {**STATION, "leader_id": leader_id, "station_id": "a b"},
        STATION,
    ]

    codes = [code_refused(shop, "put_station", **each) for each in wrong]

    assert codes == ["not_found", *["invalid_request"] * 4]
    assert code_refused(shop, "get_station", station_id="gate") == "not_found"
    rules = {"stations": ["gate"], "cutoff": "22:00"}
    fields = {"campaign_id": "veg", "title": "菜", "play": "community", "size": 2}
    more = {"duration_seconds": 60, "starts_at": shop.at(0), "ends_at": shop.at(60)}
    skus = [{"sku_id": "apples-5", "group_price_fen": 1500}]
    answer = shop.tries_admin("put_campaign", **fields, **more, rules=rules, skus=skus)
    assert answer["error"]["errors"][0]["field"] == "rules.stations"


def test_stations_are_listed_in_pages_and_by_campaign(shop: Shop) -> None:
    names = [f"station-{number}" for number in range(5)]
    for name in names:
        looks_after(shop, "Gu", name)
    collects(shop, "station-3", "station-1")
    orders(shop.member("Lin"), "station-1").pays()
    complete(shop)  # its codes and its orders are in the same table

    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = shop.admin("list_stations", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        seen += [station["station_id"] for station in page["items"]]
        cursor = page["next_cursor"]

    assert sorted(seen) == names
    of_campaign = shop.admin("list_stations", campaign_id="veg")
    assert [one["station_id"] for one in of_campaign["items"]] == ["station-3", "station-1"]
    assert shop.admin("list_stations", campaign_id="autumn")["items"] == []
    assert code_refused(shop, "list_stations", campaign_id="nothing") == "not_found"
    assert code_refused(shop, "list_stations", cursor="x") == "invalid_request"


def test_what_waits_at_a_station_is_shown_in_pages_with_its_codes(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    lin = shop.member("Lin")
    placed = [orders(lin).pays() for _ in range(3)]
    complete(shop, *placed)
    shop.admin("arrive_at_station", order_id=placed[0].order_id)

    first = shop.admin("get_station", station_id="gate", limit=2)
    rest = shop.admin("get_station", station_id="gate", limit=2, cursor=first["next_cursor"])

    pickups = first["pickups"] + rest["pickups"]
    assert {one["order_id"]: one["pickup_code"] for one in pickups} == {
        order.order_id: code_of(order) for order in placed
    }
    arrived = next(one for one in pickups if one["order_id"] == placed[0].order_id)
    assert arrived == {
        "order_id": placed[0].order_id,
        "member_id": lin.member_id,
        "group_id": placed[0].group_id,
        "pickup_code": code_of(placed[0]),
        "title": "红富士苹果 5斤装",
        "image_url": None,
        "quantity": 1,
        "nickname": None,
        "status": "shipped",
        "arrived_at": "2026-11-22T14:01:01Z",
    }
    assert [one["arrived_at"] for one in pickups].count(None) == 2
    refusal = code_refused(shop, "get_station", station_id="gate", cursor="x")
    assert refusal == "invalid_request"


def test_the_sheet_of_a_day_has_every_round_and_its_totals(shop: Shop) -> None:
    looks_after(shop, "Gu", name="东门")
    looks_after(shop, "Pan", "park", name="公园")
    collects(shop, "gate", "park")
    lin = shop.member("Lin")
    ours = orders(lin, quantity=2).pays()
    orders(shop.member("Mei"), quantity=3).pays()
    forming = shop.admin("get_demand", campaign_id="veg")
    complete(shop, ours)
    refunded = orders(lin, "park", quantity=7).pays()
    shop.admin("cancel_group", group_id=refunded.group_id, reason="断货")

    line = {"sku_id": "apples-5", "title": "红富士苹果 5斤装", "units": 5, "orders": 2}
    item = {
        "station_id": "gate",
        "station_name": "东门",
        "group_id": ours.group_id,
        "status": "forming",
        "ends_at": "2026-11-22T14:00:00Z",
        "orders": 2,
        "units": 5,
        "skus": [line],
    }
    nothing = {"units": 0, "orders": 0}
    assert forming == {
        "day": "2026-11-22",
        "items": [item],
        "totals": [{**line, **nothing, "forming_units": 5, "forming_orders": 2}],
        "next_cursor": None,
    }
    assert shop.admin("get_demand", campaign_id="veg", day="2026-11-22") == {
        "day": "2026-11-22",
        "items": [{**item, "status": "complete"}],
        "totals": [{**line, "forming_units": 0, "forming_orders": 0}],
        "next_cursor": None,
    }
    (called_off,) = shop.admin("get_demand", campaign_id="veg", day="2026-11-23")["items"]
    assert (called_off["station_name"], called_off["status"]) == ("公园", "failed")
    assert (called_off["orders"], called_off["units"], called_off["skus"]) == (0, 0, [])
    assert shop.admin("get_demand", campaign_id="veg", day="2026-11-24")["items"] == []
    of_group = shop.admin("get_demand", group_id=ours.group_id)
    assert (of_group["day"], of_group["items"]) == (None, [{**item, "status": "complete"}])


def test_a_sheet_that_cannot_be_is_refused(shop: Shop) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "not_found": {"campaign_id": "nothing"},
        "no cut-off": {"campaign_id": "autumn"},
        "nothing": {},
        "both": {"campaign_id": "autumn", "group_id": "grp_x"},
        "a day of a group": {"group_id": "grp_x", "day": "2026-11-22"},
        "no day": {"campaign_id": "autumn", "day": "2026-02-30"},
        "the first of all days": {"campaign_id": "autumn", "day": "0001-01-01"},
        "the last of all days": {"campaign_id": "autumn", "day": "9999-12-31"},
        "no cursor": {"campaign_id": "autumn", "cursor": "x"},
    }

    codes = {what: code_refused(shop, "get_demand", **fields) for what, fields in wrong.items()}

    assert codes.pop("not_found") == "not_found"
    assert set(codes.values()) == {"invalid_request"}
    assert code_refused(shop, "get_demand", group_id="grp_x") == "not_found"


def test_goods_arrive_for_a_group_at_one_station_or_for_one_order(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    lin = shop.member("Lin")
    first, second, ended = (orders(lin).pays() for _ in range(3))
    arrive = {"group_id": first.group_id}
    assert code_refused(shop, "arrive_at_station", **arrive) == "group_forming"
    complete(shop, first, second, ended)
    ended.asks_refund()
    assert code_refused(shop, "arrive_at_station", **arrive, station_id="park") == (
        "invalid_request"
    )
    before = shop.everything()
    tried = shop.admin("arrive_at_station", **arrive, dry_run=True)
    assert shop.everything() == before

    one = shop.admin("arrive_at_station", order_id=first.order_id)
    rest = shop.admin("arrive_at_station", **arrive, station_id="gate")

    counts = {"arrived_count": 2, "unchanged_count": 0, "left_out_count": 1, "left_count": 0}
    assert tried == {**counts, "next_cursor": None, "dry_run": True}
    assert (one["arrived_count"], rest["arrived_count"], rest["unchanged_count"]) == (1, 1, 1)
    assert (first.status, second.status) == ("shipped", "shipped")
    again = shop.admin("arrive_at_station", order_id=first.order_id)
    assert (again["arrived_count"], again["unchanged_count"]) == (0, 1)


def test_what_is_sent_and_what_is_fetched_are_two_things(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    fetched = orders(shop.member("Lin")).pays()
    complete(shop, fetched)
    sent = shop.member("Mei").buys().pays()
    parcel = {"carrier": "SF", "tracking_no": "SF1001"}
    pickup = {"carrier": "PICKUP", "tracking_no": "gate"}

    for dry_run in (True, False):
        for order, way in ((fetched, parcel), (sent, pickup)):
            fields = {"order_id": order.order_id, **way, "dry_run": dry_run}
            assert code_refused(shop, "ship_order", **fields) == "not_allowed"
    wrong_way = {"order_id": fetched.order_id, "carrier": "PICKUP", "tracking_no": "park"}
    assert code_refused(shop, "ship_order", **wrong_way) == "not_allowed"
    assert code_refused(shop, "arrive_at_station", order_id=sent.order_id) == "not_allowed"
    shipped = shop.admin("ship_order", order_id=fetched.order_id, **pickup)
    assert (shipped["status"], shipped["outcome"]) == ("shipped", "shipped")
    shop.admin("ship_order", order_id=sent.order_id, **parcel)
    for order, way in ((fetched, parcel), (sent, pickup)):
        fields = {"order_id": order.order_id, **way}
        assert code_refused(shop, "correct_shipment", **fields) == "not_allowed"
        assert code_refused(shop, "correct_shipment", **fields, dry_run=True) == "not_allowed"


def test_a_group_that_is_sent_to_addresses_arrives_at_no_station(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.member("Mei").joins(lin.group_id).pays()
    shop.settles()

    assert code_refused(shop, "arrive_at_station", group_id=lin.group_id) == "not_allowed"
    assert code_refused(shop, "arrive_at_station", group_id="grp_x") == "not_found"
    assert code_refused(shop, "arrive_at_station") == "invalid_request"
    both = {"group_id": lin.group_id, "order_id": lin.order_id}
    assert code_refused(shop, "arrive_at_station", **both) == "invalid_request"


def test_an_operator_redeems_in_place_of_the_leader(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    order = orders(shop.member("Lin"), quantity=2).pays()
    complete(shop, order)
    redeem = {"station_id": "gate", "pickup_code": code_of(order)}
    assert code_refused(shop, "redeem_pickup", **redeem) == "not_arrived"
    shop.admin("arrive_at_station", group_id=order.group_id)

    before = shop.everything()
    tried = shop.admin("redeem_pickup", **redeem, dry_run=True)
    assert shop.everything() == before
    done = shop.admin("redeem_pickup", **redeem)

    assert done == {
        "order_id": order.order_id,
        "title": "红富士苹果 5斤装",
        "image_url": None,
        "quantity": 2,
        "nickname": None,
        "redeemed_at": "2026-11-22T14:01:01Z",
        "dry_run": False,
    }
    assert tried == {**done, "dry_run": True}
    assert order.status == "received"
    assert code_refused(shop, "redeem_pickup", **redeem) == "code_used"
    assert code_refused(shop, "redeem_pickup", **{**redeem, "station_id": "park"}) == "not_found"
    wrong = {"station_id": "gate", "pickup_code": NOBODYS_CODE}
    assert code_refused(shop, "redeem_pickup", **wrong) == "not_found"
    for bad in ("1", "123456789", "1234567a", "１２３４５６７８"):
        fields = {"station_id": "gate", "pickup_code": bad}
        assert code_refused(shop, "redeem_pickup", **fields) == "invalid_request"


@pytest.mark.parametrize(
    "command",
    ["put_station", "get_station", "list_stations", "get_demand", "arrive_at_station"],
)
def test_none_of_it_moves_money(command: str) -> None:
    assert MOVES_MONEY[command] is MOVES_MONEY["redeem_pickup"] is False
