"""The invariants of draws name what breaks them, in the way of test_audit.py.

One story: a drawn group, one whose campaign draws later, one that failed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.draws.model import campaign_draw_id, group_draw_id
from chalicelib.groups import show
from chalicelib.kit.aws import dynamodb
from tests.audit.rounds import found_by_command, found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.shop import Placed, Shop
from tests.tables import PREFIX

TWO_HOURS_AGO = "2026-11-22T12:00:00.000Z"


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest."""

    shop: Shop
    winner: Placed
    loser: Placed
    waiting: Placed
    failed: Placed

    @property
    def drawn_id(self) -> str:
        return group_draw_id(self.winner.group_id)

    @property
    def to_come_id(self) -> str:
        return campaign_draw_id("later")


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.campaign("now", rules={"draw": {"winners": 1}})
    shop.campaign("later", rules={"draw": {"winners": 1, "scope": "campaign"}})
    failed = shop.member("Di").opens("now").pays()
    shop.settles()
    shop.passes(3600)
    shop.passes(60)
    drawn = [shop.member("Lin").opens("now").pays()]
    drawn.append(shop.member("Ann").joins(drawn[0].group_id).pays())
    waiting = shop.member("Bo").opens("later").pays()
    shop.member("Cy").joins(waiting.group_id).pays()
    shop.settles()
    shop.passes(120)
    winner, loser = sorted(drawn, key=lambda order: order.status, reverse=True)
    assert [winner.status, loser.status, waiting.status] == ["to_ship", "refunded", "paid"]
    yield Story(shop, winner, loser, waiting, failed)
    shop.close()


def draw(draw_id: str, **values: str | int | None) -> Change:
    return Change("draws", {"draw_id": draw_id, "entry": "draw"}, values)


def violations(story: Story) -> set[tuple[str, str]]:
    """What the command finds; and a round of slices, just the same."""
    found = found_by_command(story.shop)
    assert found_by_slices(story.shop) == found
    return found


def test_nothing_is_wrong_with_draws_held_and_to_come(story: Story) -> None:
    assert violations(story) == set()
    figures = {one["name"]: one["checked"] for one in story.shop.admin("audit")["invariants"]}
    assert figures["draws_can_be_recomputed"] == 3
    assert figures["only_winners_ship"] == 5


@pytest.mark.parametrize(
    "values",
    [{"seed": "0" * 64}, {"seed_hash": "0" * 64}, {"seed": None}, {"entries_count": 3}],
    ids=["another seed", "another hash", "no seed", "more entries"],
)
def test_a_draw_that_cannot_be_recomputed_is_named(
    story: Story, values: dict[str, str | int | None]
) -> None:
    with broken(draw(story.drawn_id, **values)):
        assert violations(story) == {("draws_can_be_recomputed", story.drawn_id)}


def test_a_seed_that_is_known_before_the_draw_is_named(story: Story) -> None:
    with broken(draw(story.to_come_id, seed="0" * 64)):
        assert violations(story) == {("draws_can_be_recomputed", story.to_come_id)}


def test_a_draw_that_is_gone_is_named_for_its_groups(story: Story) -> None:
    key = {"draw_id": story.to_come_id, "entry": "draw"}
    with broken(Change("draws", dict(key), {}, gone=True)):
        assert ("draws_can_be_recomputed", story.to_come_id) in violations(story)


def test_other_winners_than_were_drawn_are_named_by_draw_and_orders(story: Story) -> None:
    key = {"draw_id": {"S": story.drawn_id}, "entry": {"S": "draw"}}
    table = f"{PREFIX}-draws"
    before = dynamodb().get_item(TableName=table, Key=key)["Item"]
    others = {"L": [{"S": story.loser.order_id}]}
    dynamodb().put_item(TableName=table, Item={**before, "winners": others})
    try:
        found = violations(story)
    finally:
        dynamodb().put_item(TableName=table, Item=before)

    assert found == {
        ("draws_can_be_recomputed", story.drawn_id),
        ("only_winners_ship", story.winner.order_id),
        ("only_winners_ship", story.loser.order_id),
    }


def test_what_ships_before_its_draw_is_named(story: Story) -> None:
    with broken(Change("orders", {"order_id": story.waiting.order_id}, {"order_state": "to_ship"})):
        assert violations(story) == {("only_winners_ship", story.waiting.order_id)}


def test_a_paid_order_whose_draw_will_never_come_is_named(story: Story) -> None:
    with broken(draw(story.to_come_id, due_at=None, due_shard=None)):
        found = violations(story)

    assert ("whatever_waits_is_due", story.to_come_id) in found
    assert ("paid_orders_have_one_place", story.waiting.order_id) in found


def test_a_draw_that_nobody_looks_after_is_named(story: Story) -> None:
    with broken(draw(story.to_come_id, due_at=TWO_HOURS_AGO)):
        assert violations(story) == {("nothing_is_overdue", story.to_come_id)}
