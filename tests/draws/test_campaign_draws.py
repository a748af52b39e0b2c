"""The draw over all groups of a campaign: whom it waits for, who comes too late, and what editing
or ending its campaign does to it.
"""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.draws import store as draws
from chalicelib.draws.follow_up import TOLD_AT_ONCE, follow_up
from chalicelib.draws.hold import hold
from chalicelib.draws.model import Draw, Entry, Participation, campaign_draw_id
from chalicelib.draws.seeds import Seeds
from chalicelib.groups import store as groups
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.writes import WriteSet
from chalicelib.sweeps import always
from tests.draws.words import (
    ALL_IS_WELL,
    OF_CAMPAIGN,
    all_entries,
    big_lottery,
    full_group,
    leave_orders,
    lottery,
    of_campaign,
    seen,
    states,
    what_anyone_finds,
    winners_among,
)
from tests.in_process import everything
from tests.shop import DRAW_KEY, Shop
from tests.tables import PREFIX

SEEDS = Seeds({"1": DRAW_KEY})
BIG = campaign_draw_id("big")


def late(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """What the log says with the alarm for a draw that waits too long."""
    alarms = [one for one in caplog.records if getattr(one, "alarm", "") == "draw_is_late"]
    return [one.__dict__["group_ids"] for one in alarms]


def test_it_waits_for_the_last_group_and_no_longer(shop: Shop, tmp_path: Path) -> None:
    big_lottery(shop, ends_at=shop.at(500))
    early = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    shop.advance(400)
    last = shop.member("Bo").opens("big").pays()
    shop.settles()
    shop.admin("end_campaign", campaign_id="big")
    shop.passes(61)
    assert (of_campaign(shop)["status"], states(early)) == ("announced", ["paid", "paid"])

    joined = shop.member("Cy").joins(last.group_id).pays()
    shop.settles()
    shop.passes(61)

    draw = seen(shop, last.group_id)
    assert draw["entries_count"] == 4
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert sorted(draw["winners"]) == winners_among([*early, last, joined])
    shop.assert_books_balance()


def test_a_leader_who_has_not_paid_yet_is_waited_for_too(shop: Shop) -> None:
    big_lottery(shop)
    complete = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    pending = shop.member("Bo").opens("big")
    shop.admin("end_campaign", campaign_id="big")
    shop.passes(61)
    assert of_campaign(shop)["status"] == "announced"

    shop.passes(900)
    shop.passes(61)

    assert pending.status == "cancelled"
    assert of_campaign(shop)["status"] == "drawn"
    assert states(complete) == ["to_ship", "to_ship"]
    shop.assert_books_balance()


def test_nobody_is_told_while_groups_run_their_own_time(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    big_lottery(shop, duration_seconds=7200, ends_at=shop.at(10_000))
    shop.member("Lin").opens("big").pays()
    shop.admin("end_campaign", campaign_id="big")

    for _ in range(3):
        shop.passes(2000)

    assert of_campaign(shop)["status"] == "announced"
    assert late(caplog) == []
    shop.assert_books_balance()


def test_a_person_is_told_when_a_group_that_should_be_over_holds_it_up(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    stuck = full_group(shop, "big", "Bo", "Cy")
    shop.break_row("orders", stuck[1].order_id, "order_state", {"S": "no such state"})
    shop.settles()
    shop.passes(1001)
    assert late(caplog) == []

    shop.passes(3600)

    assert late(caplog)[-1] == [stuck[0].group_id]
    assert of_campaign(shop)["status"] == "announced"
    shop.break_row("orders", stuck[1].order_id, "order_state", {"S": "paid"})
    shop.passes(3601)
    shop.passes(61)
    assert of_campaign(shop)["entries_count"] == 4
    assert states([*placed, *stuck]) == ["refunded", "refunded", "to_ship", "to_ship"]
    shop.assert_books_balance()


def test_it_waits_for_an_order_whose_row_is_being_restored(shop: Shop, tmp_path: Path) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    table = f"{PREFIX}-orders"
    key = {"order_id": {"S": placed[1].order_id}}
    item = dynamodb().get_item(TableName=table, Key=key)["Item"]
    dynamodb().delete_item(TableName=table, Key=key)
    shop.streams_are_lost()

    shop.passes(1001)
    shop.passes(61)
    assert "winners" not in of_campaign(shop) or not of_campaign(shop)["winners"]
    assert placed[0].status == "paid"

    dynamodb().put_item(TableName=table, Item=item)
    shop.passes(61)
    shop.passes(61)
    draw = seen(shop, placed[0].group_id)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert sorted(draw["winners"]) == sorted(order.order_id for order in placed)
    shop.assert_books_balance()


def test_a_group_that_completes_after_the_draw_loses_whole(shop: Shop, tmp_path: Path) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    late_leader = shop.member("Bo").opens("big").pays()
    shop.admin("end_campaign", campaign_id="big")
    hold(BIG, clock=shop.clock, seeds=SEEDS, due_at=shop.clock.now())

    late_joiner = shop.member("Cy").joins(late_leader.group_id).pays()
    shop.settles()
    shop.passes(1001)

    draw = seen(shop, late_leader.group_id, late_leader.member)
    assert (draw["entries_count"], draw["won"]) == (2, False)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert states(placed) == ["to_ship", "to_ship"]
    assert states([late_leader, late_joiner]) == ["refunded", "refunded"]
    assert {row["cause"] for row in shop.rows("refunds")} == {"draw_lost"}
    shop.assert_books_balance()


def test_a_group_that_completes_while_it_is_being_drawn_waits_and_is_waited_for_by_nobody(
    shop: Shop,
) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    late_leader = shop.member("Bo").opens("big").pays()
    draws.close(draws.get(BIG))
    late_joiner = shop.member("Cy").joins(late_leader.group_id).pays()
    shop.settles()
    assert states([late_leader, late_joiner]) == ["paid", "paid"]

    shop.passes(1001)
    shop.passes(61)

    assert of_campaign(shop)["entries_count"] == 2
    assert states(placed) == ["to_ship", "to_ship"]
    assert states([late_leader, late_joiner]) == ["refunded", "refunded"]
    shop.assert_books_balance()


def test_a_campaign_whose_groups_all_failed_is_drawn_with_nobody(shop: Shop) -> None:
    big_lottery(shop)
    alone = shop.member("Lin").opens("big").pays()

    shop.passes(1001)
    shop.passes(61)

    draw = of_campaign(shop)
    assert (draw["status"], draw["entries_count"], draw["winners"]) == ("drawn", 0, [])
    assert seen(shop, alone.group_id)["entries"] == []
    assert alone.status == "refunded"
    assert shop.rows("draws", entry="draw")[0].get("due_at") is None
    shop.assert_books_balance()


# Editing and ending


def test_editing_a_campaign_keeps_its_one_draw(shop: Shop) -> None:
    big_lottery(shop)
    before = shop.rows("draws")
    full_group(shop, "big", "Lin", "Ann")

    big_lottery(shop, title="冬季抽奖")

    assert shop.rows("draws", entry="draw") == before
    assert shop.send("GET", "/v1/campaigns/big")["title"] == "冬季抽奖"


def test_the_draw_moves_with_the_campaigns_end(shop: Shop) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    announced = of_campaign(shop)

    big_lottery(shop, ends_at=shop.at(5000))
    shop.passes(1001)
    assert of_campaign(shop)["status"] == "announced"
    assert of_campaign(shop)["draws_at"] == "2026-11-22T13:23:20Z"
    big_lottery(shop, ends_at=shop.at(100))
    shop.passes(101)

    draw = of_campaign(shop)
    assert (draw["status"], draw["draws_at"]) == ("drawn", "2026-11-22T12:18:21Z")
    assert draw["seed_hash"] == announced["seed_hash"]
    assert states(placed) == ["to_ship", "to_ship"]
    shop.assert_books_balance()


def tries_to_put(shop: Shop, **changes: Any) -> Any:
    """Put the campaign of `big_lottery` with these changes; what the command answers."""
    before = shop.admin("get_campaign", campaign_id="big")
    names = ("title", "play", "size", "duration_seconds", "starts_at", "ends_at", "rules")
    fields = {name: before[name] for name in names}
    skus = [{"sku_id": "apples-5", "group_price_fen": 1500}]
    return shop.tries_admin(
        "put_campaign", campaign_id="big", **{**fields, "skus": skus, **changes}
    )


OTHER_RULES = [
    {"draw": {"winners": 1, "scope": "campaign"}},
    {"draw": {"winners": 1, "scope": "group"}},
    {},
]


@pytest.mark.parametrize("rules", OTHER_RULES)
def test_what_is_drawn_can_change_until_the_campaign_begins(
    shop: Shop, rules: dict[str, Any]
) -> None:
    big_lottery(shop, starts_at=shop.at(100))
    (before,) = shop.rows("draws")

    changed = tries_to_put(shop, rules=rules)

    assert changed["ok"]
    (after,) = shop.rows("draws")
    of_all = rules.get("draw", {}).get("scope") == "campaign"
    assert after == {**before, "winners_wanted": 1 if of_all else 2}
    shop.advance(100)
    opened = shop.member("Lin").opens("big").pays()
    scopes = [row["draw"]["scope"] for row in [shop.group(opened.group_id)] if row["draw"]]
    assert scopes == ([rules["draw"]["scope"]] if rules else [])
    assert tries_to_put(shop, title="还可以改名")["ok"]
    assert shop.send("GET", "/v1/campaigns/big/draws")["items"] == (
        [of_campaign(shop)] if of_all else []
    )


@pytest.mark.parametrize("rules", OTHER_RULES)
def test_what_is_drawn_can_no_longer_change_once_it_has_begun(
    shop: Shop, rules: dict[str, Any]
) -> None:
    big_lottery(shop)
    before = everything()

    refused = tries_to_put(shop, rules=rules)

    assert refused["error"]["code"] == "invalid_request"
    assert refused["error"]["errors"][0]["field"] == "rules.draw"
    assert everything() == before


def test_its_beginning_cannot_be_moved_so_that_the_draw_is_open_to_change_again(shop: Shop) -> None:
    big_lottery(shop)
    full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    before = everything()

    refused = tries_to_put(shop, starts_at=shop.at(500))

    assert refused["error"]["errors"][0]["field"] == "starts_at"
    assert everything() == before


def test_once_it_is_drawn_the_campaign_cannot_go_on(shop: Shop) -> None:
    big_lottery(shop)
    full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    shop.passes(1001)
    before = everything()

    refused = tries_to_put(shop, ends_at=shop.at(1000))

    assert refused["error"]["errors"][0]["field"] == "rules.draw"
    assert everything() == before


def test_a_dry_run_announces_nothing(shop: Shop) -> None:
    before = everything()

    big_lottery(shop, dry_run=True)

    assert everything() == before


# Lists


def test_a_campaigns_draws_are_listed_its_own_first_then_its_groups_newest_first(
    shop: Shop,
) -> None:
    lottery(shop, "big", size=2, ends_at=shop.at(3000))
    drawn = []
    for number in range(3):
        shop.advance(1)
        drawn.append(full_group(shop, "big", f"L{number}", f"J{number}")[0].group_id)
        shop.settles()
    forming = shop.member("Lin").opens("big").pays()
    assert tries_to_put(shop, rules=OF_CAMPAIGN)["ok"]
    path = "/v1/campaigns/big/draws"

    def walk(limit: int) -> list[Any]:
        page = shop.send("GET", f"{path}?limit={limit}")
        found = page["items"]
        while page["next_cursor"] is not None:
            page = shop.send("GET", f"{path}?limit={limit}&cursor={page['next_cursor']}")
            assert len(page["items"]) <= limit
            found = found + page["items"]
        return list(found)

    whole = walk(100)
    assert [draw["group_id"] for draw in whole] == [None, *reversed(drawn)]
    assert [draw["status"] for draw in whole] == ["announced", "drawn", "drawn", "drawn"]
    assert {draw["entries"] is None for draw in whole} == {True}
    assert [len(all_entries(shop, draw)) for draw in whole] == [0, 2, 2, 2]
    for limit in (1, 2, 3):
        assert walk(limit) == whole
    shop.passes(3001)
    after = walk(1)
    assert [draw["group_id"] for draw in after] == [None, *reversed(drawn)]
    assert after[0]["status"] == "drawn"
    assert seen(shop, forming.group_id)["status"] == "announced"


# Very many


def take_part(shop: Shop, count: int, *, size: int, filler: int = 0) -> list[Participation]:
    """So many groups have entered the draw, without the rest of a shop around them. `filler`: by
    how many bytes each entry is longer than one is.
    """
    given = [
        Participation(
            BIG,
            f"grp_{group:05d}",
            tuple(
                Entry(f"ord_{group:05d}_{seat:03d}", f"42{group:05d}{seat:03d}" + "0" * filler)
                for seat in range(size)
            ),
            has_entered=True,
        )
        for group in range(count)
    ]
    for one in given:
        entered = draws.DrawRow(
            draw_id=BIG,
            entry=f"group#{one.group_id}",
            group_id=one.group_id,
            order_ids=[entry.order_id for entry in one.entries],
            transaction_ids=[entry.transaction_id for entry in one.entries],
            has_entered=True,
        )
        group = groups.GroupRow(group_id=one.group_id, kind="group", group_state="complete")
        for row in (entered, group):
            dynamodb().put_item(TableName=row.table_name(), Item=row.to_item())
    leave_orders(shop, (entry.order_id for one in given for entry in one.entries))
    return given


def held(shop: Shop) -> Draw:
    """The draw is held, and no group told."""
    shop.advance(1001)
    return hold(BIG, clock=shop.clock, seeds=SEEDS, due_at=shop.clock.now())


def told(shop: Shop) -> list[str]:
    return sorted(row["group_id"] for row in shop.rows("groups") if "drawn_at" in row)


def test_groups_that_fill_more_than_a_page_of_the_database_are_all_told(shop: Shop) -> None:
    big_lottery(shop)
    given = take_part(shop, 25, size=5, filler=20_000)
    page, more = draws.participations_after(BIG, None, limit=TOLD_AT_ONCE)
    assert (len(page) < 25, more) == (True, True)
    held(shop)

    follow_up(BIG, clock=shop.clock, seeds=SEEDS, time_left=always)

    assert told(shop) == [one.group_id for one in given]
    assert draws.get(BIG).due_at is None
    draw = of_campaign(shop)
    assert (draw["entries_count"], draw["entries"]) == (125, None)


def test_when_time_runs_out_the_next_look_tells_the_others(shop: Shop) -> None:
    big_lottery(shop)
    given = take_part(shop, TOLD_AT_ONCE + 5, size=1)
    held(shop)

    first = follow_up(BIG, clock=shop.clock, seeds=SEEDS, time_left=lambda: False)
    told_at_first = told(shop)
    second = follow_up(BIG, clock=shop.clock, seeds=SEEDS, time_left=lambda: False)

    assert (len(told_at_first), first.due_at) == (TOLD_AT_ONCE, shop.clock.now())
    assert told(shop) == [one.group_id for one in given]
    assert second.due_at is None


def test_many_entries_come_in_pages_each_once(shop: Shop) -> None:
    big_lottery(shop)
    given = take_part(shop, 5, size=9)
    draw = of_campaign(shop)

    for limit in (4, 9, 10, 44, 45):
        found = all_entries(shop, draw, limit=limit)
        assert [entry["order_id"] for entry in found] == [
            entry.order_id for one in given for entry in one.entries
        ]


def test_groups_that_have_not_entered_leave_gaps_in_the_pages_and_nothing_else(shop: Shop) -> None:
    big_lottery(shop)
    for number in range(30):
        writes = WriteSet()
        draws.register(writes, BIG, f"grp_0000{number % 3}x{number}")
        writes.commit()
    given = take_part(shop, 3, size=2)
    draw = of_campaign(shop)

    for limit in (1, 2, 5, 100):
        found = all_entries(shop, draw, limit=limit)
        assert [entry["order_id"] for entry in found] == [
            entry.order_id for one in given for entry in one.entries
        ]
