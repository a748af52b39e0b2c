"""What the audit says of crowds: nothing while a crowd and its shards tell one story, and by name
what does not; and that a crowd is one group, however many shards count its heads.

One story for all: a crowd that is complete and dealt with, one that failed, one that forms, and two
whose goods the merchant was asked for. Each test breaks a row by hand and puts it back.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib.groups import show
from chalicelib.groups.decide_production import decide_production
from chalicelib.groups.model import Production
from chalicelib.orders import store as orders
from tests.audit.rounds import found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.shop import Placed, Shop

TIERS = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]
SHARDS = 3
ADD_UP = "crowds_add_up"


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest."""

    shop: Shop
    complete: list[Placed]
    failed: Placed
    forming: Placed
    held: Placed
    asked: list[Placed]
    rejected: list[Placed]


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    two = {"threshold": 2, "shards": SHARDS}
    made = {"crowd": two, "custom_fields": [{"name": "engraving"}]}
    shop.campaign("ladder", rules={"crowd": two, "tiers": TIERS}, duration_seconds=600)
    shop.campaign("few", rules={"crowd": two}, duration_seconds=600)
    shop.campaign("made", rules=made, duration_seconds=600)
    complete = crowd(shop, "ladder", 4)
    (failed,) = crowd(shop, "few", 1)
    rejected = crowd(shop, "made", 2)
    shop.passes(600)
    shop.passes(60)
    decide(shop, rejected[0], Production.REJECTED)
    asked = crowd(shop, "made", 2)
    shop.passes(600)
    shop.passes(60)
    (forming,) = crowd(shop, "few", 1)
    held = shop.member("Late").joins(forming.group_id)
    shop.settles()
    yield Story(shop, complete, failed, forming, held, asked, rejected)
    shop.close()


def crowd(shop: Shop, campaign_id: str, heads: int) -> list[Placed]:
    """So many come and pay."""
    made = {"custom_fields": {"engraving": "小满"}} if campaign_id == "made" else {}
    names = [f"{campaign_id}{shop.clock.now():%H%M}-{number}" for number in range(heads)]
    return [shop.member(name).opens(campaign_id, **made).pays() for name in names]


def decide(shop: Shop, placed: Placed, becomes: Production) -> None:
    by = shop.clock.now() + timedelta(days=5) if becomes is Production.ACCEPTED else None
    decide_production(placed.group_id, becomes, decided_by="li", ships_by=by, clock=shop.clock)
    shop.settles()


# Rows, and how they are broken


def head(placed: Placed, **values: str | int | None) -> Change:
    return Change("groups", {"group_id": placed.group_id, "kind": "group"}, values)


def shard_id(placed: Placed) -> str:
    return str(orders.get(placed.order_id).seat_group_id)


def shard(placed: Placed, *, gone: bool = False, **values: str | int | None) -> Change:
    return Change("groups", {"group_id": shard_id(placed), "kind": "group"}, dict(values), gone)


def seat(placed: Placed, *, gone: bool = False, **values: str | int | None) -> Change:
    kind = f"seat#{placed.member.member_id}"
    return Change("groups", {"group_id": shard_id(placed), "kind": kind}, dict(values), gone)


def order(placed: Placed, **values: str | int | None) -> Change:
    return Change("orders", {"order_id": placed.order_id}, values)


Broken = tuple[list[Change], dict[str, set[str]]]
"""What is broken, and which invariants name which rows."""

WAYS: dict[str, Callable[[Story], Broken]] = {
    "a crowd that counts one more than its shards": lambda story: (
        [head(story.complete[0], paid_count=5)],
        {ADD_UP: {story.complete[0].group_id}},
    ),
    "a shard that was told of another headcount": lambda story: (
        [shard(story.complete[0], headcount=3)],
        {ADD_UP: {story.complete[0].group_id}},
    ),
    "a crowd that counts before it is decided": lambda story: (
        [head(story.forming, paid_count=1)],
        {ADD_UP: {story.forming.group_id}},
    ),
    "a shard that was decided before its crowd": lambda story: (
        [shard(story.forming, headcount=1)],
        {ADD_UP: {story.forming.group_id}},
    ),
    "a shard that has failed in a crowd that is complete": lambda story: (
        [head(story.failed, group_state="complete")],
        {ADD_UP: {story.failed.group_id}},
    ),
    "a shard that belongs to no crowd": lambda story: (
        [shard(story.complete[0], crowd_id="grp_gone")],
        {ADD_UP: {shard_id(story.complete[0])}},
    ),
    "a shard that is gone": lambda story: (
        [shard(story.forming, gone=True)],
        {
            ADD_UP: {story.forming.group_id},
            "paid_orders_have_one_place": {story.forming.order_id},
        },
    ),
    "a shard that lost its merchant's word": lambda story: (
        [shard(story.rejected[0], production=None)],
        {ADD_UP: {story.rejected[0].group_id}},
    ),
    "a shard whose counts do not add up": lambda story: (
        [shard(story.forming, seats_free=1)],
        {"seats_add_up": {shard_id(story.forming)}},
    ),
    "a seat that nobody counts": lambda story: (
        [seat(story.complete[0], seat_state="held")],
        {"counts_match_seats": {shard_id(story.complete[0])}},
    ),
    "a seat of another's order": lambda story: (
        [seat(story.complete[0], order_id=story.complete[1].order_id)],
        {
            "seats_belong_to_orders": {shard_id(story.complete[0]), story.complete[0].order_id},
        },
    ),
    "an order counted by another shard than it names": lambda story: (
        [order(story.complete[0], crowd_shard=63)],
        {"seats_belong_to_orders": {shard_id(story.complete[0]), story.complete[0].order_id}},
    ),
    "a closed shard that holds a seat": lambda story: (
        [shard(story.held, group_state="closed")],
        {"ended_groups_hold_no_seat": {shard_id(story.held)}},
    ),
    "a failed crowd's order that was not refunded": lambda story: (
        [shard(story.failed, group_state="failed"), order(story.failed, order_state="paid")],
        {
            "failed_groups_refund_every_seat": {shard_id(story.failed)},
            "paid_orders_have_one_place": {story.failed.order_id},
        },
    ),
    "a rejected crowd's order that was not refunded": lambda story: (
        [order(story.rejected[0], order_state="paid")],
        {
            "failed_groups_refund_every_seat": {shard_id(story.rejected[0])},
            "paid_orders_have_one_place": {story.rejected[0].order_id},
        },
    ),
    "a complete crowd's order that was never dealt with": lambda story: (
        [order(story.complete[0], order_state="paid")],
        {"paid_orders_have_one_place": {story.complete[0].order_id}},
    ),
    "an order that ships before the merchant's word": lambda story: (
        [order(story.asked[0], order_state="to_ship")],
        {"only_complete_groups_ship": {story.asked[0].order_id}},
    ),
    "an order that ships though nobody asked the merchant": lambda story: (
        [
            order(story.asked[0], order_state="to_ship"),
            head(story.asked[0], production=None),
        ],
        {"only_complete_groups_ship": {story.asked[0].order_id}},
    ),
    "a crowd that no sweep will settle": lambda story: (
        [head(story.forming, due_at=None, due_shard=None)],
        {"whatever_waits_is_due": {story.forming.group_id}},
    ),
    "a merchant whom no sweep will remember": lambda story: (
        [head(story.asked[0], due_at=None, due_shard=None)],
        {
            "whatever_waits_is_due": {story.asked[0].group_id},
            "paid_orders_have_one_place": {placed.order_id for placed in story.asked},
        },
    ),
    "a crowd that was not looked after": lambda story: (
        [head(story.forming, due_at="2026-11-22T09:00:00.000Z")],
        {"nothing_is_overdue": {story.forming.group_id}},
    ),
}


# The tests


def test_nothing_is_wrong_while_a_crowd_and_its_shards_tell_one_story(story: Story) -> None:
    answer = story.shop.admin("audit")

    assert (answer["violations"], answer["complete"]) == ([], True)
    checked = {one["name"]: one["checked"] for one in answer["invariants"]}
    assert checked[ADD_UP] == 5 * (1 + SHARDS)
    assert [placed.status for placed in story.complete] == ["to_ship"] * 4
    assert [placed.status for placed in story.asked] == ["paid"] * 2
    assert [placed.status for placed in [story.failed, *story.rejected]] == ["refunded"] * 3
    story.shop.assert_books_balance()


def test_a_crowd_is_one_group_in_the_totals(story: Story) -> None:
    totals = story.shop.admin("audit")["totals"]

    assert totals["groups"] == 5
    assert totals["groups_by_status"] == {"complete": 3, "failed": 1, "forming": 1}
    assert totals["due"]["groups"] == {"waiting": 2, "due": 0, "oldest_seconds": None}


@pytest.mark.parametrize("name", WAYS)
def test_what_is_wrong_is_named_and_nothing_else(story: Story, name: str) -> None:
    changes, expected = WAYS[name](story)
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(broken(change))
        violations = story.shop.admin("audit")["violations"]
        by_slices = found_by_slices(story.shop)

    named: dict[str, set[str]] = {}
    for one in violations:
        named.setdefault(one["invariant"], set()).add(one["id"])
    assert named == expected
    assert by_slices == {(each, id) for each, ids in expected.items() for id in ids}


# Operators' commands


def test_operators_see_a_crowd_with_its_shards_and_no_shard_alone(story: Story) -> None:
    listed = story.shop.admin("list_groups", limit=100)["items"]

    assert len(listed) == 5
    assert all("#" not in one["group_id"] for one in listed)
    (forming,) = story.shop.admin("list_groups", status="forming")["items"]
    assert [forming[name] for name in ("paid_count", "held_count", "seats_left")] == [1, 1, None]
    found = story.shop.admin("get_group", group_id=story.forming.group_id)
    assert (found["paid_count"], found["held_count"], found["seats"]) == (1, 1, [])
    assert [one["shard"] for one in found["shards"]] == [
        f"{story.forming.group_id}#{number}" for number in range(SHARDS)
    ]
    assert sum(one["paid_count"] for one in found["shards"]) == 1
    assert {one["status"] for one in found["shards"]} == {"forming"}
    refused = story.shop.tries_admin("get_group", group_id=shard_id(story.forming))
    assert refused["error"]["code"] == "invalid_request"


def test_a_dry_run_says_what_cancelling_a_crowd_would_do(story: Story) -> None:
    before = story.shop.everything()

    answer = story.shop.admin("cancel_group", group_id=story.forming.group_id, dry_run=True)

    assert [answer[name] for name in ("outcome", "refunded_count", "cancelled_count")] == [
        "failed",
        1,
        1,
    ]
    assert story.shop.everything() == before
