"""Stories of neighbourhoods (小区团): members order until the daily cut-off, the merchant buys what
they want, and whoever looks after a station hands it out and earns on it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chalicelib.kit.clock import shown
from infra.local.wechat.refusals import ControlRefusal
from tests.led import FREEZE_SECONDS, balances
from tests.shop import Member, Placed, Shop
from tests.stations.words import (
    SHARE,
    arrived,
    code_of,
    collects,
    hands_out,
    looks_after,
    orders,
    redeems,
    tries_to_order,
    waiting,
)
from tests.withdrawals.words import paid, wallet

NEXT_DAY_SECONDS = 24 * 3600
UNTIL_CUTOFF_SECONDS = 2 * 3600
"""It is eight in the evening there, and orders are taken until ten."""


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose orders settle an hour after receipt, and that pays out small amounts."""
    shop.admin(
        "put_settings",
        commission={"freeze_seconds": FREEZE_SECONDS},
        withdrawal={"minimum_fen": 1},
    )
    return shop


def cut_off(shop: Shop) -> None:
    """Ten o'clock passes, and what follows happens."""
    shop.passes(UNTIL_CUTOFF_SECONDS)
    shop.passes(61)


def moves_to(shop: Shop, moment: datetime) -> None:
    shop.advance((moment - shop.clock.now()).total_seconds())


def until(order: Placed) -> str:
    return str(order.now()["collects_until"])


# The whole of it


@dataclass(frozen=True)
class Evening:
    """An evening's orders at two stations: three at Gu's, one of them Gu's own, one at Pan's."""

    gate: Member
    park: Member
    apples: Placed
    pears: Placed
    own: Placed
    elsewhere: Placed

    @property
    def all(self) -> tuple[Placed, ...]:
        return self.apples, self.pears, self.own, self.elsewhere


@pytest.fixture
def evening(shop: Shop) -> Evening:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=700)
    shop.stocks(100, sku_id="pears-3", solo_price_fen=1200)
    gate, park = looks_after(shop, "Gu"), looks_after(shop, "Pan", "park")
    offered = [
        {"sku_id": "apples-5", "group_price_fen": 1500},
        {"sku_id": "pears-3", "group_price_fen": 1000},
    ]
    collects(shop, "gate", "park", rules={**SHARE, "cross_product": True}, skus=offered)
    lin = shop.member("Lin")
    lin.send("PUT", "/v1/me", {"nickname": "小满"})
    return Evening(
        gate,
        park,
        orders(lin, quantity=2).pays(),
        orders(lin, sku_id="pears-3").pays(),
        orders(gate).pays(),
        orders(shop.member("Mei"), "park").pays(),
    )


def test_what_two_stations_want_is_summed_up_for_the_supplier(shop: Shop, evening: Evening) -> None:
    apples, pears, own, elsewhere = evening.all
    assert [order.amount_fen for order in evening.all] == [3000, 1000, 1500, 1500], "no freight"
    assert apples.group_id == pears.group_id == own.group_id != elsewhere.group_id
    assert (apples.now()["address"], apples.now()["pickup"]) == (
        None,
        {"station_id": "gate", "name": "gate站", "address": "文三路 1 号", "code": None},
    )
    assert [shop.units_left(sku_id) for sku_id in ("apples-5", "pears-3")] == [100, 100]
    cut_off(shop)

    assert {order.status for order in evening.all} == {"to_ship"}
    sheet = shop.admin("get_demand", campaign_id="veg")
    assert [(one["station_id"], one["units"], one["orders"]) for one in sheet["items"]] == [
        ("gate", 4, 3),
        ("park", 1, 1),
    ]
    assert [(one["sku_id"], one["units"], one["orders"]) for one in sheet["totals"]] == [
        ("apples-5", 4, 3),
        ("pears-3", 1, 1),
    ]
    assert [shop.units_left(sku_id) for sku_id in ("apples-5", "pears-3")] == [100, 100]
    shop.assert_books_balance()


def test_each_leader_hands_out_what_has_arrived_and_earns_on_it(
    shop: Shop, evening: Evening
) -> None:
    gate, park = evening.gate, evening.park
    cut_off(shop)
    assert wallet(gate)["pending_fen"] == 400, "nothing on one's own purchase"
    assert wallet(park)["pending_fen"] == 150

    assert arrived(shop, evening.apples.group_id)["arrived_count"] == 3
    assert (evening.apples.status, evening.elsewhere.status) == ("shipped", "to_ship")
    title, pears = "红富士苹果 5斤装", evening.pears.now()["title"]
    assert waiting(gate) == sorted(
        [(title, 1, "shipped"), (title, 2, "shipped"), (pears, 1, "shipped")]
    )
    assert waiting(park, "park") == [(title, 1, "to_ship")]
    assert hands_out(gate, evening.apples).content == {
        "title": title,
        "image_url": None,
        "quantity": 2,
        "nickname": "小满",
        "redeemed_at": shown(shop.clock.now()),
    }
    assert evening.apples.status == "received"
    hands_out(gate, evening.pears)
    hands_out(gate, evening.own)
    arrived(shop, evening.elsewhere.group_id)
    hands_out(park, evening.elsewhere, "park")
    shop.passes(FREEZE_SECONDS + 1)
    shop.passes(61)

    assert {order.status for order in evening.all} == {"settled"}
    assert (wallet(gate)["available_fen"], wallet(park)["available_fen"]) == (400, 150)
    paid(gate, 400)
    assert balances(shop) == {
        "wechat": 6600,
        "sales": -7000,
        "marketing_expense": 550,
        "members": -150,
    }
    assert waiting(gate) == waiting(park, "park") == []
    shop.assert_books_balance()


def test_the_next_day_is_a_round_of_its_own(shop: Shop) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    lin = shop.member("Lin")
    today = orders(lin).pays()
    cut_off(shop)
    tomorrow = orders(lin, quantity=3).pays()

    assert today.group_id != tomorrow.group_id
    assert (until(today), until(tomorrow)) == ("2026-11-22T14:00:00Z", "2026-11-23T14:00:00Z")
    arrived(shop, today.group_id)
    hands_out(gate, today)
    assert (today.status, tomorrow.status) == ("received", "paid")
    shop.passes(NEXT_DAY_SECONDS)
    shop.passes(61)

    assert tomorrow.status == "to_ship"
    assert code_of(today) != code_of(tomorrow)
    shop.assert_books_balance()


# The cut-off


@pytest.mark.parametrize(
    ("cutoff", "at", "days"),
    [
        ("23:59", datetime(2026, 11, 22, 15, 59, tzinfo=UTC), ("2026-11-22", "2026-11-23")),
        ("00:00", datetime(2026, 11, 22, 16, 0, tzinfo=UTC), ("2026-11-22", "2026-11-23")),
        ("00:30", datetime(2026, 11, 22, 16, 30, tzinfo=UTC), ("2026-11-23", "2026-11-24")),
        ("08:00", datetime(2026, 11, 23, 0, 0, tzinfo=UTC), ("2026-11-23", "2026-11-24")),
    ],
)
def test_a_cut_off_around_midnight_is_one_of_the_business_s_days(
    shop: Shop, cutoff: str, at: datetime, days: tuple[str, str]
) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate", cutoff=cutoff)
    lin = shop.member("Lin")
    moves_to(shop, at)
    shop.advance(-1)
    before = orders(lin).pays()
    shop.advance(1)
    exactly = orders(lin, quantity=2).pays()
    shop.passes(61)

    next_day = at.replace(day=at.day + 1)
    assert (until(before), until(exactly)) == (shown(at), shown(next_day))
    assert (before.status, exactly.status) == ("to_ship", "paid")
    sheets = [shop.admin("get_demand", campaign_id="veg", day=day)["items"] for day in days]
    assert [[(one["status"], one["units"]) for one in sheet] for sheet in sheets] == [
        [("complete", 1)],
        [("forming", 2)],
    ]
    shop.passes(NEXT_DAY_SECONDS)
    shop.passes(61)
    assert exactly.status == "to_ship"
    shop.assert_books_balance()


def test_a_campaign_that_ends_before_its_cut_off_ends_its_round(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate", ends_at=shop.at(3600))
    order = orders(shop.member("Lin")).pays()

    assert until(order) == "2026-11-22T13:00:00Z"
    shop.passes(3600)
    shop.passes(61)

    assert order.status == "to_ship"
    late = tries_to_order(shop.member("Mei"))
    assert (late.status, late.code) == (409, "campaign_not_live")
    (item,) = shop.admin("get_demand", campaign_id="veg")["items"]
    assert (item["group_id"], item["units"]) == (order.group_id, 1)
    shop.assert_books_balance()


def test_whoever_has_paid_before_it_is_summed_up_is_in_it_and_nobody_pays_later(
    shop: Shop,
) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    shop.advance(UNTIL_CUTOFF_SECONDS - 60)
    names = ("Lin", "Mei", "Ann")
    untold, late, unpaid = (orders(shop.member(name)) for name in names)
    untold.pays(times=0)
    shop.advance(60)
    late.pays(times=0)
    assert {order.status for order in (untold, late, unpaid)} == {"awaiting_payment"}
    shop.passes(1)
    shop.passes(61)

    assert [order.status for order in (untold, late, unpaid)] == ["to_ship", "to_ship", "cancelled"]
    with pytest.raises(ControlRefusal):
        unpaid.pays()
    (item,) = shop.admin("get_demand", campaign_id="veg")["items"]
    assert (item["units"], item["orders"]) == (2, 2)
    shop.assert_books_balance()


@pytest.mark.parametrize(("count", "status"), [(2, "refunded"), (3, "to_ship")])
def test_a_round_that_is_to_be_honoured_needs_its_least_payers(
    shop: Shop, count: int, status: str
) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate", rules={"when_short": "honour", "minimum_payers": 3})
    lin = shop.member("Lin")
    placed = [orders(lin).pays() for _ in range(count)]
    cut_off(shop)

    assert [order.status for order in placed] == [status] * count
    sheet = shop.admin("get_demand", campaign_id="veg")
    (item,) = sheet["items"]
    assert (item["status"], item["units"]) == {
        "refunded": ("failed", 0),
        "to_ship": ("complete", 3),
    }[status]
    shop.assert_books_balance()


def test_a_round_that_is_called_off_is_refunded_and_nobody_comes_that_day(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate", rules=SHARE)
    lin = shop.member("Lin")
    placed = orders(lin).pays()
    shop.admin("cancel_group", group_id=placed.group_id, reason="断货")
    shop.settles()
    shop.passes(61)

    assert placed.status == "refunded"
    refused = tries_to_order(lin)
    assert (refused.status, refused.code) == (409, "group_over")
    (item,) = shop.admin("get_demand", campaign_id="veg")["items"]
    assert (item["status"], item["units"], item["skus"]) == ("failed", 0, [])
    answer = shop.tries_admin("arrive_at_station", group_id=placed.group_id)
    assert answer["error"]["code"] == "not_allowed"
    cut_off(shop)
    again = orders(lin).pays()
    shop.settles()
    assert until(again) == "2026-11-23T14:00:00Z"
    shop.assert_books_balance()


# Where it goes


def test_a_round_goes_to_one_station_and_to_no_address(shop: Shop) -> None:
    looks_after(shop, "Gu")
    looks_after(shop, "Pan", "park")
    looks_after(shop, "Hu", "hill")
    collects(shop, "gate", "park")
    lin, mei = shop.member("Lin"), shop.member("Mei")
    placed = orders(lin)
    before = shop.everything()
    refused = [
        mei.tries_to_join(placed.group_id, address=None, station_id="park"),
        mei.tries_to_join(placed.group_id),
        tries_to_order(mei, "hill"),
        tries_to_order(mei, "nowhere"),
        tries_to_order(mei, None),
        mei.tries_to_open("veg", station_id="gate"),
        mei.tries_to_open("autumn", address=None, station_id="gate"),
    ]

    assert [(reply.status, reply.code) for reply in refused] == [(422, "invalid_request")] * 7
    fields = [[error["field"] for error in reply["errors"]] for reply in refused]
    assert fields == [["station_id"]] * 2 + [["station_id"]] * 3 + [["address"], ["station_id"]]
    assert shop.everything() == before
    joined = mei.joins(placed.group_id, address=None, station_id="gate")
    assert joined.group_id == placed.group_id
    assert shop.group(placed.group_id)["station_id"] == "gate"


def test_a_closed_station_takes_no_orders_and_hands_out_what_was_ordered(shop: Shop) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    placed = orders(shop.member("Lin")).pays()
    looks_after(shop, "Gu", closed=True, name="老东门")

    refused = tries_to_order(shop.member("Mei"))
    assert (refused.status, refused.code) == (409, "station_closed")
    assert shop.send("GET", "/v1/campaigns/veg")["stations"] == []
    cut_off(shop)
    arrived(shop, placed.group_id)
    assert placed.now()["pickup"]["name"] == "gate站", "what was said when it was placed"
    hands_out(gate, placed)
    assert placed.status == "received"
    shop.assert_books_balance()


def test_a_group_of_seats_is_fetched_at_several_stations(shop: Shop) -> None:
    gate, park = looks_after(shop, "Gu"), looks_after(shop, "Pan", "park")
    rules = {"stations": ["gate", "park"], "leader": {"bonus_fen": 301}}
    shop.campaign("veg", size=3, rules=rules)
    lin = orders(shop.member("Lin")).pays()
    there = {"address": None, "station_id": "park"}
    mei = shop.member("Mei").joins(lin.group_id, **there).pays()
    own = park.joins(lin.group_id, **there).pays()
    shop.settles()

    assert (wallet(gate)["pending_fen"], wallet(park)["pending_fen"]) in ((100, 100), (100, 101))
    sheet = shop.admin("get_demand", group_id=lin.group_id)
    wanted = {one["station_id"]: (one["units"], one["orders"]) for one in sheet["items"]}
    assert wanted == {"gate": (1, 1), "park": (2, 2)}
    assert sheet["totals"][0]["units"] == 3
    done = arrived(shop, lin.group_id, station_id="park")
    assert (done["arrived_count"], lin.status, mei.status) == (2, "to_ship", "shipped")
    assert redeems(gate, code_of(lin)).code == "not_arrived"
    assert redeems(gate, code_of(mei)).code == "not_found", "it waits elsewhere"
    hands_out(park, mei, "park")
    hands_out(park, own, "park")
    assert arrived(shop, lin.group_id)["arrived_count"] == 1
    hands_out(gate, lin)
    shop.assert_books_balance()
