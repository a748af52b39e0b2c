"""What is public of a draw and when: the hash before the first payment, the seed never before the
draw, and everything to work it out again after it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib.kit.sealing import unseal
from tests.draws.words import (
    ALL_IS_WELL,
    all_entries,
    big_lottery,
    full_group,
    lottery,
    of_campaign,
    seen,
    states,
    tries_to_see,
    what_anyone_finds,
    winners_among,
)
from tests.in_process import everything
from tests.shop import DRAW_KEY, Shop

NOON = "2026-11-22T12:00:00Z"


def seeds_of(shop: Shop) -> list[str]:
    """The seeds of all draws, opened with the key that only functions have."""
    return [
        unseal(row["seed_sealed"], {"1": DRAW_KEY}, about=row["draw_id"])
        for row in shop.rows("draws", entry="draw")
    ]


def test_the_hash_is_in_the_answer_to_opening_before_anybody_pays(shop: Shop) -> None:
    lottery(shop)
    opened = shop.member("Lin").tries_to_open("luck")

    (row,) = shop.rows("draws", entry="draw")
    brief = {
        "draw_id": row["draw_id"],
        "scope": "group",
        "status": "announced",
        "winners_wanted": 1,
        "seed_hash": row["seed_hash"],
    }
    assert opened["group"]["draw"] == brief
    assert opened["order"]["status"] == "awaiting_payment"
    assert shop.group(opened["group"]["group_id"])["draw"] == brief
    (seed,) = seeds_of(shop)
    assert hashlib.sha256(seed.encode()).hexdigest() == brief["seed_hash"]


def test_a_joiner_finds_the_hash_in_the_list_and_in_the_answer_to_joining(shop: Shop) -> None:
    lottery(shop)
    lin = shop.member("Lin").opens("luck").pays()
    announced = shop.group(lin.group_id)["draw"]

    listed = shop.send("GET", "/v1/campaigns/luck/groups")["items"]
    joined = shop.member("Ann").tries_to_join(lin.group_id)

    assert [group["draw"] for group in listed] == [announced]
    assert joined["group"]["draw"] == announced


def test_the_hash_of_a_campaigns_draw_is_on_its_page_before_it_begins(shop: Shop) -> None:
    big_lottery(shop, starts_at=shop.at(100))

    (row,) = shop.rows("draws", entry="draw")
    brief = {
        "draw_id": row["draw_id"],
        "scope": "campaign",
        "status": "announced",
        "winners_wanted": 2,
        "seed_hash": row["seed_hash"],
    }
    page = shop.send("GET", "/v1/campaigns/big")
    assert (page["state"], page["draw"]) == ("upcoming", brief)
    (listed,) = shop.send("GET", "/v1/campaigns?state=upcoming")["items"]
    assert listed["draw"] == brief
    shop.advance(100)
    assert shop.member("Lin").tries_to_open("big")["group"]["draw"] == brief


def test_where_nothing_is_drawn_there_is_no_draw(shop: Shop) -> None:
    lin = shop.member("Lin").opens()

    assert shop.group(lin.group_id)["draw"] is None
    assert shop.send("GET", "/v1/campaigns/autumn")["draw"] is None
    assert tries_to_see(shop, lin.group_id).code == "not_found"
    assert tries_to_see(shop, "grp_nowhere").code == "not_found"
    none: dict[str, Any] = {"items": [], "next_cursor": None}
    assert shop.send("GET", "/v1/campaigns/autumn/draws").content == none
    assert shop.send("GET", "/v1/campaigns/nowhere/draws").code == "not_found"
    assert shop.send("GET", "/v1/draws/drw_nowhere/entries").code == "not_found"


def test_before_the_draw_neither_seed_nor_winners_nor_entries_are_known(shop: Shop) -> None:
    lottery(shop)
    lin = shop.member("Lin").opens("luck").pays()
    shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    (row,) = shop.rows("draws", entry="draw")
    draw = seen(shop, lin.group_id, lin.member)
    assert draw == {
        "draw_id": row["draw_id"],
        "scope": "group",
        "campaign_id": "luck",
        "group_id": lin.group_id,
        "status": "announced",
        "winners_wanted": 1,
        "algorithm": "sha256-rank-1",
        "seed_hash": row["seed_hash"],
        "announced_at": NOON,
        "draws_at": None,
        "drawn_at": None,
        "seed": None,
        "winners": [],
        "passed_over_count": 0,
        "entries_count": 0,
        "entries": [],
        "entries_path": f"/v1/draws/{row['draw_id']}/entries",
        "server_time": NOON,
        "my_order_id": lin.order_id,
        "won": None,
    }


def test_the_draw_of_a_group_holds_all_that_is_needed(shop: Shop, tmp_path: Path) -> None:
    lottery(shop)
    placed = full_group(shop, "luck", "Lin", "Ann", "Bo")
    page = shop.group(placed[0].group_id)
    announced = page["draw"]
    assert [page["status"], announced["status"]] == ["complete", "announced"]
    assert page["poll_after_seconds"] == 3
    shop.settles()

    draw = seen(shop, placed[0].group_id)

    payments = {one.order_id: shop.sandbox.trade(one.order_id)["transaction_id"] for one in placed}
    entries = [
        {
            "order_id": order_id,
            "transaction_id": payments[order_id],
            "group_id": placed[0].group_id,
            "passed_over": False,
        }
        for order_id in sorted(payments)
    ]
    known = ("draw_id", "scope", "winners_wanted", "seed_hash")
    assert {name: draw[name] for name in known} == {name: announced[name] for name in known}
    assert [draw["status"], draw["drawn_at"], draw["draws_at"]] == ["drawn", NOON, None]
    assert [draw["seed"]] == seeds_of(shop)
    assert (draw["entries_count"], draw["entries"]) == (3, entries)
    assert draw["winners"] == winners_among(placed)
    assert (draw["my_order_id"], draw["won"]) == (None, None)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    page = shop.group(placed[0].group_id)
    assert (page["draw"]["status"], page["poll_after_seconds"]) == ("drawn", 60)
    shop.assert_books_balance()


def test_each_member_is_told_whether_they_have_won(shop: Shop) -> None:
    lottery(shop)
    placed = full_group(shop, "luck", "Lin", "Ann", "Bo")
    shop.settles()

    draws = {one.order_id: seen(shop, one.group_id, one.member) for one in placed}
    stranger = seen(shop, placed[0].group_id, shop.member("Eve"))

    assert [order_id for order_id, draw in draws.items() if draw["won"]] == winners_among(placed)
    assert {order_id: draw["my_order_id"] for order_id, draw in draws.items()} == {
        order_id: order_id for order_id in draws
    }
    assert sorted(draw["won"] for draw in draws.values()) == [False, False, True]
    assert (stranger["my_order_id"], stranger["won"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("seed", "00" * 32),
        ("seed_hash", "00" * 32),
        ("winners_wanted", 2),
        ("winners", []),
        ("entries", []),
    ],
)
def test_the_program_of_the_page_finds_out_what_does_not_fit(
    tmp_path: Path, name: str, changed: Any
) -> None:
    seed = "5eed" * 16
    draw = {
        "seed": seed,
        "seed_hash": hashlib.sha256(seed.encode()).hexdigest(),
        "winners_wanted": 1,
        "entries": [{"order_id": "ord_a", "transaction_id": "42", "passed_over": False}],
        "winners": ["ord_a"],
    }
    if name == "winners_wanted":
        draw["entries"] = [
            {"order_id": each, "transaction_id": "42", "passed_over": False}
            for each in ("ord_a", "ord_b")
        ]
    else:
        assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL

    assert what_anyone_finds({**draw, name: changed}, tmp_path) != ALL_IS_WELL


def test_a_campaigns_draw_is_worked_out_from_its_pages_too(shop: Shop, tmp_path: Path) -> None:
    big_lottery(shop)
    placed = [
        order
        for number in range(3)
        for order in full_group(shop, "big", f"L{number}", f"J{number}")
    ]
    shop.settles()
    before = of_campaign(shop)
    shop.passes(1001)

    draw = seen(shop, placed[0].group_id, placed[0].member)

    assert (before["status"], before["entries"], before["entries_count"]) == (
        "announced",
        None,
        None,
    )
    assert before["draws_at"] == "2026-11-22T12:16:40Z"
    assert (draw["draw_id"], draw["seed_hash"]) == (before["draw_id"], before["seed_hash"])
    assert (draw["scope"], draw["group_id"], draw["entries_count"]) == ("campaign", None, 6)
    assert draw["my_order_id"] == placed[0].order_id
    assert draw["won"] is (placed[0].order_id in draw["winners"])
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    in_pages = all_entries(shop, draw, limit=4)
    assert in_pages == draw["entries"]
    listed = of_campaign(shop)
    assert {**listed, "entries": in_pages} == {
        name: value for name, value in draw.items() if name not in ("my_order_id", "won")
    }
    assert sorted(draw["winners"]) == winners_among(placed)


def test_entries_of_complete_groups_can_be_noted_before_the_draw(shop: Shop) -> None:
    big_lottery(shop)
    complete = full_group(shop, "big", "Lin", "Ann")
    forming = shop.member("Bo").opens("big").pays()
    shop.settles()

    noted = all_entries(shop, of_campaign(shop))

    assert sorted(entry["order_id"] for entry in noted) == sorted(
        order.order_id for order in complete
    )
    assert seen(shop, forming.group_id)["entries"] is None
    shop.passes(1001)
    assert all_entries(shop, of_campaign(shop)) == noted


def test_the_seed_is_nowhere_to_be_read_before_the_draw(
    shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.handler.setFormatter(LambdaPowertoolsFormatter())
    caplog.set_level("DEBUG")
    lottery(shop)
    big_lottery(shop)
    lin = shop.member("Lin").opens("luck").pays()
    ann = shop.member("Ann").opens("big").pays()
    full_group(shop, "big", "Bo", "Cy")
    shop.settles()
    shop.passes(300)
    said = [
        shop.send("GET", path).content
        for order in (lin, ann)
        for path in (
            f"/v1/groups/{order.group_id}",
            f"/v1/groups/{order.group_id}/draw",
            f"/v1/draws/{seen(shop, order.group_id)['draw_id']}/entries",
        )
    ]
    for campaign_id in ("luck", "big"):
        said += [
            shop.send("GET", f"/v1/campaigns/{campaign_id}{more}").content
            for more in ("", "/groups", "/draws")
        ]
    said += [
        shop.admin("get_group", group_id=lin.group_id),
        shop.admin("get_campaign", campaign_id="big"),
        shop.admin("audit"),
    ]
    written = caplog.text + "".join(capsys.readouterr())

    seeds = seeds_of(shop)

    assert len(set(seeds)) == 2
    readable = json.dumps([said, everything()]) + written
    assert [seed for seed in seeds if seed in readable or seed.upper() in readable] == []
    assert states([lin, ann]) == ["paid", "paid"]


def test_the_seed_is_not_logged_at_the_draw_either(
    shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.handler.setFormatter(LambdaPowertoolsFormatter())
    caplog.set_level("DEBUG", logger="chalicelib")
    caplog.set_level("INFO")
    lottery(shop)
    full_group(shop, "luck", "Lin", "Ann", "Bo")
    shop.settles()

    (seed,) = seeds_of(shop)

    assert shop.rows("draws", entry="draw")[0]["seed"] == seed
    assert seed not in caplog.text + "".join(capsys.readouterr())


def test_a_failed_group_draws_nobody_and_stays_announced(shop: Shop) -> None:
    lottery(shop)
    lin = shop.member("Lin").opens("luck").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    announced = seen(shop, lin.group_id)

    shop.passes(3600)
    shop.passes(7200)

    draw = seen(shop, lin.group_id, lin.member)
    assert [lin.status, ann.status] == ["refunded", "refunded"]
    assert (draw["status"], draw["seed"], draw["winners"]) == ("announced", None, [])
    assert (draw["entries"], draw["won"]) == ([], None)
    assert draw["seed_hash"] == announced["seed_hash"]
    assert shop.units_left() == 100
    shop.assert_books_balance()
