"""Crowds as they are kept: who is counted where, what a closed shard still lets happen, what
decides a crowd, and what an interrupted end leaves for the next run.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.groups import crowds, ending
from chalicelib.groups import store as groups
from chalicelib.groups.cancel import cancel
from chalicelib.groups.errors import GroupOver
from chalicelib.groups.model import (
    Group,
    GroupState,
    Seat,
    SeatState,
    Settlement,
    crowd_shard_of,
    new_crowd,
    settlement,
    shards_of,
)
from chalicelib.groups.settle_crowd import settle_crowd
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.orders import store as orders
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import CrowdRule, Rules, WhenShort
from tests.broken import Change, broken
from tests.crowds import DURATION_SECONDS, end, paid, shard_of, shards, statuses, super_campaign
from tests.fakes import NOON
from tests.goods import campaign
from tests.shop import Placed, Shop


def crowd(*, threshold: int = 3, shards: int = 4, **rules: Any) -> Group:
    given = Rules.model_validate({"crowd": CrowdRule(threshold=threshold, shards=shards), **rules})
    rule = crowd_of(given)
    assert rule is not None
    entry = campaign(rules=given, duration_seconds=600)
    return new_crowd(entry, rule, "mem_1", station_id=None, now=NOON)


# As values


def test_a_new_crowd_forms_at_once_and_counts_nobody() -> None:
    new = crowd()

    assert (new.group_state, new.held_count, new.paid_count) == (GroupState.FORMING, 0, 0)
    assert new.expires_at == NOON + timedelta(seconds=600)
    assert new.shard_ids == tuple(f"{new.group_id}#{number}" for number in range(4))
    assert [each.crowd_id for each in shards_of(new)] == [new.group_id] * 4
    assert not any(each.is_crowd for each in shards_of(new))


def test_all_that_a_member_orders_is_counted_by_one_shard() -> None:
    new = crowd(shards=16)
    found = {crowd_shard_of(new, "mem_1", f"ord_{number}") for number in range(50)}
    by_order = replace(new, seats_by_order=True)

    assert len(found) == 1
    assert len({crowd_shard_of(by_order, "mem_1", f"ord_{number}") for number in range(50)}) > 10
    assert {crowd_shard_of(new, f"mem_{number}", "") for number in range(500)} == set(range(16))


@pytest.mark.parametrize(
    ("rules", "heads", "expected"),
    [
        ({}, 3, Settlement.COMPLETE),
        ({}, 2, Settlement.FAIL),
        ({"when_short": "honour", "minimum_payers": 2}, 2, Settlement.COMPLETE),
        ({"when_short": "honour", "minimum_payers": 2}, 1, Settlement.FAIL),
        ({"when_short": "honour"}, 0, Settlement.FAIL),
    ],
)
def test_so_many_heads_are_enough(rules: dict[str, Any], heads: int, expected: Settlement) -> None:
    assert settlement(replace(crowd(**rules), paid_count=heads)) is expected


def test_a_crowd_that_was_called_off_says_still_how_many_were_enough() -> None:
    assert replace(crowd(), when_short=WhenShort.REFUND).enough_count == 3


# Closed shards


@pytest.fixture
def two(shop: Shop) -> list[Placed]:
    """Two in a crowd of one shard, which is closed."""
    super_campaign(shop, shards=1)
    placed = paid(shop, 2)
    ending.close_shard(shard(placed[0]).group_id)
    return placed


def shard(placed: Placed) -> Group:
    return groups.get(str(orders.get(placed.order_id).seat_group_id))


def claims(placed: Placed) -> None:
    now = placed.member.shop.clock.now()
    seat = Seat(
        group_id=shard(placed).group_id,
        member_id="mem_new",
        order_id="ord_new",
        seat_state=SeatState.HELD,
        is_leader=False,
        joined_at=now,
        pay_deadline=now,
        units=1,
    )
    writes = WriteSet()
    groups.claim_seat(writes, shard(placed), seat, now=now)
    writes.commit()


def takes_a_payment(placed: Placed) -> None:
    writes = WriteSet()
    groups.take_payment(writes, shard(placed))
    writes.commit()


def leaves(placed: Placed) -> None:
    writes = WriteSet()
    now = placed.member.shop.clock.now()
    member_id = placed.member.member_id
    groups.free_paid_seat(writes, shard(placed), member_id, placed.order_id, now=now)
    writes.commit()


def frees_a_held_seat(placed: Placed) -> None:
    writes = WriteSet()
    shard_id = shard(placed).group_id
    groups.free_held_seat(writes, shard_id, placed.member.member_id, placed.order_id)
    writes.commit()


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        (claims, GroupOver),
        (takes_a_payment, Changed),
        (leaves, Changed),
        (frees_a_held_seat, Changed),
    ],
)
def test_a_closed_shard_counts_as_it_did(
    shop: Shop,
    two: list[Placed],
    attempt: Callable[[Placed], None],
    refusal: type[Exception],
) -> None:
    before = shop.everything()

    with pytest.raises(refusal):
        attempt(two[0])

    assert shop.everything() == before


def test_a_shard_is_not_closed_while_a_seat_of_it_is_held(shop: Shop) -> None:
    super_campaign(shop, shards=1)
    placed = shop.member("Ann").opens("super")

    with pytest.raises(Changed):
        ending.close_shard(shard(placed).group_id)

    assert shard(placed).group_state is GroupState.FORMING


def decides(crowd: Group, its_shards: list[Group]) -> None:
    now = NOON
    ending.decide_crowd(crowd, its_shards, GroupState.COMPLETE, now=now, due_at=now)


def test_a_crowd_is_decided_only_with_every_shard_closed_and_on_the_terms_read(
    shop: Shop,
) -> None:
    super_campaign(shop, shards=2)
    placed = paid(shop, 2)
    head = groups.get(placed[0].group_id)
    ending.close_shard(head.shard_ids[0])
    with pytest.raises(Changed):
        decides(head, crowds.read_shards(head))
    ending.close_shard(head.shard_ids[1])
    before = shop.everything()

    for other in (replace(head, minimum_payers=1), replace(head, when_short=WhenShort.REFUND)):
        with pytest.raises(Changed):
            decides(other, crowds.read_shards(head))

    assert shop.everything() == before
    decides(head, crowds.read_shards(head))
    assert [row["headcount"] for row in shards(shop, head.group_id)] == [2, 2]
    with pytest.raises(Changed):
        decides(head, crowds.read_shards(head))


def test_a_page_is_noted_once_and_who_was_stuck_is_met_again(shop: Shop, two: list[Placed]) -> None:
    before = shard(two[0])
    ending.note_dealt(before, "seat#m", 25, stuck=True)

    with pytest.raises(Changed):
        ending.note_dealt(before, "seat#n", 25, stuck=False)

    noted = shard(two[0])
    assert (noted.dealt_through, noted.dealt_units, noted.dealt_stuck) == ("seat#m", 25, True)
    ending.deal_again(noted)
    again = shard(two[0])
    assert (again.dealt_through, again.dealt_units, again.dealt_stuck) == (None, 0, False)


# Interrupted


def test_an_end_interrupted_before_the_decision_is_made_up_for(shop: Shop) -> None:
    super_campaign(shop, threshold=2)
    placed = paid(shop, 2)
    shop.advance(DURATION_SECONDS)
    wechat_pay = shop.wiring.wechat_pay

    with shop.database_fails("TransactWriteItems"), pytest.raises(EndpointConnectionError):
        settle_crowd(placed[0].group_id, clock=shop.clock, wechat_pay=wechat_pay)

    found = shards(shop, placed[0].group_id)
    assert {row["group_state"] for row in found} == {"closed"}
    assert groups.get(placed[0].group_id).group_state is GroupState.FORMING
    shop.assert_audit_is_clean()
    shop.passes(61)
    shop.passes(61)
    assert statuses(placed) == ["to_ship"] * 2
    shop.assert_books_balance()


def test_calling_off_interrupted_in_the_middle_is_finished_by_the_sweep(shop: Shop) -> None:
    super_campaign(shop, threshold=1)
    placed = paid(shop, 2)
    shop.advance(60)
    wechat_pay = shop.wiring.wechat_pay

    with shop.database_fails("UpdateItem"), pytest.raises(EndpointConnectionError):
        cancel(placed[0].group_id, clock=shop.clock, wechat_pay=wechat_pay)

    assert {row["group_state"] for row in shards(shop, placed[0].group_id)} == {"forming"}
    refused = shop.member("Bo").tries_to_join(placed[0].group_id)
    assert (refused.status, refused.code) == (409, "group_over")
    following = shop.member("Bo").opens("super").pays()
    assert following.group_id != placed[0].group_id
    shop.passes(1)
    assert statuses(placed) == ["refunded"] * 2
    end(shop)
    assert following.status == "to_ship"
    shop.assert_books_balance()


def test_a_crowd_without_one_of_its_shards_is_not_decided(shop: Shop) -> None:
    super_campaign(shop, threshold=1, shards=2)
    (placed,) = paid(shop, 1)
    (other,) = {row["group_id"] for row in shards(shop, placed.group_id)} - {
        shard_of(placed)["group_id"]
    }
    shop.advance(DURATION_SECONDS)
    gone = Change("groups", {"group_id": other, "kind": "group"}, {}, gone=True)

    with broken(gone), pytest.raises(LookupError):
        settle_crowd(placed.group_id, clock=shop.clock, wechat_pay=shop.wiring.wechat_pay)

    assert groups.get(placed.group_id).group_state is GroupState.FORMING


def test_every_held_seat_of_a_shard_is_found_however_far_back_it_lies(shop: Shop) -> None:
    super_campaign(shop, shards=1)
    held = [shop.member(name).opens("super") for name in ("Ann", "Bo", "Cy")]
    held[1].pays()
    shard_id = shard(held[0]).group_id

    found = crowds.held_seats(shard_id, most=10)

    assert {seat.order_id for seat in found} == {held[0].order_id, held[2].order_id}
    assert len(crowds.held_seats(shard_id, most=1)) == 1
