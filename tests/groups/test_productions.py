"""A request to make what a group has ordered: asked once, answered once, whoever comes twice, late
or in between.
"""

from datetime import datetime, timedelta

import pytest

from chalicelib.groups import crowds, productions
from chalicelib.groups import store as groups
from chalicelib.groups.deal import deal
from chalicelib.groups.decide_production import decide_production
from chalicelib.groups.model import Group, Production
from chalicelib.kit.errors import InvalidRequest, NotAllowed, NotFound
from chalicelib.kit.writes import Changed
from chalicelib.refunds.refund_seats import refund_seats
from tests.made_to_order import ANSWER_SECONDS, DAY_SECONDS, WISHES, paid_for, takes_orders
from tests.shop import Shop


@pytest.fixture
def asked(shop: Shop) -> Group:
    """A group whose merchant was asked and has not answered."""
    takes_orders(shop)
    lin, _ = paid_for(shop, "Lin", "Ann")
    return groups.get(lin.group_id)


@pytest.fixture
def asked_crowd(shop: Shop) -> Group:
    """A crowd of three on two shards whose merchant was asked."""
    takes_orders(shop, "many", rules={"crowd": {"threshold": 3, "shards": 2}}, duration_seconds=600)
    lin = shop.member("Lin").opens("many", custom_fields=WISHES).pays()
    for name in ("Ann", "Bo"):
        shop.member(name).opens("many", custom_fields=WISHES).pays()
    shop.settles()
    shop.passes(600)
    return groups.get(lin.group_id)


def decides(shop: Shop, group: Group, becomes: Production, ships_by: datetime | None) -> Group:
    return decide_production(
        group.group_id, becomes, decided_by="Zhou", ships_by=ships_by, clock=shop.clock
    )


def in_days(shop: Shop, days: float) -> datetime:
    return shop.clock.now() + timedelta(days=days)


def test_a_full_group_asks_and_waits_for_as_long_as_the_settings_say(
    shop: Shop, asked: Group
) -> None:
    assert asked.production is Production.REQUESTED
    assert asked.production_requested_at == shop.clock.now()
    assert asked.due_at == shop.clock.now() + timedelta(seconds=ANSWER_SECONDS)


def test_settings_say_how_long_it_waits(shop: Shop) -> None:
    shop.admin("put_settings", production_answer_seconds=3600)
    takes_orders(shop)
    lin, _ = paid_for(shop, "Lin", "Ann")

    shop.passes(3599)
    assert lin.status == "paid"
    shop.passes(1)
    assert lin.status == "refunded"


def test_what_is_told_again_asks_and_deals_no_second_time(shop: Shop, asked: Group) -> None:
    before = shop.everything()

    deal(asked.group_id, clock=shop.clock, seeds=shop.wiring.seeds)
    refund_seats(asked.group_id, clock=shop.clock)
    with pytest.raises(Changed):
        productions.ask(asked, now=shop.clock.now(), due_at=in_days(shop, 9))

    assert shop.everything() == before


def test_the_first_answer_counts(shop: Shop, asked: Group) -> None:
    soon, later = in_days(shop, 1), in_days(shop, 2)
    accepted = decides(shop, asked, Production.ACCEPTED, soon)
    assert (accepted.production, accepted.ships_by) == (Production.ACCEPTED, soon)
    assert accepted.production_decided_by == "Zhou"
    before = shop.everything()

    assert decides(shop, asked, Production.ACCEPTED, soon) == accepted
    for becomes, ships_by in (
        (Production.ACCEPTED, later),
        (Production.ACCEPTED, None),
        (Production.REJECTED, None),
    ):
        with pytest.raises(NotAllowed):
            decides(shop, asked, becomes, ships_by)

    assert shop.everything() == before


def test_an_answer_that_was_overtaken_is_not_written(shop: Shop, asked: Group) -> None:
    decides(shop, asked, Production.REJECTED, None)
    before = shop.everything()

    with pytest.raises(Changed):
        productions.decide(
            asked,
            Production.ACCEPTED,
            decided_by="Zhou",
            ships_by=in_days(shop, 1),
            due_at=in_days(shop, 1),
        )

    assert shop.everything() == before


def test_nobody_is_asked_for_a_group_that_forms_or_for_ready_goods(shop: Shop) -> None:
    takes_orders(shop)
    forming = shop.member("Lin").opens("mug", custom_fields=WISHES).pays()
    ready = shop.member("Ann").opens().pays()
    shop.member("Bo").joins(ready.group_id).pays()
    shop.settles()
    before = shop.everything()

    for placed in (forming, ready):
        with pytest.raises(NotAllowed):
            decides(shop, groups.get(placed.group_id), Production.REJECTED, None)
    with pytest.raises(NotFound):
        decide_production(
            "grp_none", Production.REJECTED, decided_by="Zhou", ships_by=None, clock=shop.clock
        )

    assert (ready.status, shop.everything()) == ("to_ship", before)


@pytest.mark.parametrize("days", [None, -1.0, 0.0, 330.001])
def test_a_day_that_is_over_or_that_wechat_does_not_take_is_refused(
    shop: Shop, asked: Group, days: float | None
) -> None:
    ships_by = None if days is None else in_days(shop, days)
    before = shop.everything()

    with pytest.raises(InvalidRequest) as refused:
        decides(shop, asked, Production.ACCEPTED, ships_by)

    assert [error["field"] for error in refused.value.errors] == ["ships_by"]
    assert shop.everything() == before


def test_wechats_330_days_are_counted_from_before_anyone_paid(shop: Shop, asked: Group) -> None:
    shop.advance(DAY_SECONDS)

    with pytest.raises(InvalidRequest):
        decides(shop, asked, Production.ACCEPTED, in_days(shop, 329.001))
    assert decides(shop, asked, Production.ACCEPTED, in_days(shop, 329)).ships_by is not None


def test_an_answer_in_the_last_moment_counts_if_no_sweep_came_before(
    shop: Shop, asked: Group
) -> None:
    shop.advance(ANSWER_SECONDS + 30)
    decides(shop, asked, Production.ACCEPTED, in_days(shop, 30))

    shop.sweeps()
    shop.settles()

    assert {row["order_state"] for row in shop.rows("orders")} == {"to_ship"}
    shop.assert_books_balance()


def test_a_group_that_was_asked_for_can_be_refused_but_not_cancelled(
    shop: Shop, asked: Group
) -> None:
    before = shop.everything()

    answer = shop.tries_admin("cancel_group", group_id=asked.group_id)

    assert (answer["error"]["code"], shop.everything()) == ("group_over", before)


def test_nothing_of_it_ships_before_the_answer(shop: Shop, asked: Group) -> None:
    (order_id, _) = [row["order_id"] for row in shop.rows("orders")]
    before = shop.everything()
    fields = {"order_id": order_id, "carrier": "SF", "tracking_no": "SF1"}

    rehearsed = shop.tries_admin("ship_order", **fields, dry_run=True)
    tried = shop.tries_admin("ship_order", **fields)

    assert [answer["error"]["code"] for answer in (rehearsed, tried)] == ["group_forming"] * 2
    assert shop.everything() == before


def test_all_of_a_crowd_hear_the_answer_at_once(shop: Shop, asked_crowd: Group) -> None:
    shards = crowds.read_shards(asked_crowd)
    assert [shard.production for shard in shards] == [None, None]
    assert [shard.due_at for shard in shards] == [None, None]

    crowd = decides(shop, asked_crowd, Production.ACCEPTED, in_days(shop, 30))

    assert (crowd.production, crowd.due_at) == (Production.ACCEPTED, None)
    shards = crowds.read_shards(asked_crowd)
    assert {shard.production for shard in shards} == {Production.ACCEPTED}
    assert {shard.ships_by for shard in shards} == {crowd.ships_by}
    assert all(shard.due_at is not None for shard in shards)


def test_a_shard_is_not_asked_for(shop: Shop, asked_crowd: Group) -> None:
    before = shop.everything()

    for shard in crowds.read_shards(asked_crowd):
        with pytest.raises(NotFound):
            decides(shop, shard, Production.REJECTED, None)
        deal(shard.group_id, clock=shop.clock, seeds=shop.wiring.seeds)
        refund_seats(shard.group_id, clock=shop.clock)

    assert shop.everything() == before


def test_a_crowd_too_small_is_refunded_and_nobody_is_asked(shop: Shop) -> None:
    takes_orders(shop, "many", rules={"crowd": {"threshold": 3, "shards": 2}}, duration_seconds=600)
    lin = shop.member("Lin").opens("many", custom_fields=WISHES).pays()
    shop.settles()
    shop.passes(600)
    shop.passes(61)

    assert (lin.status, groups.get(lin.group_id).production) == ("refunded", None)
    shop.assert_books_balance()


def test_open_requests_are_listed_oldest_first_in_pages(shop: Shop) -> None:
    takes_orders(shop)
    group_ids = []
    for number in range(3):
        shop.advance(1)
        group_ids.append(paid_for(shop, f"Lin-{number}", f"Ann-{number}")[0].group_id)
    decides(shop, groups.get(group_ids[1]), Production.REJECTED, None)

    first, start = productions.page_of_open(limit=1, start=None)
    rest, end = productions.page_of_open(limit=5, start=start)

    assert [group.group_id for group in (*first, *rest)] == [group_ids[0], group_ids[2]]
    assert end is None
