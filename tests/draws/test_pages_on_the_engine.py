"""Pages of entries and draws on DynamoDB's own engine, which is stricter about where a page starts
than moto is.
"""

from typing import Any

import pytest

from chalicelib.draws import store as draws
from chalicelib.draws.hold import hold
from chalicelib.draws.model import Draw, Entry, campaign_draw_id, group_draw_id
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.model import DrawScope
from tests.draws.words import all_entries, leave_orders, of_campaign
from tests.shop import Shop

BIG = campaign_draw_id("big")

pytestmark = pytest.mark.engine


def drawn(shop: Shop, number: int) -> str:
    """A group of the campaign whose own draw is held; its id."""
    group_id = f"grp_{number}"
    seed_hash, seed_sealed = shop.wiring.seeds.announce(group_draw_id(group_id))
    writes = WriteSet()
    draws.announce(
        writes,
        Draw(
            draw_id=group_draw_id(group_id),
            campaign_id="big",
            scope=DrawScope.GROUP,
            winners_wanted=1,
            seed_hash=seed_hash,
            seed_sealed=seed_sealed,
            announced_at=shop.clock.now(),
            group_id=group_id,
        ),
    )
    writes.commit()
    enters(group_draw_id(group_id), group_id, 2)
    leave_orders(shop, (f"ord_{group_id}_{each}" for each in range(2)))
    shop.advance(1)
    hold(group_draw_id(group_id), clock=shop.clock, seeds=shop.wiring.seeds)
    return group_id


def enters(draw_id: str, group_id: str, count: int) -> None:
    writes = WriteSet()
    given = [Entry(f"ord_{group_id}_{number}", f"42{number}") for number in range(count)]
    draws.enter(writes, draw_id, group_id, given)
    writes.commit()


def walk(shop: Shop, path: str, limit: int) -> list[Any]:
    page = shop.send("GET", f"{path}?limit={limit}")
    found = list(page["items"])
    while page["next_cursor"] is not None:
        page = shop.send("GET", f"{path}?limit={limit}&cursor={page['next_cursor']}")
        assert len(page["items"]) <= limit
        found += page["items"]
    return found


def test_draws_and_entries_come_in_pages_each_once(engine_shop: Shop) -> None:
    shop = engine_shop
    shop.campaign("big", rules={"draw": {"winners": 2, "scope": "campaign"}})
    held = [drawn(shop, number) for number in range(4)]
    for number in range(7):
        writes = WriteSet()
        draws.register(writes, BIG, f"grp_{number}x")
        writes.commit()
    for group_id, count in (("grp_1y", 3), ("grp_4y", 2), ("grp_9y", 1)):
        enters(BIG, group_id, count)
        leave_orders(shop, (f"ord_{group_id}_{each}" for each in range(count)))

    for limit in (1, 2, 5, 100):
        listed = walk(shop, "/v1/campaigns/big/draws", limit)
        assert [draw["group_id"] for draw in listed] == [None, *reversed(held)]
        entries = all_entries(shop, of_campaign(shop), limit=limit)
        assert [entry["group_id"] for entry in entries] == [
            *["grp_1y"] * 3,
            *["grp_4y"] * 2,
            "grp_9y",
        ]
    outside = draws.participations(BIG, has_entered=False)
    assert sorted(one.group_id for one in outside) == [f"grp_{number}x" for number in range(7)]
    shop.admin("end_campaign", campaign_id="big")
    entered = hold(BIG, clock=shop.clock, seeds=shop.wiring.seeds)
    assert (entered.entries_count, len(entered.winners), entered.passed_over_count) == (6, 0, 6)
