"""Files about groups of every kind: campaigns with rules are put, and put again; orders whose group
no stream has told of are shipped.
"""

import csv
import io
import json
from typing import Any

import pytest

from tests.dropping import drops, outcomes
from tests.flash import lots
from tests.led import led
from tests.made_to_order import paid_for, takes_orders
from tests.shop import Placed, Shop
from tests.stations.words import collects, looks_after, orders
from tests.vouchers.words import granted

FIRST, LATER = "2026-11-24 20:00", "2026-11-25 20:00"
SHIPMENTS = "in/shipments.csv"


def campaign(rules: dict[str, Any], ends_at: str, **cells: Any) -> str:
    """A file with one campaign."""
    row = {
        "campaign_id": "new",
        "title": "新团",
        "size": 2,
        "starts_at": "2026-11-22 20:00",
        "ends_at": ends_at,
        "duration_seconds": 3600,
        "rules": json.dumps(rules),
        "sku_id": "apples-5",
        "group_price_fen": 1500,
        **cells,
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, row)
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()


def puts(shop: Shop, *contents: str) -> list[str]:
    return [drops(shop, "in/campaigns.csv", each)[0]["outcome"] for each in contents]


def ships(shop: Shop, placed: list[Placed]) -> list[str]:
    """A file with a parcel for each."""
    rows = "".join(f"{each.order_id},SF,SF{number}\n" for number, each in enumerate(placed))
    return outcomes(drops(shop, SHIPMENTS, f"order_id,carrier,tracking_no\n{rows}"))


def test_a_draw_of_a_whole_campaign_is_announced_and_moved(shop: Shop) -> None:
    rules = {"draw": {"winners": 1, "scope": "campaign"}}
    assert puts(shop, campaign(rules, FIRST), campaign(rules, LATER)) == ["done", "done"]
    opened = shop.member("Lin").opens("new").pays()
    shop.settles()
    assert puts(shop, campaign(rules, FIRST)) == ["done"]

    draw = shop.send("GET", f"/v1/groups/{opened.group_id}/draw").content
    assert (draw["status"], draw["draws_at"]) == ("announced", "2026-11-24T12:00:00Z")
    assert puts(shop, campaign({}, FIRST)) == ["wrong"]
    shop.assert_books_balance()


def test_units_are_set_aside_for_a_sale(shop: Shop) -> None:
    rules = {"allotment": {"shards": 2}}
    cells = {"play": "flash", "size": 2}
    contents = [campaign(rules, FIRST, allotted_units=units, **cells) for units in (10, 11)]
    assert puts(shop, *contents) == ["done", "done"]

    assert (sum(lots(shop, "new")), shop.units_left()) == (11, 89)
    shop.assert_books_balance()


def test_goods_are_fetched_at_a_station(shop: Shop) -> None:
    looks_after(shop, "Gu")
    rules = {"stations": ["gate"], "cutoff": "22:00"}
    assert puts(shop, campaign(rules, FIRST), campaign(rules, LATER)) == ["done", "done"]
    assert puts(shop, campaign({**rules, "stations": ["moon"]}, LATER)) == ["wrong"]


TIERS = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 500}]


@pytest.mark.parametrize(
    ("rules", "back_fen"),
    [
        ({}, 0),
        ({"tiers": TIERS}, 3000),
        ({"leader": {"free": True}}, 1500),
        ({"leader": {"bonus_fen": 300}}, 0),
    ],
)
def test_a_group_that_no_stream_told_of_is_dealt_with_first(
    shop: Shop, rules: dict[str, Any], back_fen: int
) -> None:
    placed = led(shop, rules, "Lin", "Ann", "Bo", per_member_limit=2, size=3)
    shop.streams_are_lost()

    assert ships(shop, placed) == ["done", "done", "done"]

    shop.settles()
    assert {order.status for order in placed} == {"shipped"}
    assert shop.sandbox.totals()["refunded_fen"] == back_fen
    shop.assert_books_balance()


def test_who_was_not_drawn_is_not_shipped_to(shop: Shop) -> None:
    placed = led(shop, {"draw": {"winners": 1}}, "Lin", "Ann", "Bo", per_member_limit=2)
    shop.streams_are_lost()

    assert sorted(ships(shop, placed)) == ["done", "wrong", "wrong"]

    shop.settles()
    assert sorted(order.status for order in placed) == ["refunded", "refunded", "shipped"]
    shop.assert_books_balance()


def test_a_crowd_is_dealt_with_too(shop: Shop) -> None:
    rules = {"crowd": {"threshold": 2, "shards": 2}}
    shop.campaign("super", rules=rules, duration_seconds=600)
    placed = [shop.member(name).opens("super").pays() for name in ("Lin", "Ann")]
    shop.settles()
    shop.advance(601)
    shop.fires("sweep_groups")
    shop.streams_are_lost()

    assert ships(shop, placed) == ["done", "done"]
    shop.settles()
    shop.assert_books_balance()


def test_what_waits_at_a_station_has_no_parcel(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    order = orders(shop.member("Lin")).pays()
    shop.settles()
    shop.advance(2 * 3600 + 60)
    shop.fires("sweep_groups")
    shop.streams_are_lost()

    assert ships(shop, [order]) == ["wrong"]
    shop.settles()
    assert order.status == "to_ship"
    shop.assert_books_balance()


def test_what_nobody_promised_to_make_is_not_shipped(shop: Shop) -> None:
    takes_orders(shop)
    placed = paid_for(shop, "Lin", "Ann")
    assert ships(shop, placed) == ["wrong", "wrong"]
    assert {order.status for order in placed} == {"paid"}


def test_a_voucher_stays_used(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    voucher_id = lin.send("GET", "/v1/vouchers")["items"][0]["voucher_id"]
    shop.campaign("free", size=2, rules={"leader": {"free": True}})
    first = lin.opens("autumn", voucher_id=voucher_id)
    joined = shop.member("Ann").joins(first.group_id).pays()
    shop.streams_are_lost()

    assert ships(shop, [first, joined]) == ["done", "done"]
    shop.settles()
    shop.assert_books_balance()


def test_an_order_that_makes_no_sense_holds_up_no_other(shop: Shop) -> None:
    placed = led(shop, {}, "Lin", "Ann", "Bo")
    shop.streams_are_lost()
    shop.break_row("orders", placed[1].order_id, "order_state", {"S": "no such state"})

    assert ships(shop, [placed[0]]) == ["done"]

    (finding,) = shop.rows("findings")
    assert (finding["kind"], finding["about"]) == ("poison_item", placed[1].order_id)
    shop.break_row("orders", placed[1].order_id, "order_state", {"S": "paid"})
    assert ships(shop, placed) == ["unchanged", "done", "done"]
    shop.settles()
    shop.assert_books_balance()


def test_an_sku_that_the_file_no_longer_names_is_sold_no_more(shop: Shop) -> None:
    header = "product_id,title,sku_id,sku_title,solo_price_fen,stock,merchant_id\n"
    rows = [f"pears,砀山酥梨,pears-{kilos},{kilos}斤装,2000,10,orchard\n" for kilos in (3, 5)]
    key = "in/products.csv"
    assert {row["outcome"] for row in drops(shop, key, header + "".join(rows))} == {"done"}
    assert [row["outcome"] for row in drops(shop, key, header + rows[0])] == ["done"]

    (sku,) = shop.send("GET", "/v1/products/pears")["skus"]
    assert sku["sku_id"] == "pears-3"
    refused = shop.member("Lin").tries_to_buy(sku_id="pears-5")
    assert (refused.status, refused.code) == (404, "not_found")
