"""The keys that seal seeds: without one nothing is announced, with a lost one nothing is drawn and
nothing lost, and a rotated one opens what it sealed.
"""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.broken import Change, broken
from tests.draws.words import (
    ALL_IS_WELL,
    big_lottery,
    full_group,
    keys_become,
    lottery,
    of_campaign,
    seen,
    states,
    what_anyone_finds,
)
from tests.http.problems import wrong_in
from tests.in_process import everything
from tests.shop import DRAW_KEY, Shop

NEW_KEY = b64encode(b"another key, to follow the first").decode()


@pytest.mark.parametrize("keys", [None, {}])
@pytest.mark.parametrize("scope", ["group", "campaign"])
def test_without_keys_no_campaign_with_a_draw_can_be_put(
    shop: Shop, keys: dict[str, str] | None, scope: str
) -> None:
    keys_become(shop, keys)
    before = everything()

    refused = shop.tries_admin(
        "put_campaign",
        campaign_id="luck",
        title="抽奖",
        size=3,
        duration_seconds=3600,
        starts_at=shop.at(-60),
        ends_at=shop.at(3600),
        skus=[{"sku_id": "apples-5", "group_price_fen": 1500}],
        rules={"draw": {"winners": 1, "scope": scope}},
    )

    assert refused["error"]["code"] == "try_again"
    assert "draw_keys" in refused["error"]["detail"]
    assert everything() == before
    assert shop.campaign("plain", title="没有抽奖") == "plain"


def test_without_keys_no_group_with_a_draw_opens_and_one_without_does(shop: Shop) -> None:
    lottery(shop)
    lin = shop.member("Lin")
    keys_become(shop, None)
    before = everything()

    refused = lin.tries_to_open("luck")

    assert wrong_in(refused, 503, "try_again") == []
    assert "draw_keys" in refused["detail"]
    assert everything() == before
    assert lin.tries_to_open("autumn").status == 201
    keys_become(shop, {"1": DRAW_KEY})
    assert lin.tries_to_open("luck").status == 201


def test_without_keys_groups_of_a_campaigns_draw_still_open(shop: Shop) -> None:
    big_lottery(shop)
    keys_become(shop, None)

    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()

    assert states(placed) == ["paid", "paid"]
    assert of_campaign(shop)["status"] == "announced"
    keys_become(shop, {"1": DRAW_KEY})
    shop.passes(1001)
    assert states(placed) == ["to_ship", "to_ship"]
    shop.assert_books_balance()


def test_a_new_key_put_first_seals_and_the_old_one_still_opens(shop: Shop, tmp_path: Path) -> None:
    lottery(shop)
    before = shop.member("Lin").opens("luck").pays()
    keys_become(shop, {"2": NEW_KEY, "1": DRAW_KEY})
    after = shop.member("Ann").opens("luck").pays()
    sealed = {row["group_id"]: row["seed_sealed"] for row in shop.rows("draws", entry="draw")}
    assert sealed[before.group_id].startswith("1:")
    assert sealed[after.group_id].startswith("2:")

    for member in (shop.member("Bo"), shop.member("Cy")):
        for order in (before, after):
            member.joins(order.group_id).pays()
    shop.settles()

    for order in (before, after):
        assert what_anyone_finds(seen(shop, order.group_id), tmp_path) == ALL_IS_WELL
    shop.assert_books_balance()


def poisoned(shop: Shop) -> set[Any]:
    """What a person is told cannot be opened."""
    rows = shop.rows("findings", kind="poison_item")
    return {row["about"] for row in rows if row["facts"]["error"] == "CannotOpen"}


@pytest.mark.parametrize("keys", [{"2": NEW_KEY}, {"1": NEW_KEY}, None])
def test_with_its_key_gone_a_draw_waits_and_a_person_is_told(
    shop: Shop, tmp_path: Path, keys: dict[str, str] | None
) -> None:
    big_lottery(shop)
    lottery(shop)
    big = full_group(shop, "big", "Lin", "Ann")
    small = [shop.member("Bo").opens("luck").pays()]
    keys_become(shop, keys)
    small += [shop.member(name).joins(small[0].group_id).pays() for name in ("Cy", "Di")]
    shop.settles()
    shop.passes(1001)

    draw_id = of_campaign(shop)["draw_id"]
    assert {draw_id, small[0].group_id} <= poisoned(shop)
    assert states([*big, *small]) == ["paid"] * 5
    assert of_campaign(shop)["status"] == seen(shop, small[0].group_id)["status"] == "announced"
    assert shop.sandbox.totals()["refunds"] == 0
    keys_become(shop, {"1": DRAW_KEY})
    shop.passes(3601)
    shop.passes(61)

    assert states(big) == ["to_ship", "to_ship"]
    assert states(small) == ["refunded", "refunded", "to_ship"]
    for order in (big[0], small[0]):
        assert what_anyone_finds(seen(shop, order.group_id), tmp_path) == ALL_IS_WELL
    shop.assert_books_balance()


def test_a_seed_moved_to_another_draw_opens_nothing(shop: Shop) -> None:
    lottery(shop)
    first = full_group(shop, "luck", "Lin", "Ann", "Bo")
    other = shop.member("Cy").opens("luck").pays()
    sealed = {row["group_id"]: row["seed_sealed"] for row in shop.rows("draws", entry="draw")}
    draw_id = seen(shop, first[0].group_id)["draw_id"]
    key: dict[str, str | int] = {"draw_id": draw_id, "entry": "draw"}
    moved = Change("draws", key, {"seed_sealed": sealed[other.group_id]})

    with broken(moved):
        shop.settles()
        shop.passes(61)
        assert first[0].group_id in poisoned(shop)
        assert states(first) == ["paid"] * 3

    shop.passes(3601)
    assert states(first) == ["refunded", "refunded", "to_ship"]
    shop.assert_books_balance()
