"""The demand sheet and arrivals in parts: however little is looked at in one run, the parts add up
to the whole.
"""

from collections import Counter
from datetime import date, timedelta

import pytest

from chalicelib.catalog import store as catalog
from chalicelib.groups import store as groups
from chalicelib.groups.model import Seat, SeatState
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.paging import to_cursor
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import store as order_store
from chalicelib.stations.arrive import Arrived, arrive
from chalicelib.stations.demand import demand_of_day
from chalicelib.stations.seats import Start, orders_of, start_of
from tests.shop import Shop
from tests.stations.words import collects, looks_after, orders

TODAY = date(2026, 11, 22)


def seated(shop: Shop, place: str, order_id: str, count: int) -> None:
    """So many paid seats of one shard, all with the same order behind them."""
    order = order_store.get(order_id)
    for number in range(count):
        writes = WriteSet()
        seat = Seat(
            group_id=place,
            member_id=order.member_id,
            order_id=order_id,
            seat_state=SeatState.PAID,
            is_leader=False,
            joined_at=shop.clock.now(),
            pay_deadline=shop.clock.now(),
            units=1,
        )
        groups.put_seat(writes, seat, f"more-{number:03d}")
        writes.commit()


def test_seats_come_page_by_page_and_go_on_where_they_ended(shop: Shop) -> None:
    order = shop.member("Lin").buys()
    for place, count in (("grp_a#0", 120), ("grp_a#1", 0), ("grp_a#2", 3)):
        seated(shop, place, order.order_id, count)
    places = ("grp_a#0", "grp_a#1", "grp_a#2")

    seen: Counter[str] = Counter()
    start: Start | None = None
    cursor: str | None = None
    runs = 0
    while start is not None or runs == 0:
        for place, page, following in orders_of(places, start=start, most_pages=2):
            seen[place] += len(page)
            cursor = to_cursor(following)
        start = start_of(cursor)
        runs += 1

    assert seen == {"grp_a#0": 120, "grp_a#1": 0, "grp_a#2": 3}
    assert runs == 3
    with pytest.raises(InvalidRequest):
        list(orders_of(places[1:], start=groups.seat_key("grp_a#0", "x").to_item(), most_pages=1))


def test_sheets_in_parts_add_up(shop: Shop) -> None:
    for name in ("gate", "park", "hill"):
        looks_after(shop, name.title(), name)
    collects(shop, "gate", "park", "hill")
    lin = shop.member("Lin")
    for station_id, quantity in (("gate", 1), ("gate", 2), ("park", 4)):
        orders(lin, station_id, quantity=quantity).pays()
    orders(lin, "park", quantity=8)  # not paid, so not wanted

    units: Counter[str] = Counter()
    start: Start | None = None
    sheets = 0
    while start is not None or sheets == 0:
        sheet = demand_of_day("veg", TODAY, start=start, most_pages=1)
        for wanted in sheet.wanted:
            units[str(wanted.station_id)] += sum(line.units for line in wanted.lines.values())
        start = sheet.following
        sheets += 1

    assert units == {"gate": 3, "park": 4}
    assert sheets == 2
    (only,) = demand_of_day("veg", TODAY, station_id="park").wanted
    assert only.station_id == "park"


def test_a_round_is_found_whatever_its_campaign_says_by_then(shop: Shop) -> None:
    looks_after(shop, "Gu")
    looks_after(shop, "Pan", "park")
    collects(shop, "gate", cutoff="22:00")
    orders(shop.member("Lin")).pays()
    collects(shop, "park", cutoff="21:00")
    orders(shop.member("Mei"), "park").pays()

    sheet = demand_of_day("veg", TODAY)

    assert [(one.station_id, len(one.lines)) for one in sheet.wanted] == [("gate", 1), ("park", 1)]


def test_a_round_is_found_however_often_its_campaign_was_changed(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    orders(shop.member("Lin")).pays()
    before = demand_of_day("veg", TODAY).wanted
    (said,) = catalog.revisions_of("veg", most=1)
    for number in range(250):
        writes = WriteSet()
        catalog.keep_revision(writes, said.model_copy(update={"title": f"菜 {number}"}))
        writes.commit()

    titles = {revision.title for revision in catalog.revisions_of("veg", most=251)}

    assert titles == {said.title, *(f"菜 {number}" for number in range(250))}
    assert demand_of_day("veg", TODAY).wanted == before
    with pytest.raises(OverflowError):  # rather than a sheet with something left out
        list(catalog.revisions_of("veg", most=250))


@pytest.mark.parametrize(
    ("cutoff", "campaign_seconds"),
    [("00:00", 7 * 24 * 3600), ("08:00", 4 * 3600)],
    ids=["by the cut-off", "by the campaign's end"],
)
def test_a_round_that_ends_at_midnight_is_of_the_day_that_is_over_then(
    shop: Shop, cutoff: str, campaign_seconds: int
) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate", cutoff=cutoff, ends_at=shop.at(campaign_seconds))
    order = orders(shop.member("Lin"), quantity=3).pays()

    assert order.now()["collects_until"] == "2026-11-22T16:00:00Z"
    (wanted,) = demand_of_day("veg", TODAY).wanted
    assert [line.units for line in wanted.lines.values()] == [3]
    assert demand_of_day("veg", TODAY + timedelta(days=1)).wanted == ()


def test_goods_arrive_in_runs_of_so_many(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    lin = shop.member("Lin")
    placed = [orders(lin).pays() for _ in range(3)]
    group_id = placed[0].group_id
    shop.passes(2 * 3600)
    shop.passes(61)

    before = shop.everything()
    assert arrive(group_id, clock=shop.clock, dry_run=True) == Arrived(arrived=3)
    assert shop.everything() == before
    runs = [arrive(group_id, clock=shop.clock, most=2) for _ in range(3)]

    assert runs == [
        Arrived(arrived=2, left=1),
        Arrived(arrived=1, unchanged=2),
        Arrived(unchanged=3),
    ]
    assert {order.status for order in placed} == {"shipped"}


def test_orders_that_nobody_has_dealt_with_yet_are_left_for_later(shop: Shop) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    placed = orders(shop.member("Lin")).pays()
    shop.advance(2 * 3600)
    shop.sweeps()
    shop.streams_are_lost()

    assert arrive(placed.group_id, clock=shop.clock) == Arrived(left=1)
    shop.passes(61)
    assert arrive(placed.group_id, clock=shop.clock) == Arrived(arrived=1)
